"""What coordinators decide about letters: a cycle's plan, and that a review starts without them."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.queries import locked
from portal.catalogue.changes import apply
from portal.catalogue.models import Cycle
from portal.catalogue.refusals import ChangedMeanwhile, Refused, judged
from portal.core import audit
from portal.core.db import db
from portal.core.text import clean
from portal.letters.models import LetterOverride, LetterPlan

JUDGEMENTS = {
    "ck_letter_plan_quorum": ("quorum", "Ask for at most as many letters before review as each applicant needs."),
    "ck_letter_plan_wanted": ("wanted", "Ask for 1 to 5 letters."),
    "ck_letter_plan_questions": ("question_1", "Ask at most two questions."),
}


def plan_row(cycle: Cycle) -> LetterPlan:
    """The plan of a cycle, with all defaults where it has none yet."""
    plan = db.session.get(LetterPlan, cycle.id)
    if plan is not None:
        return plan
    db.session.execute(insert(LetterPlan).values(cycle_id=cycle.id, mode="none").on_conflict_do_nothing())
    made = db.session.get(LetterPlan, cycle.id)
    assert made is not None
    return made


def save_plan(cycle: Cycle, *, by: Person, version: int, **values: Any) -> LetterPlan:
    """Change what a cycle asks for.

    In: the version that the person saw, 0 for a cycle without a plan; columns by name.  Requests that were made keep
    the waiver's words they were made with.  Raises Refused, ChangedMeanwhile.
    """
    is_new = db.session.get(LetterPlan, cycle.id) is None
    plan = plan_row(cycle)
    db.session.refresh(plan, with_for_update={"of": LetterPlan})
    if version != (0 if is_new else plan.version):
        raise ChangedMeanwhile
    with judged(JUDGEMENTS):
        changes = apply(plan, values)
    if changes:
        audit.record(by, "letter-plan.changed", cycle, changes=changes)
    return plan


def override(application: Application, *, reason: str, by: Person, now: datetime) -> None:
    """Let the review of an application start without the letters it waits for.  Raises Refused without a reason."""
    words = clean(reason).strip()
    if not words:
        raise Refused({"reason": "Say why review starts without the letters."})
    locked(application.id)
    row = db.session.get(LetterOverride, application.id) or LetterOverride(application_id=application.id)
    row.person_id, row.at, row.reason = by.id, now, words
    db.session.add(row)
    audit.record(by, "letters.overridden", application, reason=words)
