"""Copies of forms, rubrics and cycles: always drafts, and questions keep their keys."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from portal.catalogue.form_models import Criterion, Form, Question, Section
from portal.catalogue.models import Cycle, CycleDate, Opportunity
from portal.catalogue.names import next_code, next_name
from portal.catalogue.refusals import Refused
from portal.catalogue.staff_queries import criteria_of, newest_form
from portal.catalogue.status import Publication
from portal.core.clock import now
from portal.core.db import db

QUESTION_COLUMNS = (
    "key", "position", "kind", "label", "help", "required", "for_reviewers", "identifies", "in_queue", "profile_field",
)  # fmt: skip
TEAM_COLUMNS = ("takes_teams", "team_min", "team_max")
ENDORSEMENT_COLUMNS = ("endorser", "endorsement_wording", "endorsement_keys", "endorsement_shown")
CYCLE_COLUMNS = (
    "grace_minutes",
    "seats",
    "reviewers_each",
    "minutes_to_apply",
    "edits_until_deadline",
    "sample_fields",
    *TEAM_COLUMNS,
    *ENDORSEMENT_COLUMNS,
)
CYCLE_TIMES = ("opens_at", "closes_at", "reviews_due_at", "decisions_by", "starts_on", "endorsement_due_at")

Shift = Callable[[Any], Any]


def copy_form(source: Form, *, to: Cycle, number: int) -> Form:
    """A draft of that number with the source's sections and questions."""
    made = Form(cycle=to, number=number, state=Publication.DRAFT)
    for section in source.sections:
        copied = Section(position=section.position, title=section.title, intro=section.intro)
        copied.questions = [
            Question(
                **{name: getattr(q, name) for name in QUESTION_COLUMNS},
                settings=dict(q.settings),
                condition=dict(q.condition),
            )
            for q in section.questions
        ]
        made.sections.append(copied)
    db.session.add(made)
    db.session.flush()
    return made


def copy_cycle(source: Cycle, *, to: Opportunity, years: int = 0, shift: Shift | None = None) -> Cycle:
    """A draft cycle of a listing like the source, with its form and rubric as drafts.

    In: by how many years names and codes go on, and what moves a date or moment (None leaves all dates out).  Raises
    Refused where no code is free.
    """
    codes = set(db.session.scalars(select(Cycle.code)))
    names = set(db.session.scalars(select(Cycle.name).where(Cycle.opportunity_id == to.id)))
    code = next_code(source.code, codes, years=years)
    if not code:
        raise Refused({"": f"No code like {source.code} is free. Make a new cycle and choose its code."})
    made = Cycle(
        opportunity=to,
        name=next_name(source.name, names, years=years),
        code=code,
        created_at=now(),
        **{name: getattr(source, name) for name in CYCLE_COLUMNS},
    )
    if shift:
        for name in CYCLE_TIMES:
            value: date | datetime | None = getattr(source, name)
            setattr(made, name, None if value is None else shift(value))
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
