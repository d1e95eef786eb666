"""What could identify a patient, found in text: the identifiers of the Safe Harbor rule, 45 CFR 164.514(b)(2)(i).

Recognised by how they are written, so that neither names without a title, label or common given name nor towns
without a state, pictures, and rare circumstances are found: who asks for such text must say so.  No library is used:
those for clinical text bring a language model (Presidio, scrubadub) or a tagger (Philter), or take every age and
number out (redacta), and none says in words what to write instead.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portal.catalogue.patient_rules import RULES
from portal.catalogue.patient_signs import Kind
from portal.core.text import number_word

MOST_NAMED, LONGEST_SHOWN = 3, 60
MOST_KNOWN = 20_000
_harmless: set[bytes] = set()  # digests of texts in which nothing was found: every page that shows one asks again


@dataclass(frozen=True)
class Finding:
    """Something that could identify a patient, and where it stands in the text: from `start` up to `end`."""

    kind: Kind
    start: int
    end: int


def find(text: str, *, this_year: int) -> list[Finding]:
    """What in a text could identify a patient, in the order of the text; nothing overlaps.

    In: the text, and the present year, which tells how old somebody is who was born in another.
    """
    digest = hashlib.blake2b(f"{this_year} {text}".encode(errors="surrogatepass"), digest_size=16).digest()
    if digest in _harmless:
        return []
    plain, places = _plain(text)
    found = sorted(_matches(plain, this_year), key=lambda one: (one[1], -one[2], one[3]))
    findings: list[Finding] = []
    reached = 0
    for kind, start, end, _ in found:
        if start >= reached:
            findings.append(Finding(kind, places[start], places[end - 1] + 1))
            reached = end
    if not findings:
        if len(_harmless) >= MOST_KNOWN:
            _harmless.clear()
        _harmless.add(digest)
    return findings


def _matches(plain: str, this_year: int) -> Iterator[tuple[Kind, int, int, int]]:
    for order, (kind, pattern, check) in enumerate(RULES):
        for match in pattern.finditer(plain):
            if check(match, this_year):
                end = match.start() + len(match[0].rstrip(" \n().,;-"))
                yield kind, match.start(), end, order


def sentence(text: str, findings: list[Finding], *, where: str) -> str:
    """What was found and what to write instead, the first few findings in full, for a page; empty where nothing was.

    In: the text, what was found in it, and the label of its question.  As all sentences of a form it has no full stop
    at its end.
    """
    named = {(one.kind, " ".join(text[one.start : one.end].split())): one.kind for one in findings}
    parts: list[str] = []
    for (kind, words), _ in list(named.items())[:MOST_NAMED]:
        shown = words if len(words) <= LONGEST_SHOWN else f"{words[:LONGEST_SHOWN]}…"
        place = "There is also" if parts else f"In “{where}” there is"
        parts.append(f"{place} {kind.words}: “{shown}”. {kind.advice}")
    left = len(named) - len(parts)
    more = f"{number_word(left)} more {'stands' if left == 1 else 'stand'} in the text"
    return ". ".join(parts + ([more] if left else []))


_SAME = {"’": "'", "‘": "'", "ʼ": "'", "⁄": "/", "∕": "/", "․": ".", "−": "-", "⁃": "-", "\u2028": "\n", "\u2029": "\n"}
_BY_CATEGORY = {"Cf": "", "Mn": "", "Pd": "-", "Zs": " "}
_FULL_WIDTH = 0xFEE0  # how far the full-width forms stand from those of ASCII


def _plain(text: str) -> tuple[str, Sequence[int]]:
    """The text with digits, dashes, quotes and spaces of one kind each and no character without a width.

    Out: that, and for each of its characters the place in the text.
    """
    if text.isascii():
        return text, range(len(text))
    made = {char: char if char.isascii() else _as_typed(char) for char in set(text)}
    kept = [(made[char], place) for place, char in enumerate(text) if made[char]]
    return "".join(char for char, _ in kept), [place for _, place in kept]


def _as_typed(char: str) -> str:
    """A character as an American keyboard has it; an empty string for one without a width."""
    if "！" <= char <= "～":
        return chr(ord(char) - _FULL_WIDTH)
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    return _SAME.get(char, _BY_CATEGORY.get(category, char))
