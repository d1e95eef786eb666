"""Reading extensions: those of a cycle, and the deadline of one person."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import Person
from portal.applications.extension_models import Extension
from portal.applications.models import Application, own_deadline
from portal.applications.team_models import TeamMember
from portal.catalogue.models import Cycle
from portal.core.db import db


def in_force(cycle_id: int, person_id: int) -> Extension | None:
    """The extension of a person in a cycle that holds now, or None."""
    return db.session.scalar(
        select(Extension).where(
            Extension.cycle_id == cycle_id, Extension.person_id == person_id, Extension.revoked_at.is_(None)
        )
    )


def deadline_of(cycle: Cycle, person: Person) -> datetime | None:
    """The deadline that a person is shown: the cycle's, or a later one of their own; None where it is rolling.

    What belongs to their application and is due with it, such as letters, is due then.
    """
    return own_deadline(cycle, in_force(cycle.id, person.id))


def by_id(extension_id: int) -> Extension | None:
    """An extension with its listing and person."""
    return db.session.scalar(
        select(Extension)
        .where(Extension.id == extension_id)
        .options(joinedload(Extension.cycle).joinedload(Cycle.opportunity), joinedload(Extension.person))
    )


def apply_together(cycle_id: int, one: int, other: int) -> bool:
    """Whether two people have, or ever had, a part in the same application to a cycle."""

    def part(person_id: int) -> ColumnElement[bool]:
        joined = select(TeamMember.application_id).where(TeamMember.person_id == person_id)
        return or_(Application.person_id == person_id, Application.id.in_(joined))

    shared = exists().where(Application.cycle_id == cycle_id, Application.is_test.is_(False), part(one), part(other))
    return bool(db.session.scalar(select(shared)))


def of_cycle(cycle_id: int) -> Sequence[Extension]:
    """All that were ever granted in a cycle, newest first, with the people they name."""
    return db.session.scalars(
        select(Extension)
        .where(Extension.cycle_id == cycle_id)
        .order_by(Extension.id.desc())
        .options(
            joinedload(Extension.person).lazyload(Person.memberships),
            joinedload(Extension.granted_by).lazyload(Person.memberships),
        )
    ).all()
