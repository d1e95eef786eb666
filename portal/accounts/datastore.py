"""Flask-Security's datastore on our models and under the commit rule."""

from functools import cache
from typing import Any

from flask_security import SQLAlchemyUserDatastore
from flask_security.core import AnonymousUser
from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.base import ExecutableOption

from portal.accounts.actions import create_person
from portal.accounts.models import Membership, Passkey, Person
from portal.core.db import db

more_of_session: list[ExecutableOption] = []
"""What packages above want to have read of whoever is signed in, with the person, since nearly each page asks it."""


@cache
def _of_session() -> Select[Person]:
    """Asked by every page of somebody signed in, so it is built once; nearly all of these ask for memberships too."""
    query = select(Person).where(Person.fs_uniquifier == bindparam("uniquifier"))
    return query.options(joinedload(Person.memberships), *more_of_session)


class Datastore(SQLAlchemyUserDatastore):
    """Flask-Security's datastore, except that it never commits: the commit rule does."""

    def find_user(self, case_insensitive: bool = False, **criterion: Any) -> Person | None:
        """The person with this value in one column; whose session it is comes with their memberships, in one query."""
        if uniquifier := criterion.get("fs_uniquifier"):
            return db.session.scalars(_of_session(), {"uniquifier": uniquifier}).unique().one_or_none()
        return super().find_user(case_insensitive, **criterion)  # type: ignore[return-value]  # people are our users

    def commit(self) -> None:
        """Make the change visible to the rest of the request; the commit rule decides whether it stays."""
        self.db.session.flush()

    def create_user(self, **fields: Any) -> Person:
        """Make the account of somebody who registered.  Raises EmailTaken."""
        return create_person(
            fields["email"],
            given_name=fields["given_name"],
            family_name=fields["family_name"],
            credentials=fields["credentials"],
            password_hash=fields["password"],
        )


class Visitor(AnonymousUser):
    """Somebody who is not signed in."""

    memberships: tuple[Membership, ...] = ()
    id = None
    time_zone = ""


datastore = Datastore(db, Person, Membership, Passkey)  # type: ignore[arg-type]  # memberships are not its roles
