"""Forms as plain values, for the pages of those who answer and read them.

The database refuses every change to the sections and questions of a published version, so each process reads them
once and keeps them.  A draft of a form is read anew each time.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import select

from portal.catalogue.form_models import Form, Question, Section
from portal.core.db import db

MOST_KEPT = 500


@dataclass(frozen=True, slots=True, eq=False)
class FrozenQuestion:
    """A question as `form_models.Question` has it."""

    id: int
    section_id: int
    key: str
    kind: str
    label: str
    help: str
    required: bool
    settings: dict[str, Any]
    for_reviewers: bool
    identifies: bool
    in_queue: bool
    condition: dict[str, Any]
    profile_field: str

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True, eq=False)
class FrozenSection:
    """A page of the form, as `form_models.Section` has it."""

    id: int
    title: str
    intro: str
    on_invitation: bool
    questions: tuple[FrozenQuestion, ...]

    def __str__(self) -> str:
        return self.title


@dataclass(frozen=True, slots=True, eq=False)
class FrozenForm:
    """One version of a form."""

    id: int
    sections: tuple[FrozenSection, ...]

    @property
    def questions(self) -> list[FrozenQuestion]:
        """All questions in the order people meet them."""
        return [question for section in self.sections for question in section.questions]


_QUESTION = [getattr(Question, each.name) for each in fields(FrozenQuestion)]


def frozen(form: Form) -> FrozenForm:
    """The form's sections and questions: no query where this process has read them before, else two."""
    return frozen_all([form])[form.id]


def frozen_all(forms: Iterable[Form]) -> dict[int, FrozenForm]:
    """Several forms at once, by id; two queries for all those that have to be read."""
    kept: dict[tuple[int, datetime | None], FrozenForm] = current_app.extensions.setdefault("frozen_forms", {})
    # With its moment: a publication that was rolled back and made again may have published something else.
    keys = {form.id: (form.id, form.published_at) for form in forms}
    found = {form_id: form for form_id, key in keys.items() if (form := kept.get(key))}
    missing = keys.keys() - found.keys()
    if missing:
        read = _read(missing)
        found |= read
        if len(kept) + len(read) > MOST_KEPT:
            kept.clear()
        kept |= {keys[form_id]: form for form_id, form in read.items() if keys[form_id][1] is not None}
    return found


def _read(form_ids: Set[int]) -> dict[int, FrozenForm]:
    asked: dict[int, list[FrozenQuestion]] = {}
    rows = db.session.execute(
        select(*_QUESTION)
        .join(Section, Section.id == Question.section_id)
        .where(Section.form_id.in_(form_ids))
        .order_by(Question.position)
    )
    for row in rows:
        question = FrozenQuestion(*row)
        asked.setdefault(question.section_id, []).append(question)
    sections: dict[int, list[FrozenSection]] = {form_id: [] for form_id in form_ids}
    for each in db.session.execute(
        select(Section.form_id, Section.id, Section.title, Section.intro, Section.on_invitation)
        .where(Section.form_id.in_(form_ids))
        .order_by(Section.position)
    ):
        sections[each.form_id].append(FrozenSection(*each[1:], tuple(asked.get(each.id, ()))))
    return {form_id: FrozenForm(form_id, tuple(of)) for form_id, of in sections.items()}
