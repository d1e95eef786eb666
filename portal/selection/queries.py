"""What pages about decisions read: intakes, the ranked board, decisions and their letters."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal.accounts.models import Person
from portal.accounts.rules import scope
from portal.accounts.status import Role
from portal.applications.models import Application, ApplicationTally
from portal.applications.queries import of_others
from portal.applications.status import RELEASED, Status
from portal.catalogue.models import Cycle, Opportunity
from portal.core.db import db
from portal.core.paging import Key, Slice, paginate
from portal.review.models import Assignment, ReviewSummary
from portal.selection.letters import DEFAULT_LETTERS, Text
from portal.selection.models import Decision, LetterTemplate
from portal.selection.status import Outcome

PAGE_SIZE = 50
BOARD_SIZE = 100
MOST_LETTERS = 200
ON_BOARD = frozenset(Status) - {Status.DRAFT, Status.WITHDRAWN}


def by_id(application_id: int) -> Application | None:
    """An application with its applicant, cycle, listing and unit: what rules and letters ask about."""
    return db.session.scalar(
        select(Application)
        .where(Application.id == application_id)
        .options(
            joinedload(Application.person).lazyload(Person.memberships),
            joinedload(Application.cycle).joinedload(Cycle.opportunity).joinedload(Opportunity.unit),
        )
    )


def cycle_by_id(cycle_id: int) -> Cycle | None:
    """A cycle with its listing and unit."""
    listing = joinedload(Cycle.opportunity).joinedload(Opportunity.unit)
    return db.session.scalar(select(Cycle).where(Cycle.id == cycle_id).options(listing))


def opportunity_by_id(opportunity_id: int) -> Opportunity | None:
    """A listing with its unit."""
    query = select(Opportunity).where(Opportunity.id == opportunity_id)
    return db.session.scalar(query.options(joinedload(Opportunity.unit)))


def coordinated_by(user: Any) -> ColumnElement[bool]:
    """The listings that the user coordinates, as a condition on `Opportunity`."""
    held = scope(user, Role.COORDINATOR)
    if held.everywhere:
        return true()
    if not held:
        return false()
    return or_(Opportunity.unit_id.in_(sorted(held.units)), Opportunity.id.in_(sorted(held.opportunities)))


@dataclass(frozen=True)
class Intake:
    """A cycle with how far its decisions are."""

    cycle: Cycle
    ready: int
    decided: int
    sent: int


def intakes(user: Any, *, after: str = "", before: str = "") -> tuple[list[Intake], Slice]:
    """The cycles that the user runs and that have submitted applications, newest first, with their counts."""

    def count(*statuses: Status) -> ColumnElement[int]:
        return func.coalesce(func.sum(ApplicationTally.n).filter(ApplicationTally.status.in_(statuses)), 0)

    counts = (
        select(
            ApplicationTally.cycle_id,
            count(Status.PANEL).label("ready"),
            count(Status.DECIDED).label("decided"),
            count(*RELEASED).label("sent"),
        )
        .where(ApplicationTally.status.in_(ON_BOARD))
        .group_by(ApplicationTally.cycle_id)
        .having(func.sum(ApplicationTally.n) > 0)
        .subquery()
    )
    query = (
        select(Cycle, counts.c.ready, counts.c.decided, counts.c.sent)
        .join(counts, counts.c.cycle_id == Cycle.id)
        .join(Cycle.opportunity)
        .where(coordinated_by(user))
        .options(contains_eager(Cycle.opportunity))
    )
    page = paginate(
        db.session, query, [Key(Cycle.id, descending=True)], size=PAGE_SIZE, after=after, before=before
    )  # fmt: skip
    return [Intake(row[0], row[1], row[2], row[3]) for row in page.rows], page


@dataclass(frozen=True)
class BoardRow:
    """One application of the board: its rank (empty without a score), reviews and decision."""

    application: Application
    rank: int | None
    assigned: int
    submitted: int
    mean: Decimal | None
    low: Decimal | None
    high: Decimal | None
    scores: list[float]
    decision: Decision | None


@dataclass(frozen=True)
class Board:
    """A page of the ranked applications of a cycle, with what the cut line says."""

    rows: Sequence[BoardRow]
    page: Slice
    total: int
    undecided: int
    unsent: int
    offers: int

    def gap_at(self, seats: int) -> Decimal | None:
        """Points between the last of so many places and the next rank, where this page shows both."""
        means = {row.rank: row.mean for row in self.rows if row.rank is not None}
        last, following = means.get(seats), means.get(seats + 1)
        return last - following if last is not None and following is not None else None


def board(cycle: Cycle, *, by: Any, after: str = "", before: str = "") -> Board:
    """A page of a cycle's applications by raw mean, best first, those without a score last.

    In: who reads it, whose own application and whose teams' are left out.
    """
    query = (
        select(
            Application, ReviewSummary.assigned, ReviewSummary.submitted, ReviewSummary.mean, ReviewSummary.low,
            ReviewSummary.high,
        )
        .join(Application.person)
        .join(ReviewSummary, ReviewSummary.application_id == Application.id)
        .where(
            ReviewSummary.cycle_id == cycle.id, Application.status.in_(ON_BOARD), of_others(by.id)
        )
        .options(
            contains_eager(Application.person).lazyload(Person.memberships), joinedload(Application.site),
            selectinload(Application.members),  # the rules of each row ask who is in the team
        )
    )  # fmt: skip
    keys = [Key(ReviewSummary.rank, descending=True), Key(Application.id)]
    page = paginate(db.session, query, keys, size=BOARD_SIZE, after=after, before=before)
    ids = [row[0].id for row in page.rows]
    scores, decisions = _scores(ids), last_decisions(ids)
    first = _rank_of_first(cycle, page, by=by) if page.rows and page.before else 1
    rows = [
        BoardRow(
            application, first + place if mean is not None else None, assigned, submitted, mean, low, high,
            scores.get(application.id, []), decisions.get(application.id),
        )
        for place, (application, assigned, submitted, mean, low, high, *_) in enumerate(page.rows)
    ]  # fmt: skip
    tallies = db.session.scalars(select(ApplicationTally).where(ApplicationTally.cycle_id == cycle.id))
    counts = {tally.status: tally.n for tally in tallies}
    unsent = counts.get(Status.DECIDED, 0)
    sent = sum(counts.get(status, 0) for status in RELEASED)
    total = sum(counts.get(status, 0) for status in ON_BOARD)
    offers = counts.get(Status.OFFERED, 0) + _open_offers(cycle)
    return Board(rows, page, total, total - unsent - sent, unsent, offers)


def _rank_of_first(cycle: Cycle, page: Slice, *, by: Any) -> int:
    """The place of the page's first row in the whole order."""
    application, mean = page.rows[0][0], page.rows[0].mean
    if mean is None:
        return 0  # rows without a score have no rank
    ahead = or_(ReviewSummary.mean > mean, and_(ReviewSummary.mean == mean, Application.id < application.id))
    counted = (
        select(func.count())
        .select_from(Application)
        .join(ReviewSummary, ReviewSummary.application_id == Application.id)
        .where(Application.cycle_id == cycle.id, Application.status.in_(ON_BOARD), of_others(by.id), ahead)
    )
    return 1 + (db.session.scalar(counted) or 0)


