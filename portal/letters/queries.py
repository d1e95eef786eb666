"""Reading plans, requests and letters; the requests that a writer's link opens."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal.accounts.models import Person
from portal.applications.extension_models import Extension
from portal.applications.models import Application
from portal.applications.scan_states import ScanState
from portal.catalogue.models import Cycle
from portal.core.db import db
from portal.core.tokens import hashed
from portal.letters.models import Letter, LetterEvent, LetterLink, LetterOverride, LetterPlan, LetterRequest
from portal.letters.status import ANSWERABLE, OVER, STILL_TO_SEND, Mode, State
from portal.messaging.models import Message
from portal.messaging.status import Delivery

_LISTING = joinedload(LetterRequest.application).options(
    joinedload(Application.person).lazyload(Person.memberships),
    joinedload(Application.cycle).joinedload(Cycle.opportunity),
    joinedload(Application.extension),
)
_WHOLE = (
    _LISTING,
    joinedload(LetterRequest.plan),  # so that the session has it for `rules.plan_of`
    joinedload(LetterRequest.application).selectinload(Application.members),
    selectinload(LetterRequest.letters),
    selectinload(LetterRequest.links),
)
MOST_SHOWN = 100


def with_due(query: Any) -> Any:
    """The query of requests with what `due` reads joined to it: application, plan, cycle and extension."""
    held = and_(
        Extension.cycle_id == LetterRequest.cycle_id,
        Extension.person_id == Application.person_id,
        Extension.revoked_at.is_(None),
    )
    return (
        query.join(Application, Application.id == LetterRequest.application_id)
        .join(LetterPlan, LetterPlan.cycle_id == LetterRequest.cycle_id)
        .join(Cycle, Cycle.id == LetterRequest.cycle_id)
        .outerjoin(Extension, held)
    )


def due() -> ColumnElement[datetime]:
    """`rules.deadline` in SQL, of a query that `with_due` has seen; NULL where nothing says until when."""
    shared = func.coalesce(LetterPlan.due_at, Cycle.closes_at)
    return case((shared.is_not(None), func.greatest(shared, Extension.until)))


def request_by_id(request_id: int) -> LetterRequest | None:
    """A request with its application and listing, its letters and its links."""
    return db.session.scalar(_whole().where(LetterRequest.id == request_id))


def locked(request: LetterRequest) -> LetterRequest:
    """The request as it is now, held until the transaction ends; its application's row is held first."""
    db.session.flush()
    db.session.execute(select(Application.id).where(Application.id == request.application_id).with_for_update())
    query = _whole().where(LetterRequest.id == request.id).with_for_update(of=LetterRequest)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _whole() -> Select[LetterRequest]:
    return select(LetterRequest).options(*_WHOLE)


def of_application(application_id: int, *, with_letters: bool = False) -> Sequence[LetterRequest]:
    """The requests of an application, in the order they were made."""
    query = select(LetterRequest).where(LetterRequest.application_id == application_id).order_by(LetterRequest.id)
    if with_letters:
        query = query.options(selectinload(LetterRequest.letters), selectinload(LetterRequest.links))
    return db.session.scalars(query).all()


def counting(application_id: int) -> list[LetterRequest]:
    """The requests of an application that count: not replaced, not canceled."""
    return [request for request in of_application(application_id) if request.state not in OVER]


@dataclass
class Standing:
    """What an application's cycle asks for, and how far that is.

    `override` is a coordinator's word that review starts without letters; `requests` in the order they were made, each
    with its letters; `arrived` are the ids of those whose last mail the writer's server has taken and not sent back.
    """

    plan: LetterPlan
    override: LetterOverride | None
    requests: list[LetterRequest] = field(default_factory=list)
    arrived: set[int] = field(default_factory=set)

    @property
    def counting(self) -> list[LetterRequest]:
        """The requests that were not replaced or taken back."""
        return [request for request in self.requests if request.state not in OVER]

    @property
    def own(self) -> list[LetterRequest]:
        """Those of them that the applicant makes."""
        return [request for request in self.counting if not request.by_staff]


def standings(application_ids: Collection[int]) -> dict[int, Standing]:
    """How the letters of these applications stand, of those whose cycles ask for any, by application; one query."""
    rows = db.session.execute(
        select(Application.id, LetterPlan, LetterOverride, LetterRequest, Message.state)
        .join(LetterPlan, LetterPlan.cycle_id == Application.cycle_id)
        .outerjoin(LetterOverride, LetterOverride.application_id == Application.id)
        .outerjoin(LetterRequest, LetterRequest.application_id == Application.id)
        .outerjoin(Message, Message.id == LetterRequest.message_id)
        .where(Application.id.in_(sorted(application_ids)), LetterPlan.mode != Mode.NONE)
        .order_by(Application.id, LetterRequest.id)
        .options(joinedload(LetterRequest.letters).immediateload(Letter.request))  # which costs no query
    ).unique()
    found: dict[int, Standing] = {}
    for application_id, plan, override, request, mail in rows:
        standing = found.setdefault(application_id, Standing(plan, override))
        if request is not None:
            standing.requests.append(request)
        if mail is Delivery.SENT:
            standing.arrived.add(request.id)
    return found


