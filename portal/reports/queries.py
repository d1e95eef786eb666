"""What the coordinator's pages read across features: cycles, counts, what waits, and what surrounds a file."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Text, func, literal, or_, select, union_all
from sqlalchemy.orm import contains_eager, joinedload

from portal.applications.models import Application, ApplicationTally
from portal.applications.stages import Late, day_of, late_in
from portal.applications.status import Status
from portal.catalogue.form_models import Criterion
from portal.catalogue.models import Cycle, Site
from portal.catalogue.status import Publication
from portal.core.db import db
from portal.core.paging import Key, Slice, paginate
from portal.messaging.models import Message
from portal.messaging.status import Delivery
from portal.reports.queue import AWAITING
from portal.review.models import Assignment, ReviewSummary
from portal.review.status import REVIEWABLE, UNSCORED
from portal.selection.queries import coordinated_by

COUNT_CAP = 1000
OVERDUE_CAP = 5000
CYCLES_SHOWN = 60
CYCLES_PAGE = 50
MAIL_SHOWN = 10
CLOSING_DAYS = 7
RECENT = timedelta(days=400)
UNDELIVERED = (Delivery.FAILED, Delivery.UNKNOWN, Delivery.BOUNCED)


def visible_to(user: Any) -> Select[Cycle]:
    """The cycles whose queue `queue.read` lets the user open."""
    return (
        select(Cycle)
        .join(Cycle.opportunity)
        .where(coordinated_by(user))
        .options(contains_eager(Cycle.opportunity))
    )  # fmt: skip


def cycle_by_id(cycle_id: int) -> Cycle | None:
    """A cycle with its listing: what the rules ask about."""
    return db.session.scalar(select(Cycle).where(Cycle.id == cycle_id).options(joinedload(Cycle.opportunity)))


Tally = dict[Status, int]


def tallies(cycle_ids: Collection[int]) -> dict[int, Tally]:
    """How many applications of each cycle stand in each status."""
    found: dict[int, Tally] = {key: {} for key in cycle_ids}
    rows = db.session.scalars(select(ApplicationTally).where(ApplicationTally.cycle_id.in_(cycle_ids)))
    for row in rows:
        found[row.cycle_id][row.status] = row.n
    return found


def among(tally: Mapping[Status, int], statuses: Collection[Status]) -> int:
    """How many of a tally stand in one of these statuses."""
    return sum(tally.get(status, 0) for status in statuses)


def capped(n: int) -> str:
    """A count as it is shown when counting stopped one beyond the cap: `1,000+`."""
    return f"{COUNT_CAP:,}+" if n > COUNT_CAP else f"{n:,}"


@dataclass(frozen=True)
class Counts:
    """The numbers on the tabs of a queue; `needing` and `wide` stop at `COUNT_CAP` + 1."""

    tally: Tally
    needing: int
    wide: int

    @property
    def needing_words(self) -> str:
        return capped(self.needing)


def counts(cycle: Cycle) -> Counts:
    """One query, whose cost does not grow with the applications."""
    summary = select(literal(1)).where(ReviewSummary.cycle_id == cycle.id)
    needing = summary.where(ReviewSummary.is_open, ReviewSummary.assigned < cycle.reviewers_each)
    parts = [
        select(literal(name).label("name"), func.count().label("n")).select_from(part.limit(COUNT_CAP + 1).subquery())
        for name, part in (("needing", needing), ("wide", summary.where(ReviewSummary.is_wide)))
    ]
    stored = select(ApplicationTally.status.cast(Text), ApplicationTally.n).where(ApplicationTally.cycle_id == cycle.id)
    found = {row[0]: row[1] for row in db.session.execute(union_all(stored, *parts))}
    needing_n, wide_n = found.pop("needing"), found.pop("wide")
    return Counts({Status(word): n for word, n in found.items()}, needing_n, wide_n)


def sites() -> Sequence[tuple[int, str]]:
    """The sites one can filter by."""
    rows = db.session.execute(select(Site.id, Site.name).order_by(Site.position, Site.name))
    return [(row.id, row.name) for row in rows]


@dataclass(frozen=True)
class Intake:
    """A cycle on the dashboard, with the numbers that say what waits."""

    cycle: Cycle
    tally: Tally
    phase: tuple[str, str]
    needing: int
    overdue: int
    overdue_words: str
    late: Sequence[Late] = ()

    @property
    def submitted(self) -> int:
        return among(self.tally, set(Status) - {Status.DRAFT})

    @property
    def needing_words(self) -> str:
        return capped(self.needing)

    @property
    def waits(self) -> bool:
        """Whether somebody should do something."""
        return bool(self.needing or self.overdue or self.late or self.of("panel", "decided"))

    def of(self, *names: str) -> int:
        """How many stand in these statuses, named as they are stored."""
        return among(self.tally, [Status(name) for name in names])


def phase(cycle: Cycle, tally: Mapping[Status, int], now: datetime) -> tuple[str, str]:
    """Tone and words of where a cycle is: not open yet, open, closing, in review, deciding, finished."""
    if cycle.state is Publication.DRAFT:
        return "warn", "Not public"
    if cycle.opens_at is not None and now < cycle.opens_at:
        return "idle", "Not open yet"
    if cycle.state is Publication.PUBLISHED and (cycle.closes_at is None or now < cycle.closes_at):
        if cycle.closes_at is None:
            return "ok", "Open, rolling"
        closing = cycle.closes_at - now < timedelta(days=CLOSING_DAYS)
        return ("warn", "Closing") if closing else ("ok", "Open")
    if among(tally, AWAITING):
        return "info", "In review"
    return ("info", "Deciding") if among(tally, (Status.PANEL, Status.DECIDED)) else ("idle", "Finished")


def intakes(user: Any, *, now: datetime) -> list[Intake]:
    """The cycles a coordinator runs at present, the soonest deadline first; at most `CYCLES_SHOWN`.

    Cycles that closed long ago, or are finished, are on the page of all cycles only.
    """
    cycles = db.session.scalars(
        visible_to(user)
        .where(
            Cycle.state != Publication.DRAFT,
            Cycle.opens_at <= now,
            or_(Cycle.closes_at.is_(None), Cycle.closes_at > now - RECENT),
        )
        .order_by(Cycle.closes_at.asc().nulls_last(), Cycle.id)
        .limit(CYCLES_SHOWN)
    ).all()
    found = tallies([cycle.id for cycle in cycles])
    phases = {cycle.id: phase(cycle, found[cycle.id], now) for cycle in cycles}
    running = [cycle for cycle in cycles if phases[cycle.id][1] != "Finished"]
    reviewing = [cycle for cycle in running if _reviews_have_begun(cycle, found[cycle.id], now)]
    needing, overdue = _needing(reviewing), _overdue(running, now)
    behind = late_in(running, found, today=day_of(now))
    more = "+" if sum(overdue.values()) >= OVERDUE_CAP else ""
    made = []
    for cycle in running:
        late = overdue.get(cycle.id, 0)
        words = f"{late:,}{more if late else ''}"
        made.append(
            Intake(
                cycle, found[cycle.id], phases[cycle.id], needing.get(cycle.id, 0), late, words,
                behind.get(cycle.id, ()),
            )
        )  # fmt: skip
    return made


def _reviews_have_begun(cycle: Cycle, tally: Mapping[Status, int], now: datetime) -> bool:
    """Whether files may be given to reviewers by now: the deadline passed, there is none, or some were given out."""
    past = cycle.closes_at is None or cycle.closes_at <= now
    return past or among(tally, (Status.IN_REVIEW, Status.PANEL, Status.DECIDED)) > 0


def _needing(cycles: Sequence[Cycle]) -> dict[int, int]:
    """Applications with too few reviewers by cycle, each counted to one beyond `COUNT_CAP`; none without a rubric."""
    if not cycles:
        return {}
    one = (
        select(literal(1))
        .where(
            ReviewSummary.cycle_id == Cycle.id,
            ReviewSummary.is_open,
            ReviewSummary.assigned < Cycle.reviewers_each,
        )
        .limit(COUNT_CAP + 1)
        .correlate(Cycle)
        .subquery()
        .lateral()
    )
    n = select(func.count().label("n")).select_from(one).subquery().lateral()
    has_rubric = select(Criterion.id).where(Criterion.cycle_id == Cycle.id).exists()
    rows = db.session.execute(
        select(Cycle.id, n.c.n).where(Cycle.id.in_([cycle.id for cycle in cycles]), has_rubric)
    )  # fmt: skip
    return {row[0]: row[1] for row in rows}


def _overdue(cycles: Sequence[Cycle], now: datetime) -> dict[int, int]:
    """Reviews past their date by cycle, counted among the first `OVERDUE_CAP`."""
    if not cycles:
        return {}
    late = (
        select(Application.cycle_id)
        .select_from(Assignment)
        .join(Assignment.application)
        .where(
            Assignment.due_at < now,
            Assignment.state.in_(sorted(UNSCORED)),
            Application.status.in_(sorted(REVIEWABLE)),
            Application.cycle_id.in_([cycle.id for cycle in cycles]),
        )
        .limit(OVERDUE_CAP)
        .subquery()
    )
    rows = db.session.execute(select(late.c.cycle_id, func.count()).group_by(late.c.cycle_id))
    return {row[0]: row[1] for row in rows}


def undelivered(user: Any) -> Sequence[tuple[Message, Application]]:
    """The last messages about applications the user coordinates that did not reach anybody, newest first."""
    rows = db.session.execute(
        select(Message, Application)
        .join(Application, Message.thing_id == Application.id)
        .join(Application.cycle)
        .join(Cycle.opportunity)
        .where(
            Message.thing_type == Application.__tablename__,
            Message.state.in_(UNDELIVERED),
            Application.submitted_at.is_not(None),
            Application.is_test.is_(False),
            coordinated_by(user),
        )
        .order_by(Message.id.desc())
        .limit(MAIL_SHOWN)
    )
    return [(row[0], row[1]) for row in rows]


def all_cycles(user: Any, *, after: str = "", before: str = "") -> Slice:
    """A page of all cycles the user coordinates, newest first; rows begin with the cycle."""
    keys = [Key(Cycle.id, descending=True)]
    return paginate(db.session, visible_to(user), keys, size=CYCLES_PAGE, after=after, before=before)
