"""The audit trail: who did what to what, when, from where.  Rows are append-only; the database refuses changes.

`record` writes in the transaction of the change it tells of.  `record_read` writes at once, in a transaction of its
own, before the thing is shown: a read that cannot be recorded does not happen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from flask import g, has_request_context, request
from sqlalchemy import BigInteger, Index, desc
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import now
from portal.core.db import HasId, Model, db, separate_transaction


class Event(HasId, Model):
    """One line of the audit trail.  `actor_id` is a person's id, or empty for the portal itself."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_thing", "thing_type", "thing_id", desc("id")),
        Index("ix_audit_event_actor", "actor_id", desc("id")),
        Index("ix_audit_event_at", "at", postgresql_using="brin"),  # rows lie in the order of time
        Index("ix_audit_event_verb", "verb", desc("id")),
    )

    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_name: Mapped[str]
    verb: Mapped[str]
    thing_type: Mapped[str]
    thing_id: Mapped[int | None] = mapped_column(BigInteger)
    thing_name: Mapped[str]
    facts: Mapped[dict[str, Any]]
    address: Mapped[str | None] = mapped_column(INET)
    request_id: Mapped[str | None]


def _event(actor: Any, verb: str, thing: Any, facts: dict[str, Any]) -> Event:
    in_request = has_request_context()
    return Event(
        at=now(),
        actor_id=getattr(actor, "id", None),
        actor_name=str(actor) if getattr(actor, "id", None) else "The portal",
        verb=verb,
        thing_type=type(thing).__tablename__ if thing is not None else "",
        thing_id=getattr(thing, "id", None),
        thing_name=str(thing) if thing is not None else "",
        facts=facts,
        address=_address() if in_request else None,
        request_id=g.get("request_id") if in_request else None,
    )


def _address() -> str | None:
    """Where the request came from; None for what a proxy wrote that is no address, so that no read fails for it."""
    try:
        return str(ip_address(request.remote_addr or ""))
    except ValueError:
        return None


def record(actor: Any, verb: str, thing: Any, **facts: Any) -> None:
    """Write a line in the present transaction.

    In: the acting person (or None for the portal itself), a verb in the past tense such as `application.moved`, the
    row it was done to (flushed, so that it has an id), and facts that JSON can hold.
    """
    if thing is not None and getattr(thing, "id", None) is None:
        db.session.flush()
    db.session.add(_event(actor, verb, thing, facts))


def record_read(actor: Any, verb: str, thing: Any, **facts: Any) -> None:
    """Write a line at once, whatever becomes of the request: for reads, which save nothing themselves."""
    record_reads(actor, Read(verb, thing, facts))


@dataclass(frozen=True)
class Read:
    """What somebody is about to read, as the trail writes it."""

    verb: str
    thing: Any
    facts: Mapping[str, Any] = field(default_factory=dict)


def record_reads(actor: Any, *reads: Read) -> None:
    """The same for what one page shows together; one statement."""
    with separate_transaction() as session:
        session.add_all([_event(actor, one.verb, one.thing, dict(one.facts)) for one in reads])
