"""What staff read of letters: the requests of a cycle page by page, those of one application, and their letters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.queries import of_others
from portal.catalogue.models import Cycle
from portal.core.clock import now as at_present
from portal.core.db import db
from portal.core.paging import Key, Slice, paginate
from portal.letters.models import Letter, LetterEvent, LetterOverride, LetterPlan, LetterRequest
from portal.letters.policy import sight
from portal.letters.queries import due, standings, with_due
from portal.letters.rules import UNDECIDED, deadline, opens, waits_for, why_no_upload
from portal.letters.status import OVER, REVIEW_OPEN, WAITING, Mode, State

PAGE_SIZE = 50
OVERDUE = "overdue"
SHOWN: Mapping[str, tuple[str, frozenset[State]]] = {
    "": ("All", frozenset(State) - OVER),
    "waiting": ("Waiting", WAITING),
    OVERDUE: ("Overdue", WAITING),
    "received": ("Received", frozenset({State.RECEIVED})),
    "bounced": ("Bounced", frozenset({State.BOUNCED})),
    "declined": ("Declined", frozenset({State.DECLINED})),
    "named": ("Named", frozenset({State.NAMED})),
}


_UNDECIDED = Application.status.in_(sorted(UNDECIDED))
"""After a decision nobody is waited for, whatever the state of their request."""


def page(cycle: Cycle, show: str, *, by: Any, now: datetime, after: str = "", before: str = "") -> Slice:
    """A page of the requests of submitted applications of a cycle, in the order they were made.

    In: what to show, out of `SHOWN`.  Rows begin with the request; what the staff member has a part in is left out.
    """
    query = (
        with_due(select(LetterRequest))
        .where(
            LetterRequest.cycle_id == cycle.id,
            LetterRequest.state.in_(sorted(SHOWN[show][1])),
            Application.submitted_at.is_not(None),
            Application.is_test.is_(False),
            of_others(by.id),
        )
        .options(
            contains_eager(LetterRequest.application).options(
                joinedload(Application.person).lazyload(Person.memberships),
                joinedload(Application.cycle).joinedload(Cycle.opportunity),
                contains_eager(Application.extension),
            ),
            selectinload(LetterRequest.letters),
        )
    )
    if SHOWN[show][1] == WAITING:
        query = query.where(_UNDECIDED)
    if show == OVERDUE:
        query = query.where(due() <= now)
    return paginate(db.session, query, [Key(LetterRequest.id)], size=PAGE_SIZE, after=after, before=before)


def counts(cycle: Cycle, *, by: Any, now: datetime) -> dict[str, int]:
    """How many requests of submitted applications of a cycle each of `SHOWN` has."""
    waits = func.count().filter(_UNDECIDED, LetterRequest.state.in_(sorted(WAITING)))
    late = waits.filter(due() <= now)
    rows = db.session.execute(
        with_due(select(LetterRequest.state, func.count(), waits, late).select_from(LetterRequest))
        .where(
            LetterRequest.cycle_id == cycle.id,
            Application.submitted_at.is_not(None),
            Application.is_test.is_(False),
            of_others(by.id),
        )
        .group_by(LetterRequest.state)
    )
    found = rows.all()
    tally = {show: sum(row[1] for row in found if row[0] in states) for show, (_, states) in SHOWN.items()}
    return tally | {"waiting": sum(row[2] for row in found), OVERDUE: sum(row[3] for row in found)}


@dataclass(frozen=True)
class Entry:
    """A request as staff see it on the page of an application."""

    request: LetterRequest
    letter: Letter | None
    can_open: bool
    versions: int
    is_delivered: bool
    declined_because: str


@dataclass(frozen=True)
class LettersPanel:
    """What `templates/letters_staff/_letters_panel.html` shows of one application."""

    plan: LetterPlan
    entries: Sequence[Entry]
    due_at: datetime | None
    waits: str
    override: LetterOverride | None
    over: str

    @property
    def named(self) -> int:
        """How many people were named and not written to."""
        return sum(entry.request.state is State.NAMED for entry in self.entries)

    @property
    def asks_shortlist(self) -> bool:
        return self.plan.mode is not Mode.NAMES and self.named > 0


def panel(application: Application, *, by: Any) -> LettersPanel | None:
    """The letters of an application, read with its extension, for staff; None where its cycle asks for none.

    One query.
    """
    standing = standings([application.id]).get(application.id)
    if standing is None:
        return None
    plan, entries = standing.plan, []
    for request in standing.requests:
        seen = sight(by, request)
        entries.append(
            Entry(
                request=request,
                letter=request.letter if seen.content else None,
                can_open=request.letter is not None and opens(request.letter),
                versions=len(request.letters),
                is_delivered=request.id in standing.arrived,
                declined_because=request.decline_reason if seen.details else "",
            )
        )
    starts = standing.override is not None or application.status in REVIEW_OPEN
    waits = "" if starts else _waits(application, plan, entries)
    over = why_no_upload(application, at_present())
    return LettersPanel(plan, entries, deadline(plan, application), waits, standing.override, over)


def _waits(application: Application, plan: LetterPlan, entries: Sequence[Entry]) -> str:
    """Why review of an application does not start yet, as `rules.why_waiting` says it of many."""
    received = sum(entry.request.state is State.RECEIVED for entry in entries)
    if plan.mode is not Mode.BEFORE_REVIEW or received >= plan.quorum:
        return ""
    return waits_for(application, received, plan.quorum)


def readable(user: Any, application: Application) -> list[Letter]:
    """The letters of an application that this person may read, in the order they were asked for."""
    standing = standings([application.id]).get(application.id)
    received = [one for one in standing.requests if one.state is State.RECEIVED] if standing else []
    return [one.letter for one in received if one.letter and sight(user, one).content]


@dataclass(frozen=True)
class Shortlisted:
    """An application of a shortlist with the people who would be written to."""

    application: Application
    requests: Sequence[LetterRequest]

    @property
    def is_decided(self) -> bool:
        """Whether the decision was made, so that nobody is asked any more."""
        return self.application.status not in UNDECIDED


def shortlist(applications: Sequence[Application]) -> list[Shortlisted]:
    """Who would be written to for these applications: those named and not asked yet."""
    found: dict[int, list[LetterRequest]] = {one.id: [] for one in applications if one.status in UNDECIDED}
    rows = db.session.scalars(
        select(LetterRequest)
        .where(LetterRequest.application_id.in_(sorted(found)), LetterRequest.state == State.NAMED)
        .order_by(LetterRequest.id)
    )
    for request in rows:
        found[request.application_id].append(request)
    return [Shortlisted(one, found.get(one.id, [])) for one in applications]


def events_of(request: LetterRequest) -> Sequence[LetterEvent]:
    """What happened to a request, in order."""
    query = select(LetterEvent).where(LetterEvent.request_id == request.id).order_by(LetterEvent.id)
    return db.session.scalars(query).all()
