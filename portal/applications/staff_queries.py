"""What the pages of coordinators read of applications."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, any_, literal, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import Person
from portal.applications.models import Application, Note
from portal.applications.queries import of_others
from portal.catalogue.models import Cycle
from portal.core.db import db

MOST_CHOSEN = 200
LARGEST_ID = 2**63 - 1


def chosen_in(cycle: Cycle, ids: Collection[int], *, by: Any) -> Sequence[Application]:
    """The submitted applications of a cycle with these ids, by name; never one that the staff member has a part in.

    Unknown ids and those of other cycles are left out, as is what goes beyond `MOST_CHOSEN`.
    """
    known = [key for key in ids if 0 < key <= LARGEST_ID]
    return db.session.scalars(
        select(Application)
        .where(
            Application.id == any_(literal(known, ARRAY(BigInteger))),  # one parameter, however many ids
            Application.cycle_id == cycle.id,
            Application.submitted_at.is_not(None),
            Application.is_test.is_(False),
            of_others(by.id),
        )
        .order_by(Application.sort_name, Application.id)
        .limit(MOST_CHOSEN)
        .options(
            joinedload(Application.person).lazyload(Person.memberships),
            joinedload(Application.form),
            joinedload(Application.change_request),
        )
    ).all()


def notes_of(application_id: int) -> Sequence[Note]:
    """The notes of staff on an application, newest first."""
    return db.session.scalars(
        select(Note)
        .where(Note.application_id == application_id)
        .order_by(Note.id.desc())
        .options(joinedload(Note.author).lazyload(Person.memberships))
    ).all()
