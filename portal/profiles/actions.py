"""Writing profiles."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from portal.accounts.models import Person
from portal.core.db import db
from portal.profiles.models import Profile
from portal.profiles.questions import QUESTIONS

NAMES = frozenset(question.name for question in QUESTIONS)


def save_answers(person: Person, *, answers: Mapping[str, Any], now: datetime) -> None:
    """Put answers into a person's profile, each in place of the one before; None takes one away.

    Two tabs that save different answers at once both keep theirs: the row is held while it is written.  Raises
    KeyError for an answer that no profile holds.
    """
    if strange := answers.keys() - NAMES:
        raise KeyError(", ".join(sorted(strange)))
    db.session.execute(insert(Profile).values(person_id=person.id, answers={}, saved_at=now).on_conflict_do_nothing())
    profile = db.session.get_one(Profile, person.id, with_for_update=True, populate_existing=True)
    merged = {**profile.answers, **answers}
    profile.answers = {name: value for name, value in merged.items() if value is not None}
    profile.saved_at = now
