"""Questions that decide who may apply: answered first, before the rest of the form opens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.applications.queries import newest_forms
from portal.applications.sheet import Part, Row
from portal.catalogue import snapshot
from portal.catalogue.fields import kind_of
from portal.catalogue.finder import index, related
from portal.catalogue.frozen import FrozenQuestion
from portal.catalogue.snapshot import Listing
from portal.catalogue.status import Audience
from portal.core.text import folded
from portal.profiles.questions import NURSE_PRACTITIONER, PHYSICIAN, PHYSICIAN_ASSISTANT

MOST_OTHERS = 4
_ANYBODY = {Audience.ALL_DISCIPLINES, Audience.PUBLIC}
_STAFF = _ANYBODY | {Audience.FACULTY, Audience.TEAMS, Audience.TEAM_MEMBERS}
AUDIENCES: dict[str, set[Audience]] = {
    PHYSICIAN: _STAFF - {Audience.TEAM_MEMBERS} | {Audience.PHYSICIANS},
    "Resident or fellow": _ANYBODY | {Audience.TEAMS, Audience.PHYSICIANS},
    "Nurse": _STAFF | {Audience.NURSE_LEADERS},
    NURSE_PRACTITIONER: _STAFF | {Audience.NURSE_LEADERS},
    **dict.fromkeys((PHYSICIAN_ASSISTANT, "Pharmacist", "Psychologist", "Social worker"), _STAFF),
    **dict.fromkeys(("Administrator or manager", "Researcher"), _STAFF),
    **dict.fromkeys(("Medical student", "Other student"), _ANYBODY | {Audience.STUDENTS}),
}
"""Whom a listing may be for so that it fits a profession of the profile; other professions rule nothing out."""


@dataclass(frozen=True)
class Eligibility:
    """The questions of a form that decide, with the sections that ask them."""

    rows: Sequence[Row]
    section_ids: frozenset[int]

    @property
    def refusals(self) -> list[str]:
        """Why somebody who answered so cannot apply."""
        return [problem for row in self.rows if row.is_answered for problem in row.problems]

    @property
    def is_met(self) -> bool:
        """Whether the rest of the form is open; always where no question decides."""
        return all(row.is_answered and not row.problems for row in self.rows)

    def closes(self, section_id: int) -> bool:
        """Whether a section waits for the questions that decide."""
        return not self.is_met and section_id not in self.section_ids


def eligibility(parts: Sequence[Part]) -> Eligibility:
    """What decides in an application as it stands."""
    deciding = [(part, row) for part in parts for row in part.rows if row.question.settings.get("eligible")]
    return Eligibility([row for _, row in deciding], frozenset(part.section.id for part, _ in deciding))


@dataclass(frozen=True)
class Known:
    """What somebody has told us, as questions of other forms may ask it: by the profile's name of it, and by its words.

    `profession` is None where we do not know it.
    """

    facts: Mapping[str, Any]
    worded: Mapping[tuple[str, str], Any]

    @property
    def profession(self) -> str | None:
        return self.facts.get("profession")

    def answer_to(self, question: FrozenQuestion) -> Any:
        """Their answer to a question of another form; None where we do not know it."""
        worded = self.worded.get((question.kind, folded(question.label)))
        return worded if worded is not None else self.facts.get(question.profile_field)


def known_of(parts: Sequence[Part], facts: Mapping[str, Any]) -> Known:
    """What an application says, and the profile of its owner where it says nothing.

    In: the profile's facts by name, empty for somebody whose profile it is not.
    """
    rows = [row for part in parts for row in part.rows if row.is_answered and not row.kind.is_file]
    told = {row.question.profile_field: row.value for row in rows if row.question.profile_field}
    return Known({**facts, **told}, {(row.question.kind, folded(row.question.label)): row.value for row in rows})


def others_open(opportunity_id: int, known: Known, at: datetime) -> list[Listing]:
    """Up to four listings that take applications and that nothing somebody told us rules out, the surest first; then
    by nearness to this one.

    A listing is ruled out where it is not for their profession, or where a question that decides in its form has an
    answer of theirs that cannot apply.  Two queries, and two more for forms that this process has not read yet.
    """
    catalogue = snapshot.current()
    this = next((listing for listing in catalogue.listings if listing.id == opportunity_id), None)
    if this is None:
        return []
    at_index = index(catalogue, at)
    near = [place for place in related(at_index, this, len(catalogue.listings)) if at_index.windows[place].is_open]
    cycles = {place: cycle.id for place in near if (cycle := at_index.windows[place].cycle)}
    forms = newest_forms(cycles.values())
    sure: dict[int, int] = {}
    for place, cycle_id in cycles.items():
        form, listing = forms.get(cycle_id), at_index.listings[place]
        if form is None or not _takes(listing, known.profession):
            continue
        fits = [_fits(question, known.answer_to(question)) for question in form.questions if _decides(question)]
        if False not in fits:
            sure[place] = sum(fit is True for fit in fits)
    best = sorted(sure, key=lambda place: -sure[place])
    return [at_index.listings[place] for place in best[:MOST_OTHERS]]


def _takes(listing: Listing, profession: str | None) -> bool:
    """Whether a listing is for somebody of a profession; for all, where it is not known or says nothing."""
    audiences = AUDIENCES.get(profession or "")
    return audiences is None or bool(audiences & set(listing.audiences))


def _decides(question: FrozenQuestion) -> bool:
    return bool(question.settings.get("eligible"))


def _fits(question: FrozenQuestion, answer: Any) -> bool | None:
    """Whether an answer lets somebody apply; None where we do not know, as with words that the question lacks."""
    kind = kind_of(question)
    offered = [words for _, words in kind.conditions(question)]
    shown = kind.display(answer, question) if answer is not None else ""
    return shown in question.settings["eligible"] if shown in offered else None
