"""What is over and when its time to be kept ends; what a person has; what was deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, null, or_, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import Person
from portal.applications.extension_models import Extension
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.models import Cycle, Opportunity
from portal.core.db import db
from portal.core.paging import Key, Slice, paginate
from portal.endorsements.models import Endorsement
from portal.letters.models import LetterRequest
from portal.messaging.models import Message
from portal.privacy.models import CopyState, DataCopy, LegalHold, Purge

ENDED = (Status.NOT_SELECTED, Status.WITHDRAWN)
NEWEST_COPIES = 5


def _ended_at() -> ColumnElement[Any]:
    """When an application ended, NULL while it has not.

    Declined or withdrawn: with that step.  A draft: with the deadline of its cycle, or with the person's own where that
    is later; without a deadline when it was last changed.
    """
    own = (
        select(func.max(Extension.until))
        .where(
            Extension.cycle_id == Application.cycle_id,
            Extension.person_id == Application.person_id,
            Extension.revoked_at.is_(None),
        )
        .scalar_subquery()
    )
    deadline = func.greatest(Cycle.closes_at, own, Application.changed_at)
    return case(
        (Application.status.in_(ENDED), Application.changed_at),
        (Application.status == Status.DRAFT, deadline),
        else_=null(),
    )


def _keep_until() -> ColumnElement[Any]:
    return _ended_at() + func.make_interval(0, Opportunity.retention_months)


def is_held() -> ColumnElement[bool]:
    """Whether a hold stands on the application, on its cycle or on its person."""
    return exists().where(
        LegalHold.lifted_at.is_(None),
        or_(
            LegalHold.application_id == Application.id,
            LegalHold.cycle_id == Application.cycle_id,
            LegalHold.person_id == Application.person_id,
        ),
    )


def over(at: datetime, *, most: int) -> list[tuple[Application, datetime]]:
    """Applications whose time to be kept has ended and that nothing holds, with when they ended; held, and those that
    somebody else holds are passed over."""
    ended = _ended_at()
    rows = db.session.execute(
        select(Application, ended)
        .join(Application.cycle)
        .join(Cycle.opportunity)
        .where(_keep_until() <= at, ~is_held())
        .order_by(Application.id)
        .limit(most)
        .options(joinedload(Application.person))
        .with_for_update(of=Application, skip_locked=True)
    )
    return [(application, moment) for application, moment in rows]


@dataclass(frozen=True)
class Coming:
    """A cycle with how many of its applications are deleted soon, how many are held, and when the next goes."""

    cycle: Cycle
    due: int
    held: int
    first: datetime | None


def coming(at: datetime, until: datetime) -> list[Coming]:
    """What is deleted until then, by cycle; what is overdue counts too."""
    keep_until, held = _keep_until(), is_held()
    counted = (
        select(
            Application.cycle_id,
            func.count().filter(~held).label("due"),
            func.count().filter(held).label("held"),
            func.min(keep_until).filter(~held).label("first"),
        )
        .join(Application.cycle)
        .join(Cycle.opportunity)
        .where(keep_until <= until)
        .group_by(Application.cycle_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Cycle, counted.c.due, counted.c.held, counted.c.first)
        .join(counted, counted.c.cycle_id == Cycle.id)
        .order_by(counted.c.first.asc().nulls_last(), Cycle.id)
        .limit(200)
        .options(joinedload(Cycle.opportunity))
    )
    return [Coming(*row) for row in rows]


def kept_until(person_id: int) -> list[tuple[Application, datetime | None]]:
    """The submitted applications of a person with how long each is kept as it stands now; None while that is open."""
    rows = db.session.execute(
        select(Application, _keep_until())
        .join(Application.cycle)
        .join(Cycle.opportunity)
        .where(Application.person_id == person_id, Application.submitted_at.is_not(None))
        .order_by(Application.id.desc())
        .options(joinedload(Application.cycle).joinedload(Cycle.opportunity))
    )
    return [(application, until) for application, until in rows]


def is_kept(application_id: int) -> bool:
    """Whether a hold stands on an application, on its cycle or on its person."""
    return bool(db.session.scalar(select(exists().where(Application.id == application_id, is_held()))))


def drafts_of(person_id: int, *, held: bool = False) -> Sequence[Application]:
    """The drafts that a person leads, to be deleted with the account; or (`held`) those that a hold keeps."""
    query = select(Application).where(
        Application.person_id == person_id, Application.status == Status.DRAFT, is_held().is_(held)
    )
    return db.session.scalars(query.options(joinedload(Application.cycle).joinedload(Cycle.opportunity))).all()


def copies_of(person_id: int) -> Sequence[DataCopy]:
    """The newest copies of a person's data."""
    query = select(DataCopy).where(DataCopy.person_id == person_id).order_by(DataCopy.id.desc())
    return db.session.scalars(query.limit(NEWEST_COPIES)).all()


