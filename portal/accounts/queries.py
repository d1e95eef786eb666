"""Finding people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import selectinload

from portal.accounts.models import KeptForm, Membership, Person
from portal.accounts.rules import Listed
from portal.accounts.status import Role
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.core.paging import Key, Slice, paginate
from portal.core.text import clean, folded

KEPT_FOR = timedelta(days=1)
SIGN_IN_VERBS = ("person.signed-in", "person.sign-in-failed")
MOST_WORDS = 6


def by_email(email: str) -> Person | None:
    """The person with this address, in whatever case it is written."""
    return db.session.scalar(select(Person).where(Person.email == clean(email).strip()))


def matching(words: str = "", *, role: Role | None = None) -> Select[Any]:
    """People whose name or address contains every word, in any order, accent and case; perhaps of one role only."""
    query = select(Person)
    for word in folded(clean(words)).split()[:MOST_WORDS]:
        query = query.where(Person.search_text.contains(word, autoescape=True))
    if role is not None:
        held = select(Membership.id).where(Membership.person_id == Person.id, Membership.role == role)
        query = query.where(held.exists())
    return query


def page(
    words: str = "",
    *,
    role: Role | None = None,
    size: int = 50,
    after: str = "",
    before: str = "",
    last: bool = False,
) -> Slice:
    """One page of `matching`, by family name; each row's first item is the person."""
    keys = [Key(Person.sort_name), Key(Person.id)]
    query = matching(words, role=role).options(selectinload(Person.memberships))
    return paginate(db.session, query, keys, size=size, after=after, before=before, last=last)


def holders(role: Role, opportunity: Listed) -> Sequence[Person]:
    """Active people who hold the role for this listing, by itself or through its unit; by family name."""
    here = or_(
        Membership.opportunity_id == opportunity.id,
        and_(Membership.unit_id.is_not(None), Membership.unit_id == opportunity.unit_id),
    )
    held = select(Membership.person_id).where(Membership.role == role, here)
    query = select(Person).where(Person.id.in_(held), Person.active).order_by(Person.sort_name, Person.id)
    return db.session.scalars(query).all()


def active_admin_ids(*, lock: bool = False) -> set[int]:
    """Ids of the admins who can sign in; `lock` keeps two requests from removing the last two at once."""
    query = (
        select(Person.id)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.role == Role.ADMIN, Person.active)
    )
    return set(db.session.scalars(query.with_for_update(of=Person) if lock else query))


def recent_sign_ins(person: Person, *, limit: int = 10) -> Sequence[Event]:
    """The last sign-ins and failed tries, latest first."""
    query = (
        select(Event)
        .where(Event.thing_type == Person.__tablename__, Event.thing_id == person.id, Event.verb.in_(SIGN_IN_VERBS))
        .order_by(Event.id.desc())
        .limit(limit)
    )
    return db.session.scalars(query).all()


def kept_form(token_hash: str) -> KeptForm | None:
    """What was kept under the token with this hash, while it is not a day old."""
    query = select(KeptForm).where(KeptForm.token_hash == token_hash, KeptForm.created_at > now() - KEPT_FOR)
    return db.session.scalar(query)


def kept_before() -> datetime:
    """The moment before which kept forms are deleted."""
    return now() - KEPT_FOR