def _scores(application_ids: Collection[int]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}
    for key, score in db.session.execute(
        select(Assignment.application_id, Assignment.score)
        .where(Assignment.application_id.in_(application_ids), Assignment.score.is_not(None))
        .order_by(Assignment.id)
    ):
        found.setdefault(key, []).append(float(score or 0))
    return found


def _open_offers(cycle: Cycle) -> int:
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Decision)
            .join(Decision.application)
            .where(
                Application.cycle_id == cycle.id,
                Application.status == Status.DECIDED,
                Decision.released_at.is_(None),
                Decision.outcome == Outcome.OFFER,
            )
        )
        or 0
    )


def last_decisions(application_ids: Collection[int]) -> dict[int, Decision]:
    """The decision that counts, by application."""
    rows = db.session.scalars(
        select(Decision).where(Decision.application_id.in_(application_ids)).order_by(Decision.id)
    )
    return {decision.application_id: decision for decision in rows}


def open_decision(application_id: int) -> Decision | None:
    """The decision whose letter has not gone, if there is one."""
    return db.session.scalar(
        select(Decision).where(Decision.application_id == application_id, Decision.released_at.is_(None))
    )


def released(application_id: int) -> Decision | None:
    """The last decision whose letter has gone."""
    return db.session.scalar(
        select(Decision)
        .where(Decision.application_id == application_id, Decision.released_at.is_not(None))
        .order_by(Decision.id.desc())
        .limit(1)
    )


def ready_letters(cycle: Cycle, *, by: Any) -> Sequence[Decision]:
    """The decisions of a cycle whose letters wait, by name of applicant; never one that the staff member
    has a part in."""
    return db.session.scalars(
        select(Decision)
        .join(Decision.application)
        .join(Application.person)
        .where(
            Application.cycle_id == cycle.id,
            Application.status == Status.DECIDED,
            of_others(by.id),
            Decision.released_at.is_(None),
        )
        .options(
            contains_eager(Decision.application).contains_eager(Application.person).lazyload(Person.memberships)
        )
        .order_by(Application.sort_name, Decision.id)
        .limit(MOST_LETTERS)
    ).all()  # fmt: skip


def template_rows(opportunity_ids: Collection[int]) -> dict[tuple[int | None, Outcome], LetterTemplate]:
    """The letter templates of these listings and the defaults that admins have edited."""
    rows = db.session.scalars(
        select(LetterTemplate).where(
            or_(LetterTemplate.opportunity_id.is_(None), LetterTemplate.opportunity_id.in_(opportunity_ids))
        )
    )
    return {(row.opportunity_id, row.outcome): row for row in rows}


def templates_for(opportunity_id: int) -> dict[Outcome, Text]:
    """The letter each outcome starts from: the listing's own, else the edited default, else the portal's text."""
    rows = template_rows([opportunity_id])
    found = {}
    for outcome in Outcome:
        row = rows.get((opportunity_id, outcome)) or rows.get((None, outcome))
        found[outcome] = Text(row.subject, row.body) if row else DEFAULT_LETTERS[outcome]
    return found


def listings(user: Any, *, after: str = "", before: str = "") -> Slice:
    """The listings whose letters the user edits, by title."""
    query = select(Opportunity).where(coordinated_by(user))
    keys = [Key(Opportunity.title), Key(Opportunity.id)]
    return paginate(db.session, query, keys, size=PAGE_SIZE, after=after, before=before)


@dataclass(frozen=True)
class Panel:
    """What `templates/selection/_decision_panel.html` shows of one application."""

    decisions: Sequence[Decision]

    @property
    def open(self) -> Decision | None:
        return next((one for one in self.decisions if one.released_at is None), None)


def panel(application: Application) -> Panel:
    """The decisions of an application, newest first; one query."""
    rows = db.session.scalars(
        select(Decision)
        .where(Decision.application_id == application.id)
        .order_by(Decision.id.desc())
        .options(joinedload(Decision.decided_by).lazyload(Person.memberships))
    )
    return Panel(rows.all())