def locked_copy(copy_id: int) -> DataCopy | None:
    """A copy that waits to be made, held."""
    return db.session.scalar(
        select(DataCopy).where(DataCopy.id == copy_id, DataCopy.state == CopyState.WAITING).with_for_update()
    )


def holds() -> Sequence[LegalHold]:
    """The holds that stand, newest first."""
    query = (
        select(LegalHold)
        .where(LegalHold.lifted_at.is_(None))
        .order_by(LegalHold.id.desc())
        .limit(200)
        .options(
            joinedload(LegalHold.cycle).joinedload(Cycle.opportunity),
            joinedload(LegalHold.person),
            joinedload(LegalHold.application),
            joinedload(LegalHold.placed_by),
        )
    )
    return db.session.scalars(query).all()


def purges(*, after: str = "", before: str = "") -> Slice:
    """The log of what was deleted, latest first."""
    query: Select[Any] = select(Purge).options(joinedload(Purge.cycle).joinedload(Cycle.opportunity))
    return paginate(db.session, query, [Key(Purge.id, descending=True)], size=50, after=after, before=before)


def is_person_held(person_id: int) -> bool:
    """Whether a hold stands on a person themselves."""
    standing = exists().where(LegalHold.person_id == person_id, LegalHold.lifted_at.is_(None))
    return bool(db.session.scalar(select(standing)))


def goes_with_nothing() -> ColumnElement[bool]:
    """Mail that no application takes with it when it is deleted, as a condition on `Message`."""
    return Message.thing_type.not_in([each.__tablename__ for each in (Application, LetterRequest, Endorsement)])


def is_mail_held() -> ColumnElement[bool]:
    """Whether a hold stands on the person whom a mail went to, or on the cycle that it is about or an application of
    it, as a condition on `Message`."""
    standing = LegalHold.lifted_at.is_(None)
    about_cycle = Message.thing_type == Cycle.__tablename__
    of_application = exists().where(
        LegalHold.application_id == Application.id, standing, Application.cycle_id == Message.thing_id
    )
    return or_(
        exists().where(LegalHold.person_id == Message.person_id, standing),
        and_(about_cycle, exists().where(LegalHold.cycle_id == Message.thing_id, standing)),
        and_(about_cycle, of_application),
    )


def closed_and_done(person_id: int) -> bool:
    """Whether a closed account has no application left, and no hold stands on it, so that the name can go too."""
    held = exists().where(LegalHold.person_id == Person.id, LegalHold.lifted_at.is_(None))
    closed = and_(Person.id == person_id, Person.closed_at.is_not(None), ~held)
    has_any = exists().where(Application.person_id == person_id)
    return bool(db.session.scalar(select(exists().where(closed) & ~has_any)))


def named(words: str) -> Application | Cycle | Person | None:
    """What an admin means: an application by its reference, a cycle by its code, a person by their address."""
    if "@" in words:
        return db.session.scalar(select(Person).where(Person.email == words))
    application = db.session.scalar(select(Application).where(Application.reference == words.upper()))
    return application or db.session.scalar(
        select(Cycle).where(Cycle.code == words.upper()).options(joinedload(Cycle.opportunity))
    )
