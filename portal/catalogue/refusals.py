"""Why a change to the catalogue does not happen, as errors that pages can explain beside what was typed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import IntegrityError

from portal.core.db import db, violated_constraint

FROZEN = "form_frozen"


class Refused(Exception):
    """The change contradicts something else.  `errors` are sentences by field; "" stands for no single field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


class NotReady(Exception):
    """Something cannot be published yet.  `gaps` are sentences that say what is missing."""

    def __init__(self, gaps: list[str]) -> None:
        super().__init__("; ".join(gaps))
        self.gaps = gaps


class Frozen(Exception):
    """What people have already seen stays as it is; a new version can differ."""


class ChangedMeanwhile(Exception):
    """Somebody else saved first; nothing was changed."""


class Gone(Exception):
    """Somebody else took it away first; there is nothing left to change."""


def lock(thing: Any, version: int | None) -> None:
    """Hold the row until the end of the transaction, with its present values.

    In: the version that the person had in front of them, or None where there was none.  Raises ChangedMeanwhile.
    """
    db.session.refresh(thing, with_for_update={"of": type(thing)})  # not the rows that were joined to it
    if version is not None and thing.version != version:
        raise ChangedMeanwhile


@contextmanager
def judged(sentences: Mapping[str, tuple[str, str]]) -> Iterator[None]:
    """Let the database judge the block.

    In: (field, sentence) by name of constraint.  Raises Refused for these, Frozen for a published form; any other
    violation passes through.
    """
    try:
        with db.session.begin_nested():
            yield
            db.session.flush()
    except IntegrityError as error:
        constraint = violated_constraint(error)
        if constraint == FROZEN:
            raise Frozen from error
        if constraint not in sentences:
            raise
        field, sentence = sentences[constraint]
        raise Refused({field: sentence}) from error
