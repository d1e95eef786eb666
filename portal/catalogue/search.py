"""Full-text search of the public catalogue: words, "phrases", -exclusions, synonyms, and a guess at misspelt words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from itertools import islice
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, case, func, literal_column, select, text
from sqlalchemy.sql.elements import ColumnElement

from portal.catalogue.models import Opportunity
from portal.catalogue.snapshot import Catalogue
from portal.catalogue.status import Publication
from portal.core.db import db
from portal.core.text import clean, folded

MOST_CHARACTERS = 200
MOST_WORDS = 16
MOST_HITS = 1000
LEAST_SIMILARITY = 0.35
LEAST_RATIO, LEAST_SWAPPED = 0.8, 5  # of difflib, for words of so many letters

_PART = re.compile(r'-?"[^"]*"|\S+')
_JOINED = re.compile(r"(?<=\w)[-/](?=\w)")
_ABBREVIATED = re.compile(r"(?:[a-z]\.)+[a-z]?")
_PLAIN = re.compile(r"[a-z0-9]{3,}")
_EDGES = ".,;:!?()“”\"'’"
_ENGLISH: ColumnElement[Any] = literal_column("'english'::regconfig")
_SIMPLE: ColumnElement[Any] = literal_column("'simple'::regconfig")
_NOTHING: ColumnElement[Any] = literal_column("''::tsquery")


@dataclass(frozen=True)
class Hits:
    """Ids of listings, best match first; `meant` is what was searched for instead where the words matched nothing."""

    ids: tuple[int, ...]
    meant: str = ""


def tidy(typed: str) -> str:
    """What somebody typed as it is searched for and shown: one line of at most 200 characters."""
    return " ".join(clean(typed).split())[:MOST_CHARACTERS].strip()


def search(catalogue: Catalogue, q: str) -> Hits:
    """The published listings that match all of the words; where none does, those of the nearest spelling."""
    ids = _matching(catalogue, q)
    if ids:
        return Hits(ids)
    meant = _respelt(catalogue, q)
    return Hits(_matching(catalogue, meant), meant) if meant else Hits(())


def _matching(catalogue: Catalogue, q: str) -> tuple[int, ...]:
    terms = [_either(spellings) for spellings in islice(_terms(catalogue, q), MOST_WORDS)]
    query = reduce(lambda all_of, term: all_of.op("&&")(term), terms)
    # Named once, so that the server parses the words once a query and not once a row.
    parsed = select(query.label("query")).cte("words").prefix_with("MATERIALIZED", dialect="postgresql")
    found = (
        select(Opportunity.id)
        .join(parsed, Opportunity.search.op("@@")(parsed.c.query))
        .where(Opportunity.state == Publication.PUBLISHED)
        .order_by(func.ts_rank_cd(Opportunity.search, parsed.c.query).desc(), Opportunity.id)
        .limit(MOST_HITS)
    )
    return tuple(db.session.execute(found).scalars())


def _parts(q: str) -> list[str]:
    """Words and quoted phrases; words joined by a hyphen or a slash stand alone, as people write them either way."""
    return _PART.findall(_JOINED.sub(" ", q))


def _bare(part: str) -> str:
    """A part as it is compared: folded, without marks at its edges, `P.C.P.` as `pcp`."""
    word = folded(part)
    return word.replace(".", "") if _ABBREVIATED.fullmatch(word) else word.strip(_EDGES)


def _singular(words: str) -> str:
    """Words that differ in the plural's s alone become the same: `PCPs` is `PCP`, `health centers` `health center`."""
    return " ".join(word[:-1] if word.endswith("s") and not word.endswith("ss") else word for word in words.split())


def _terms(catalogue: Catalogue, q: str) -> Iterator[tuple[str, ...]]:
    """The parts of a search, each with all that means the same: `PCP jobs` is (pcp, primary care physician), (job,
    position)."""
    parts = _parts(q)
    words = [_bare(part) for part in parts]
    same = catalogue.keep("synonyms", lambda: _by_first_word(catalogue.synonyms))
    at = 0
    while at < len(parts):
        candidates = same.get(_singular(words[at].partition(" ")[0]), ())
        length, group = next(
            ((n, group) for n, phrase, group in candidates if _singular(" ".join(words[at : at + n])) == phrase),
            (0, ()),
        )
        if not length and " " in words[at]:  # a quoted phrase may be one that has synonyms
            same_words = _singular(words[at])
            length, group = next(((1, group) for _, phrase, group in candidates if phrase == same_words), (0, ()))
        yield group or (parts[at],)
        at += length or 1


def _by_first_word(
    synonyms: Sequence[Sequence[str]],
) -> dict[str, list[tuple[int, str, tuple[str, ...]]]]:
    """Synonyms by the first word of each of their terms, words in the singular, longest term first."""
    found: dict[str, list[tuple[int, str, tuple[str, ...]]]] = {}
    for terms in synonyms:
        group = tuple(f'"{term}"' for term in terms if term.strip())
        for term in terms:
            words = [_singular(_bare(part)) for part in _parts(term)]
            if words:
                found.setdefault(words[0], []).append((len(words), " ".join(words), group))
    return {first: sorted(entries, reverse=True) for first, entries in found.items()}


def _either(spellings: Sequence[str]) -> ColumnElement[Any]:
    """A tsquery for any of these; a plain word also matches words that it begins, unless it is one like `the`, which
    the index leaves out and a search must not ask for."""
    options: list[ColumnElement[Any]] = []
    for spelling in spellings:
        stemmed = func.websearch_to_tsquery(_ENGLISH, func.portal_unaccent(spelling))
        options.append(stemmed)
        if _PLAIN.fullmatch(folded(spelling)):
            begun = func.to_tsquery(_SIMPLE, f"{folded(spelling)}:*")
            options.append(case((func.numnode(stemmed) > 0, begun), else_=_NOTHING))
    return reduce(lambda any_of, option: any_of.op("||")(option), options).self_group()


_NEAREST = text(
    "SELECT DISTINCT ON (w.at) w.at, v.word, similarity(w.word, v.word) AS likeness "
    "FROM unnest(:words) WITH ORDINALITY AS w(word, at) CROSS JOIN unnest(:vocabulary) AS v(word) "
    "WHERE similarity(w.word, v.word) >= :least ORDER BY w.at, likeness DESC, v.word"
).bindparams(bindparam("words", type_=ARRAY(Text)), bindparam("vocabulary", type_=ARRAY(Text)))


def _respelt(catalogue: Catalogue, q: str) -> str:
    """The search with each word that the catalogue does not have replaced by the nearest that it has; empty where
    that changes nothing."""
    words = [_bare(part) for part in _parts(q)][:MOST_WORDS]
    nearest = {
        row.at: row.word
        for row in db.session.execute(
            _NEAREST, {"words": words, "vocabulary": catalogue.vocabulary, "least": LEAST_SIMILARITY}
        )
    }
    for at, word in enumerate(words, 1):
        if at not in nearest and len(word) >= LEAST_SWAPPED:  # two letters swapped leave few trigrams in common
            nearest[at] = next(iter(get_close_matches(word, catalogue.vocabulary, 1, LEAST_RATIO)), word)
    meant = " ".join(nearest.get(at, word) for at, word in enumerate(words, 1) if word)
    return meant if meant != " ".join(word for word in words if word) else ""
