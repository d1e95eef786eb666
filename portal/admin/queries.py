"""What the admin pages read across features."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select, text

from portal.accounts import queries as people
from portal.accounts.models import Membership, Person
from portal.applications import document_queries as documents
from portal.applications.scan_states import ScanState
from portal.catalogue.models import Opportunity, Synonym, Unit
from portal.catalogue.status import Publication
from portal.core import scanner
from portal.core.audit import Event
from portal.core.branding import Branding
from portal.core.db import db
from portal.core.paging import Key, Slice, paginate
from portal.letters import queries as letters
from portal.messaging import queries as messages
from portal.messaging.models import Message
from portal.messaging.status import Delivery

PAGE_SIZE = 50
MOST_ACTORS = 200
HEARTBEAT = timedelta(minutes=1)

VERBS = text(
    # One index look-up a verb: the trail may have millions of rows, and there are some dozens of verbs.
    "WITH RECURSIVE verbs AS ("
    " (SELECT verb FROM audit_event ORDER BY verb LIMIT 1)"
    " UNION ALL SELECT (SELECT verb FROM audit_event WHERE verb > verbs.verb ORDER BY verb LIMIT 1)"
    " FROM verbs WHERE verbs.verb IS NOT NULL"
    ") SELECT verb FROM verbs WHERE verb IS NOT NULL"
)
THING_TYPES = text(
    "WITH RECURSIVE types AS ("
    " (SELECT thing_type FROM audit_event ORDER BY thing_type LIMIT 1)"
    " UNION ALL SELECT (SELECT thing_type FROM audit_event WHERE thing_type > types.thing_type"
    " ORDER BY thing_type LIMIT 1) FROM types WHERE types.thing_type IS NOT NULL"
    ") SELECT thing_type FROM types WHERE thing_type > ''"
)


@dataclass(frozen=True)
class Attention:
    """What an admin should know of first."""

    mail: dict[Delivery, int]
    waiting_since: datetime | None
    worker_alive: bool
    without_contact: Sequence[Opportunity]
    never_confirmed: int
    has_scanner: bool
    files: dict[ScanState, tuple[int, datetime]]
    lost_files: int


def attention(present: datetime) -> Attention:
    """The state of things, in a constant number of queries."""
    # By the database's clock, which wrote it; that of this machine may differ.
    alive = text("SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - :span)")
    without = (
        select(Opportunity)
        .where(Opportunity.state == Publication.PUBLISHED, Opportunity.contact_email == "")
        .order_by(Opportunity.title, Opportunity.id)
        .limit(10)
    )
    unconfirmed = select(func.count()).where(
        Person.confirmed_at.is_(None), Person.active, Person.created_at < present - timedelta(days=7)
    )
    return Attention(
        mail=messages.unfinished(),
        waiting_since=messages.waiting_since(),
        worker_alive=bool(db.session.scalar(alive, {"span": HEARTBEAT})),
        without_contact=db.session.scalars(without).all(),
        never_confirmed=db.session.scalar(unconfirmed) or 0,
        has_scanner=scanner.configured() is not None,
        files=_together(documents.unsettled(), letters.unsettled()),
        lost_files=documents.lost(),
    )


def _together(*found: Mapping[ScanState, tuple[int, datetime]]) -> dict[ScanState, tuple[int, datetime]]:
    """Files of applications and of letters in each state: how many, and since when the first of them."""
    states = {state for each in found for state in each}
    both = {state: [each[state] for each in found if state in each] for state in states}
    return {state: (sum(n for n, _ in rows), min(since for _, since in rows)) for state, rows in both.items()}


def scopes(memberships: Iterable[Membership]) -> dict[int, str]:
    """Where each membership holds, by its id: a unit's or a listing's name, or everywhere."""
    held = list(memberships)
    units = _names(Unit, Unit.name, [m.unit_id for m in held])
    listings = _names(Opportunity, Opportunity.title, [m.opportunity_id for m in held])
    return {m.id: units.get(m.unit_id or 0) or listings.get(m.opportunity_id or 0) or "everywhere" for m in held}


def _names(model: Any, name: Any, ids: Iterable[int | None]) -> dict[int, str]:
    query = select(model.id, name).where(model.id.in_({key for key in ids if key is not None}))
    return {row.id: row[1] for row in db.session.execute(query)}


def scope_choices() -> tuple[Sequence[tuple[int, str]], Sequence[tuple[int, str]]]:
    """Units and listings that a role can be given for: (id, name) each, archived listings left out."""
    units = db.session.execute(select(Unit.id, Unit.name).order_by(Unit.name, Unit.id))
    listings = db.session.execute(
        select(Opportunity.id, Opportunity.title)
        .where(Opportunity.state != Publication.ARCHIVED)
        .order_by(Opportunity.title, Opportunity.id)
    )
    return [(key, name) for key, name in units], [(key, name) for key, name in listings]


def mail_page(*, states: Sequence[Delivery], words: str, after: str, before: str) -> Slice:
    """One page of the mail log, latest first; the first item of each row is the message."""
    query = messages.matching(states=states, words=words)
    return paginate(db.session, query, [Key(Message.id, descending=True)], size=PAGE_SIZE, after=after, before=before)


def trail(
    *,
    who: str = "",
    verb: str = "",
    thing_type: str = "",
    thing_id: int | None = None,
    since: date | None = None,
    until: date | None = None,
    zone: ZoneInfo,
) -> Select[Event]:
    """Events by person (words of the name or address; `portal` for the portal itself), verb, thing and days.

    Days are whole days of the zone, both included.
    """
    query = select(Event)
    if who.strip().casefold() == "portal":
        query = query.where(Event.actor_id.is_(None))
    elif who.strip():
        found = people.matching(who).with_only_columns(Person.id).order_by(Person.id).limit(MOST_ACTORS)
        query = query.where(Event.actor_id.in_(found))
    if verb:
        query = query.where(Event.verb == verb)
    if thing_type:
        query = query.where(Event.thing_type == thing_type)
    if thing_id is not None:
        query = query.where(Event.thing_id == thing_id)
    if since:
        query = query.where(Event.at >= datetime.combine(since, time(), zone))
    if until:
        query = query.where(Event.at < datetime.combine(until + timedelta(days=1), time(), zone))
    return query


def trail_page(query: Select[Event], *, after: str, before: str) -> Slice:
    """One page of the trail, latest first; the first item of each row is the event."""
    return paginate(db.session, query, [Key(Event.id, descending=True)], size=PAGE_SIZE, after=after, before=before)


def verbs() -> list[str]:
    """Every verb that the trail knows."""
    return list(db.session.scalars(VERBS))


def thing_types() -> list[str]:
    """Every type of thing that the trail knows."""
    return list(db.session.scalars(THING_TYPES))


def branding() -> Branding | None:
    """The row of settings, where somebody has saved any."""
    return db.session.scalar(select(Branding))


def synonyms() -> Sequence[Synonym]:
    """All groups of words that mean the same, in the order in which they were added."""
    return db.session.scalars(select(Synonym).order_by(Synonym.id)).all()
