"""Copies of forms, rubrics and cycles: always drafts, and questions keep their keys."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from portal.catalogue.cycle_dates import STAGE_DATES
from portal.catalogue.form_models import Criterion, Form, Question, Section
from portal.catalogue.models import Cycle, CycleDate, Opportunity
from portal.catalogue.names import next_code, next_name
from portal.catalogue.refusals import Refused
from portal.catalogue.staff_queries import criteria_of, newest_form
from portal.catalogue.status import Publication
from portal.core.clock import now
from portal.core.db import db

SECTION_COLUMNS = ("position", "title", "intro", "on_invitation")
QUESTION_COLUMNS = (
    "key", "position", "kind", "label", "help", "required", "for_reviewers", "identifies", "in_queue", "profile_field",
)  # fmt: skip
TEAM_COLUMNS = ("takes_teams", "team_min", "team_max")
ENDORSEMENT_COLUMNS = ("endorser", "endorsement_wording", "endorsement_keys", "endorsement_shown")
CYCLE_COLUMNS = (
    "is_rolling",
    "grace_minutes",
    "seats",
    "reviewers_each",
    "minutes_to_apply",
    "edits_until_deadline",
    "sample_fields",
    *TEAM_COLUMNS,
    *ENDORSEMENT_COLUMNS,
)
CYCLE_TIMES = ("opens_at", "closes_at", "reviews_due_at", *STAGE_DATES, "starts_on", "endorsement_due_at")

Shift = Callable[[Any], Any]


def copy_form(source: Form, *, to: Cycle, number: int) -> Form:
    """A draft of that number with the source's sections and questions."""
    made = Form(cycle=to, number=number, state=Publication.DRAFT)
    made.sections += copied_sections(source)
    db.session.add(made)
    db.session.flush()
    return made


def copied_sections(source: Form) -> list[Section]:
    """The sections of a form with their questions, as new rows; questions keep their keys."""
    made = []
    for section in source.sections:
        copied = Section(**{name: getattr(section, name) for name in SECTION_COLUMNS})
        copied.questions = [
            Question(
                **{name: getattr(q, name) for name in QUESTION_COLUMNS},
                settings=dict(q.settings),
                condition=dict(q.condition),
            )
            for q in section.questions
        ]
        made.append(copied)
    return made


def replace_form(draft: Form, source: Form) -> Form:
    """Put the source's sections and questions in the place of those of a draft."""
    draft.sections.clear()
    db.session.flush()
    draft.sections += copied_sections(source)
    db.session.flush()
    return draft


def copied_code(source: Cycle, *, years: int) -> str:
    """A free code like the source's, so many years on; empty where no letter is left."""
    return next_code(source.code, set(db.session.scalars(select(Cycle.code))), years=years)


def copied_name(source: Cycle, to: Opportunity, *, years: int) -> str:
    """A free name like the source's, so many years on."""
    names = set(db.session.scalars(select(Cycle.name).where(Cycle.opportunity_id == to.id)))
    return next_name(source.name, names, years=years)


def copy_cycle(source: Cycle, *, to: Opportunity, shift: Shift | None = None, name: str = "", code: str = "") -> Cycle:
    """A draft cycle of a listing like the source, with its form and rubric as drafts.

    In: what moves a date or moment (None leaves all dates out), its name and code if they are chosen.  Raises Refused
    where no code is free.
    """
    code = code or copied_code(source, years=0)
    if not code:
        raise Refused({"code": f"No code like {source.code} is free. Choose another."})
    made = Cycle(
        opportunity=to,
        name=name or copied_name(source, to, years=0),
        code=code,
        created_at=now(),
        **{column: getattr(source, column) for column in CYCLE_COLUMNS},
    )
    if shift:
        with db.session.no_autoflush:  # the source's dates may have to be read while the copy is half made
            for column in CYCLE_TIMES:
                value: date | datetime | None = getattr(source, column)
                setattr(made, column, None if value is None else shift(value))
            made.dates = [
                CycleDate(label=d.label, starts_on=shift(d.starts_on), ends_on=d.ends_on and shift(d.ends_on))
                for d in source.dates
            ]
    db.session.add(made)
    db.session.flush()
    if form := newest_form(source):
        copy_form(form, to=made, number=1)
    for c in criteria_of(source):
        copied = {"position": c.position, "label": c.label, "help": c.help, "weight": c.weight}
        db.session.add(Criterion(cycle_id=made.id, anchors=dict(c.anchors), **copied))
    db.session.flush()
    return made
