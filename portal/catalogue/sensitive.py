"""What a first form must not ask: found by words, so that nobody publishes it unawares.

The law and the division forbid these on a first form; credentialing collects what it needs later.  Words can be
wrong in both directions, which is why an admin may publish with a reason that is kept.
"""

import re

from portal.core.text import folded

_TOPICS = {
    "criminal history": r"criminal|convicted|convictions?|felon\w*|misdemeanou?rs?|arrest(ed|s)?|background check",
    "salary history": r"(salary|pay|wages?|compensation|earnings) history|(current|present|previous|prior|last|past)"
    r"( annual| base)* (salary|pay|wages?|compensation|earnings)|how much (do|did) you (earn|make)",
    "age": r"how old are you|your age|age in years|\Aage\W*(\n|\Z)",
    "birth date": r"(date|day|year|month) of birth|birth ?(date|day|year)|you (were )?born|d\.?o\.?b\.?",
    "social security number": r"social security|ssn|tax(payer)? id\w*",
    "marital status": r"marital|married|(your )?spouse|maiden name|divorced|pregnan\w*"
    r"|(have|your) (any )?(children|dependents)|number of (children|dependents)",
    "citizenship": r"citizen\w*|nationality|country of origin|immigration status|green card|permanent residen(t|ce|cy)"
    r"|place of birth|birth ?place",
    "health": r"(your|any) (own )?(physical |mental )?health|(your|any) (medical|psychiatric|chronic) \w+"
    r"|(your|any|an?) disabilit\w*|disability status|are you disabled|medications? (do )?you (take|are)"
    r"|(have|were) you (ever )?been (diagnosed|treated|hospitali[sz]ed)|substance (use|abuse)",
}
_PATTERNS = {topic: re.compile(rf"(?<![a-z])(?:{words})(?![a-z])") for topic, words in _TOPICS.items()}
# What these forms do ask and may ask: places, patients and projects, not the person's own affairs.
_HARMLESS = re.compile(
    r"(community|public|population|global|women's) health( cent(er|re)s?)?|health (cent(er|re)|equity|system)s?"
    r"|cardiac arrest|citizen science|pregnan\w+ (patients|people|women|care)|patients with \w*( \w+){0,3} disabilit\w*"
    r"|your (medical|chronic) (school|director|license|licence|degree|education|training|home|practice|care)"
    r"|any medical (school|director|license|licence|degree|education|training|specialty)"
)


def sensitive_topics(*texts: str) -> list[str]:
    """The topics that the words of a question touch, in the order above; empty where there is none.

    In: the label first, then help and choices.
    """
    words = _HARMLESS.sub(" ", "\n".join(folded(text) for text in texts))
    return [topic for topic, pattern in _PATTERNS.items() if pattern.search(words)]
