"""What a first form must not ask: found by words, so that nobody publishes it unawares.

The law and the division forbid these on a first form; credentialing collects what it needs later.  Words can be
wrong in both directions, which is why an admin may publish with a reason that is kept.
"""

import re
import unicodedata

from portal.core.text import folded

_PARTS = {
    "PAY": r"(salar(y|ies)|pay|wages?|compensation|earnings|income)",
    "ILL": r"(disabilit\w*|diagnos(is|es)|illness(es)?|disease|medications?|handicaps?|impairments?)",
    "CONDITION": r"(conditions?|histor(y|ies)|records?|problems?|issues?|limitations?)",
}
# One expression a line; capitals stand for the parts above.
_TOPICS = {
    "criminal history": r"""
        criminal
        convicted
        convictions?
        felon\w*
        misdemeanou?rs?
        arrest(ed|s)?
        background check
        charged with
        (pending|criminal) charges
        incarcerat\w+
        probation or parole
        on (probation|parole)
        been (in|to) (jail|prison)
        cori( check)?
        ple(a)?d(ed)? (guilty|no contest)
        sex offender
        police record
    """,
    "salary history": r"""
        PAY (history|requirements?|expectations?)
        (current|present|previous|prior|last|past|recent|final|last year'?s)( annual| base| total| gross| hourly)* PAY
        (what|which) (is|was|were) your( annual| base| total| gross| hourly)* PAY
        your( annual| base| total| gross| hourly)* PAY( \w+){0,2} (job|position|employer)
        PAY (at|in|from) your (current|present|previous|last|most recent)
        PAY in (your|the) last (job|position)
        your hourly (wage|rate)
        how much (do|did|are|were) you( currently)? (earn|make|paid)
        (were|are) you (currently )?paid
        what do you( currently)? (earn|make)
        w 2
        pay ?(stub|slip)s?
    """,
    "age": r"""
        how old are you
        (your|current|applicant('?s)?) age
        age in years
        age at (application|entry)
        your age (group|range)
        are you (over|under|above|below|older than|younger than|at least) \d+
        ^age( (range|group|bracket|years))?\W*$
    """,
    "birth date": r"""
        (date|day|year|month|month and year) of birth
        birth ?(date|day|year)
        you (were )?born
        d\.? ?o\.? ?b\.?
    """,
    "social security number": r"""
        social security (number|no|card|#)
        your social security
        ^social security\W*$
        s\.? ?s\.? ?n\.?
        ssns
        itin
        tax(payer)? (id\w*|number)
    """,
    "marital status": r"""
        marital
        (are|were) you( \w+,?)* married
        ^married
        married or
        or married
        (your )?spouse('?s)?
        maiden name
        divorced
        widowed
        family status
        your (husband|wife|fianc\w+)
        husband or wife
        your (domestic )?partner'?s
        pregnan\w*
        (have|your|any|want) (any )?(children|dependents|kids)
        number of (children|dependents|kids)
        (plan|planning|intend) to (have|start) (a family|children)
    """,
    "citizenship": r"""
        citizen\w*
        nationality
        (country|place|city|town) of (origin|birth)
        immigration status
        green card
        permanent residen(t|ce|cy)
        birth ?place
        naturali[sz](ed|ation)
        passport (number|country)
        where were you born
        (what|which)( kind of| type of)? visa
        your visa
        visa (type|status)
        national origin
    """,
    "health": r"""
        (your|any) (own )?((physical|mental|emotional) )?health
        how is your health
        your (genetic|family medical)\b
        health (condition|histor|problem|status|record|issue)\w*
        (medical|psychiatric|chronic|mental|physical) CONDITION
        (your|any|have an?|living with an?) ((physical|mental|chronic|serious|current|medical|psychiatric) )*ILL
        do you have( an?)?( \w+)? ILL
        ^ILL\W*$
        disability status
        for (a|your) disability
        are you disabled
        ^(physical|mental|emotional)? ?health\W*$
        medications? (do )?you (take|are)
        genetic (information|test)\w*
        hiv status
        do you (smoke|drink|use drugs)
        (have|were) you (ever )?been (diagnosed|treated|hospitali[sz]ed)
        are you (fully )?(vaccinated|immuni[sz]ed)
        (your )?(vaccination|immuni[sz]ation) (status|record)s?
        your substance
        substance (use|abuse)
        sick (days|leave)
        workers'? compensation
    """,
}
# What these forms do ask and may ask: places, patients and projects, not the person's own affairs.
_HARMLESS = r"""
    (your |any )?(community|public|population|global|primary) health( cent(er|re)s?| care| record)?
    (your |any )?(behavioral|rural|digital|oral) health( cent(er|re)s?| care| record)?
    (your |any )?(children's|women's|planetary|school|immigrant|refugee) health( cent(er|re)s?| care| record)?
    (your |any )?(electronic )?health ?(care|cent(er|re)|equity|system|record system|professions?|sciences?|policy)s?
    (your |any )?(electronic )?health ?(services?|literacy|disparit\w+|coach\w*|insurance|plan)s?
    electronic (health|medical) records?
    (mental|physical) health (care|service|training|clinic|program|integration)\w*
    cardiac arrest
    citizen science
    criminal justice
    criminal legal
    convictions? that
    substance (use|abuse) disorders?
    substance (use|abuse) (treatment|care|program|clinic|service|training)\w*
    pregnan\w+ (patients|people|women|care)
    (patients|people) with \w*( \w+){0,3} (disabilit|condition|illness|disease)\w*
    (chronic|medical|mental|physical) (illness|disease|condition)s? (care|management|program|clinic)\w*
    (patients?'?|their) (medical|health|chronic) \w+
    any (medical|chronic) (students?|residents?|trainees?|school|director)
    any (medical|chronic) (licen[sc]e|degree|education|training|specialty)
    your (medical|chronic) (school|director|licen[sc]e|degree|education|training|home|practice|care|staff|students?)
    pay ?(it )?forward
    salary (support|and fringe)
    (requested|proposed) (salary|pay)
"""


def _pattern(lines: str) -> re.Pattern[str]:
    """Any of the expressions, as whole words."""
    words = "|".join(line.strip() for line in lines.strip().splitlines())
    for name, part in _PARTS.items():
        words = words.replace(name, part)
    return re.compile(rf"(?<![a-z])(?:{words})(?![a-z])", re.MULTILINE)


_FORBIDDEN = {topic: _pattern(lines) for topic, lines in _TOPICS.items()}
_ALLOWED = _pattern(_HARMLESS)
_JOINERS = re.compile(r"[-‐‑‒–—_/()\[\]:;•·]+")


def sensitive_topics(*texts: str) -> list[str]:
    """The topics that the words of a question touch, in the order above; empty where there is none.

    In: label, help and other words people read, each by itself: a text that is nothing but "Age" asks for it.
    Accents, capitals, hyphens, curly quotes and characters without a width hide nothing.
    """
    words = _ALLOWED.sub(" … ", "\n".join(_plain(text) for text in texts))
    return [topic for topic, pattern in _FORBIDDEN.items() if pattern.search(words)]


def _plain(text: str) -> str:
    """A text for matching: folded, straight quotes, single spaces."""
    seen = "".join(char for char in folded(text) if unicodedata.category(char) != "Cf")
    return " ".join(_JOINERS.sub(" ", seen.replace("’", "'")).split())
