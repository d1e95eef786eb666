"""How far an application has come, in words for its owner: timeline, what is left, what happens next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.accounts.models import Person
from portal.applications.companions import Task
from portal.applications.eligibility import Eligibility, eligibility
from portal.applications.models import Application
from portal.applications.rules import is_open
from portal.applications.sheet import Part
from portal.applications.stages import STAGES, day_of, promise_of
from portal.applications.status import RELEASED, Status
from portal.core.clock import now
from portal.core.pages import FILTERS
from portal.core.text import plural
from portal.messaging.kinds import kind_of

REMINDER = "deadline_reminder"
PATH = (Status.SUBMITTED, Status.ELIGIBLE, Status.IN_REVIEW, Status.PANEL)
LETTER = "Decision letter"
_PROMISED = dict(zip(PATH[1:], STAGES, strict=False))
_WORD = {Status.IN_REVIEW: "done by"}


@dataclass(frozen=True)
class Stop:
    """One line of a timeline; `state` is done, now or empty for what is to come."""

    title: str
    state: str = ""
    note: str = ""


def _place(status: Status) -> int:
    """Where a status stands on the path that applicants see: a decision stays hidden until its letter has gone."""
    return len(PATH) + 1 if status in RELEASED else min(status.stage, len(PATH))


def timeline(application: Application) -> list[Stop]:
    """The path of a submitted application, out of the moves that its applicant is told of: what is done, where it is,
    what is to come and when."""
    reached: dict[int, datetime] = {}
    for event in application.told:
        place = _place(event.target)
        if place:
            reached = {stage: at for stage, at in reached.items() if stage < place} | {
                place: reached.get(place, event.at)
            }
    if application.status is Status.WITHDRAWN:
        stops = [_done(place, at) for place, at in sorted(reached.items())]
        return [*stops, Stop("Withdrawn", "now", FILTERS["short_day"](application.changed_at))]
    here = _place(application.shown)
    stops = [_done(place, at) for place, at in sorted(reached.items()) if place < here]
    if here > len(PATH):
        sent = FILTERS["short_day"](reached.get(here, application.changed_at))
        return [*stops, Stop(LETTER, "now", f"sent {sent}: {application.shown.public_label}")]
    stops.append(Stop(f"{PATH[here - 1].public_label}.", "now", _now_words(application)))
    return [*stops, *_to_come(application, here)]


def _now_words(application: Application) -> str:
    """What happens next, with the day it is promised by; that of the letter has a stop of its own, and that a day has
    passed is said above the timeline."""
    promise = promise_of(application, today=day_of(now()))
    words = application.shown.next_words
    if promise is None or promise.is_late or promise.stage is STAGES[-1]:
        return words
    return f"{words} {promise.stage.label} {_on(promise.by)}."


def _done(place: int, at: datetime) -> Stop:
    if place > len(PATH):
        return Stop(LETTER, "done", f"sent {FILTERS['short_day'](at)}")
    note = FILTERS["day_time"](at) if place == 1 else FILTERS["short_day"](at)
    return Stop(PATH[place - 1].public_label, "done", note)


def _to_come(application: Application, here: int) -> list[Stop]:
    """The rest of the path with the dates that the cycle announces; other days of its calendar stand in between."""
    cycle, today = application.cycle, day_of(now())
    calendar = {each.label.strip().casefold(): each for each in cycle.dates}
    stops: list[tuple[date | None, Stop]] = []
    for status in PATH[here:]:
        known = calendar.pop(status.public_label.casefold(), None)
        by = _PROMISED[status].by(cycle)
        day = by or (known.starts_on if known else None)
        stops.append(
            (day, Stop(status.public_label, note=_by(application, by, _WORD.get(status, "by")) if by else _on(day)))
        )
    calendar.pop(LETTER.casefold(), None)
    stops.append((cycle.decisions_by, Stop(LETTER, note=_by(application, cycle.decisions_by))))
    for each in calendar.values():
        if each.starts_on > today:
            later = (place for place, (when, _) in enumerate(stops) if when and when > each.starts_on)
            stops.insert(next(later, len(stops)), (each.starts_on, Stop(each.label, note=_on(each.starts_on))))
    return [stop for _, stop in stops]


def _by(application: Application, day: date | None, word: str = "by") -> str:
    """`by Jan 29`, or that it is late; nothing where the day was over before the application was submitted."""
    if day is None or application.submitted_at is None or day < day_of(application.submitted_at):
        return ""
    return f"late, we said {word} {_on(day)}" if day < day_of(now()) else f"{word} {_on(day)}"


def _on(day: date | None) -> str:
    return FILTERS["short_day"](day) if day else ""


@dataclass(frozen=True)
class Draft:
    """A draft as its owner's pages show it."""

    application: Application
    parts: Sequence[Part]
    tasks: Sequence[Task] = ()

    @property
    def complete(self) -> int:
        return sum(part.is_complete for part in self.parts)

    @property
    def eligibility(self) -> Eligibility:
        """The questions that decide whether the rest is open."""
        return eligibility(self.parts)

    @property
    def is_ready(self) -> bool:
        return self.complete == len(self.parts) and not any(task.stops for task in self.tasks)

    @property
    def is_open(self) -> bool:
        return is_open(self.application.person, self.application, now())

    def reminds(self, reader: Person) -> bool:
        """Whether this reader, its lead or somebody who may edit it, gets reminders of the deadline."""
        kind = kind_of(REMINDER)
        return not self.application.is_test and kind is not None and kind.key not in reader.mail_off

    @property
    def words(self) -> str:
        """`3 of 5 sections complete`."""
        return f"{self.complete} of {plural(len(self.parts), 'section')} complete"

    @property
    def left_words(self) -> str:
        """`Two sections left before you can submit.`"""
        left = len(self.parts) - self.complete
        if self.is_ready:
            return "Check your answers, then submit."
        if not left:
            return "All sections are complete. The task list shows what is left before you can submit."
        return f"{FILTERS['words'](left)} {'section' if left == 1 else 'sections'} left before you can submit."

    @property
    def next_part(self) -> Part | None:
        """The first section that is not complete."""
        return next((part for part in self.parts if not part.is_complete), None)

    @property
    def badge(self) -> tuple[str, str]:
        closes_at = self.application.deadline
        if not self.is_open:
            return "idle", "Draft, closed"
        return (
            ("warn", f"Draft, {FILTERS['left'](closes_at)}") if closes_at and closes_at > now() else ("warn", "Draft")
        )


def saved_line(application: Application) -> str:
    """When the draft was last saved, and in a team by whom."""
    by = application.saved_by if application.cycle.takes_teams and application.members else None
    return saved_words(application.saved_at, by.display_name if by else "")


def saved_words(moment: datetime | None, by: str = "") -> str:
    """`Saved at 7:42 am ET by Maren O.`, with the day unless it is today's; empty for what was never saved.

    In: when, and in a team by whom, whose short name ends in a full stop.
    """
    if moment is None:
        return ""
    today = FILTERS["short_day"](now())
    when = FILTERS["short_day"](moment)
    words = f"Saved at {FILTERS['clock'](moment)}" if when == today else f"Saved {when}, {FILTERS['clock'](moment)}"
    return f"{words} by {by.removesuffix('.')}." if by else f"{words}."
