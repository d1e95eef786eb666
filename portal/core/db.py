"""The database: base class of all models, naming of constraints, the commit rule, transactions outside requests.

The commit rule, stated once: a write answered below 400 commits; everything else, and every GET, rolls back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import Enum as PythonEnum
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import psycopg
from flask import Flask, Response, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, Enum, Identity, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, registry

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


_WORDS = Enum(PythonEnum, native_enum=False, length=40, values_callable=lambda words: [word.value for word in words])


class Base(DeclarativeBase):
    """Declarative base; times carry their zone, text has no length, words of an enum are stored as text,
    dictionaries as JSONB."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: DateTime(timezone=True),
            str: Text(),
            StrEnum: _WORDS,
            dict[str, Any]: JSONB(),
            list[Any]: JSONB(),
        },
    )


# A session on a connection that is in a transaction already, as in the tests, works in a savepoint of it.
db = SQLAlchemy(
    model_class=Base, disable_autonaming=True, session_options={"join_transaction_mode": "create_savepoint"}
)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class HasId:
    """A surrogate key that the database hands out."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True, sort_order=-1)


def init_app(app: Flask) -> None:
    """Attach the database and the commit rule to the application."""
    db.init_app(app)
    app.after_request(settle)


def settle(response: Response) -> Response:
    """Carry out the commit rule; a commit that fails raises and so never reports success."""
    if request.method in SAFE_METHODS or response.status_code >= 400:
        db.session.rollback()
    else:
        db.session.commit()
    return response


@contextmanager
def transaction() -> Iterator[None]:
    """One transaction for a job or a command: commits at the end, rolls back when something is raised."""
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


@contextmanager
def separate_transaction() -> Iterator[Session]:
    """A session of its own that commits at once: for what must stand whatever becomes of the request."""
    with Session(db.engine, join_transaction_mode="create_savepoint") as session, session.begin():
        yield session


def driver_connection() -> psycopg.Connection[Any]:
    """The psycopg connection on which the present session works; jobs deferred on it share its transaction."""
    connection = db.session.connection().connection.driver_connection
    assert connection is not None
    return connection  # type: ignore[no-any-return]


def violated_constraint(error: IntegrityError) -> str:
    """Name of the constraint that refused a write, or an empty string."""
    diag = getattr(error.orig, "diag", None)
    return (diag.constraint_name or "") if diag is not None else ""
