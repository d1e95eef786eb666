"""Two versions of a form compared, in words: what was added, removed, moved and changed.

Questions are matched by their keys.  Sections have none: a new section continues the old one with which it shares the
most questions, else the one of the same title.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from portal.catalogue.fields import kind_of
from portal.catalogue.kind_settings import FILE_TYPES
from portal.catalogue.profile_fields import PROFILE_FIELDS
from portal.core.text import file_size

ADDED, REMOVED, MOVED, CHANGED = "Added", "Removed", "Moved", "Changed"
FROM_PROFILE = "Filled in from the profile"
LATER = "Asked later, only of those invited"
STAFF_ONLY = frozenset(
    {"Reviewers can see the answer", "Tells who the applicant is", "Title in staff lists", FROM_PROFILE}
)
EMPTY = "Nothing"


@dataclass(frozen=True)
class Change:
    """One thing that reads differently."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """A section or question that is not as it was; `place` names the section of a question, `key` is its own."""

    what: str
    noun: str
    label: str
    place: str = ""
    changes: tuple[Change, ...] = ()
    key: str = ""

    @property
    def asked_later(self) -> bool | None:
        """Whether it is asked later now; None where nothing about that has changed."""
        found = [change.after for change in self.changes if change.what == LATER]
        return found[0] == in_words(True) if found else None

    @property
    def for_applicants(self) -> tuple[Change, ...]:
        """The changes that those who fill it in have to do with."""
        return tuple(change for change in self.changes if change.what not in STAFF_ONLY)


def compare(old: Any, new: Any) -> list[Difference]:
    """What differs between two versions, as rows or frozen: sections, then questions in the order of the new one."""
    ancestors = _ancestors(old, new)
    before = {question.key: (section, question) for section in old.sections for question in section.questions}
    after = {question.key: (section, question) for section in new.sections for question in section.questions}
    moved = _moved(list(before), list(after), before, after, ancestors)
    found = [*_sections(old, new, ancestors)]
    for key, (section, question) in after.items():
        if key not in before:
            facts = [*_facts(question), *_later(None, section)]
            found.append(Difference(ADDED, "question", question.label, section.title, tuple(facts), key))
            continue
        changes = tuple(_changes(before[key][1], question))
        if changes:
            found.append(Difference(CHANGED, "question", question.label, section.title, changes, key))
        if key in moved:
            was = before[key][0]
            at = [Change("Section", was.title, section.title)] if ancestors.get(section.id) != was.id else []
            at += _later(was, section) if at else []
            found.append(Difference(MOVED, "question", question.label, section.title, tuple(at), key))
    gone = (key for key in before if key not in after)
    found += [Difference(REMOVED, "question", before[key][1].label, before[key][0].title, key=key) for key in gone]
    return found


def _ancestors(old: Any, new: Any) -> dict[int, int]:
    """The old section that each new one continues, by id."""
    keys = {section.id: {question.key for question in section.questions} for section in old.sections}
    shared = [
        (-len(keys[one.id] & {question.key for question in other.questions}), one.title != other.title, i, j)
        for j, other in enumerate(new.sections)
        for i, one in enumerate(old.sections)
    ]
    found: dict[int, int] = {}
    for common, renamed, i, j in sorted(shared):
        one, other = old.sections[i], new.sections[j]
        if (common or not renamed) and one.id not in found.values():
            found.setdefault(other.id, one.id)
    return found


def _sections(old: Any, new: Any, ancestors: dict[int, int]) -> Iterator[Difference]:
    by_id = {section.id: section for section in old.sections}
    order = [section.id for section in old.sections]
    kept = [ancestors[section.id] for section in new.sections if section.id in ancestors]
    still = _longest_rising([order.index(key) for key in kept])
    for section in new.sections:
        if section.id not in ancestors:
            yield Difference(ADDED, "section", section.title, changes=tuple(_later(None, section)))
            continue
        was = by_id[ancestors[section.id]]
        pairs = (("Title", was.title, section.title), ("Text above the questions", was.intro, section.intro))
        changes = (*(Change(what, a or EMPTY, b or EMPTY) for what, a, b in pairs if a != b), *_later(was, section))
        if changes:
            yield Difference(CHANGED, "section", section.title, changes=changes)
        if order.index(was.id) not in still:
            yield Difference(MOVED, "section", section.title)
    for section in old.sections:
        if section.id not in ancestors.values():
            yield Difference(REMOVED, "section", section.title)


def _later(was: Any, section: Any) -> list[Change]:
    """That a section is asked at another time than the one before it; of a new one, that it is asked later."""
    if was is None:
        return [Change(LATER, "", in_words(True))] if section.on_invitation else []
    before, after = in_words(was.on_invitation), in_words(section.on_invitation)
    return [Change(LATER, before, after)] if before != after else []


def _moved(old: list[str], new: list[str], before: Any, after: Any, ancestors: dict[int, int]) -> set[str]:
    """The fewest questions whose moves explain the new order: those in another section, or out of line in their own."""
    moved = {key for key in new if key in before and ancestors.get(after[key][0].id) != before[key][0].id}
    for section_id in {pair[0].id for pair in after.values()}:
        stayed = [key for key in new if key in before and key not in moved and after[key][0].id == section_id]
        places = [old.index(key) for key in stayed]
        still = _longest_rising(places)
        moved |= {key for key, place in zip(stayed, places, strict=True) if place not in still}
    return moved


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """A longest run of rising numbers, not all side by side (patience sorting)."""
    tops: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        place = bisect_left(tops, number)
        before[number] = tops[place - 1] if place else None
        tops[place : place + 1] = [number]
    found: set[int] = set()
    last = tops[-1] if tops else None
    while last is not None:
        found.add(last)
        last = before[last]
    return found


def _changes(old: Any, new: Any) -> Iterator[Change]:
    was, now = dict(_facets(old)), dict(_facets(new))
    for what in {**now, **was}:
        if was.get(what, EMPTY) != now.get(what, EMPTY):
            yield Change(what, was.get(what, EMPTY), now.get(what, EMPTY))


def _facts(question: Any) -> Iterator[Change]:
    """What a new question is, said only where there is something to say."""
    for what, words in _facets(question):
        if what != "Question" and words not in (EMPTY, "No"):
            yield Change(what, "", words)


def _facets(question: Any) -> Iterator[tuple[str, str]]:
    """All that can differ about a question, in words."""
    kind = kind_of(question)
    yield "Question", question.label
    yield "Help", question.help or EMPTY
    yield "Answer type", kind.label
    for spec in kind.setting_specs:
        yield spec.label, _setting(spec.form, question.settings.get(spec.name))
    yield "Must be answered", in_words(question.required)
    yield "Reviewers can see the answer", in_words(question.for_reviewers)
    yield "Tells who the applicant is", in_words(question.identifies)
    yield "Shown only after", "; ".join(question.condition.get("values", ())) or EMPTY
    yield FROM_PROFILE, PROFILE_FIELDS[question.profile_field][0] if question.profile_field else EMPTY
    yield "Title in staff lists", in_words(question.in_queue)


def _setting(form: str, value: Any) -> str:
    if form == "megabytes" and isinstance(value, int) and not isinstance(value, bool):
        return file_size(value)
    if form == "types" and isinstance(value, list):
        return "; ".join(FILE_TYPES[name].label for name in value if name in FILE_TYPES) or EMPTY
    return in_words(bool(value) if form == "flag" else value)


def in_words(value: Any) -> str:
    """A stored setting as people read it."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, dict):
        parts = (f"{str(name).replace('_', ' ')} {in_words(inner)}" for name, inner in value.items())
        return ", ".join(parts) or EMPTY
    if isinstance(value, list):
        return "; ".join(in_words(item) for item in value) or EMPTY
    return EMPTY if value is None or value == "" else str(value)