def requests_with_letters(application_ids: Collection[int]) -> Mapping[int, list[LetterRequest]]:
    """All requests of these applications with their letters, by application; two queries."""
    found: dict[int, list[LetterRequest]] = {key: [] for key in application_ids}
    rows = db.session.scalars(
        select(LetterRequest)
        .where(LetterRequest.application_id.in_(sorted(application_ids)), LetterRequest.state.not_in(OVER))
        .order_by(LetterRequest.id)
        .options(selectinload(LetterRequest.letters))
    )
    for request in rows:
        found[request.application_id].append(request)
    return found


def delivered(requests: Collection[LetterRequest]) -> frozenset[int]:
    """The ids of those requests whose last mail the writer's server has taken and not sent back."""
    ids = {request.message_id: request.id for request in requests if request.message_id is not None}
    if not ids:
        return frozenset()
    sent = db.session.scalars(select(Message.id).where(Message.id.in_(sorted(ids)), Message.state == Delivery.SENT))
    return frozenset(ids[key] for key in sent)


def letter_by_id(letter_id: int) -> Letter | None:
    """A letter with its request, application and listing: what the rule of reading it asks about."""
    return db.session.scalar(
        select(Letter)
        .join(Letter.request)
        .where(Letter.id == letter_id)
        .options(contains_eager(Letter.request).options(*_WHOLE))
    )


def link_of(token: str) -> LetterLink | None:
    """The link with this token, ended or not, with its request; None for a token that was never given out."""
    return db.session.scalar(
        select(LetterLink)
        .join(LetterLink.request)
        .where(LetterLink.token_hash == hashed(token))
        .options(contains_eager(LetterLink.request).options(_LISTING))
    )


def to_address(address: str) -> Sequence[LetterRequest]:
    """The requests that went to this address, newest first, without those that nobody waits for any more."""
    return db.session.scalars(
        _whole()
        .where(
            LetterRequest.writer_address == address,
            LetterRequest.state.in_(ANSWERABLE),
        )
        .order_by(LetterRequest.id.desc())
        .limit(MOST_SHOWN)
        .options(joinedload(LetterRequest.application).selectinload(Application.events))
    ).all()


def file_ids(states: Collection[ScanState], *, after: int, limit: int) -> Sequence[int]:
    """Ids of the next letters that are files in these states, in their order."""
    query = select(Letter.id).where(Letter.storage_key.is_not(None), Letter.scan_state.in_(states), Letter.id > after)
    return db.session.scalars(query.order_by(Letter.id).limit(limit)).all()


def files_in(states: Collection[ScanState]) -> int:
    """How many letters are files in these states."""
    query = select(func.count(Letter.id)).where(Letter.storage_key.is_not(None), Letter.scan_state.in_(states))
    return db.session.scalar(query) or 0


def unsettled() -> dict[ScanState, tuple[int, datetime]]:
    """How many files of letters stand in each state but safe, and since when the first of them; for admins."""
    rows = db.session.execute(
        select(Letter.scan_state, func.count(), func.min(Letter.received_at))
        .where(Letter.storage_key.is_not(None), Letter.scan_state != ScanState.SAFE, Letter.taken_back_at.is_(None))
        .group_by(Letter.scan_state)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def writers(application_ids: Collection[int]) -> list[tuple[int, str, State]]:
    """Who wrote, is asked or is named for these applications: application, address and state; none who declined."""
    rows = db.session.execute(
        select(LetterRequest.application_id, LetterRequest.writer_address, LetterRequest.state).where(
            LetterRequest.application_id.in_(application_ids),
            LetterRequest.state.not_in([*OVER, State.DECLINED]),
        )
    )
    return [(row[0], row[1], row[2]) for row in rows]


def count_declines(request_id: int) -> int:
    """How often the writer has declined."""
    declined = LetterEvent.request_id == request_id, LetterEvent.target == State.DECLINED
    return db.session.scalar(select(func.count(LetterEvent.id)).where(*declined)) or 0


def count_waiting(cycle_id: int) -> int:
    """How many requests of a cycle wait for their writer."""
    waiting = LetterRequest.cycle_id == cycle_id, LetterRequest.state.in_(STILL_TO_SEND)
    return db.session.scalar(select(func.count(LetterRequest.id)).where(*waiting)) or 0


def count_versions(request_id: int) -> int:
    """How many versions of a request's letter there are, taken back or not."""
    return db.session.scalar(select(func.count()).where(Letter.request_id == request_id)) or 0
