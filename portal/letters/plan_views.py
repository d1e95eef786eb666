"""The page of a listing's editor on which a cycle's letters are planned."""

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.catalogue import staff_queries
from portal.catalogue.models import Cycle
from portal.catalogue.staff_pages import attempt, code, conflict, listing_page
from portal.core.access import guard
from portal.core.db import db
from portal.core.text import plural
from portal.letters import planning, queries
from portal.letters.models import LetterPlan
from portal.letters.staff_forms import PlanForm
from portal.letters.status import Mode

bp = Blueprint("letter_plans", __name__, url_prefix="/admin")


@bp.route("/cycles/<int:cycle_id>/letters", methods=["GET", "POST"])
@guard("letters.manage", cycle=staff_queries.cycle_by_id)
def plan(cycle: Cycle) -> ResponseReturnValue:
    """Which letters a cycle asks for, how many, by when, and in which words."""
    found = db.session.get(LetterPlan, cycle.id)
    form = PlanForm.of(found)
    if form.validate_on_submit() and attempt(form, lambda: _save(cycle, form)):
        flash(f"Letters saved.|{_told(cycle, Mode(form.mode.data))}")
        return redirect(url_for(".plan", cycle_id=cycle.id), 303)
    page = listing_page(
        "letters.html",
        cycle.opportunity,
        "Letters",
        cycle=cycle,
        cycles=staff_queries.cycles_of(cycle.opportunity),
        form=form,
        conflict=conflict(form, found or "0", lambda: PlanForm.of(found, formdata=None)),
    )
    return page, code(form)


def _told(cycle: Cycle, mode: Mode) -> str:
    """What the change means for requests that were made before it."""
    waiting = queries.count_waiting(cycle.id) if mode is Mode.NONE else 0
    if not waiting:
        return "Requests that were made already keep the words that they were made with."
    people = plural(waiting, "person was", "people were")
    return f"{people} asked and did not answer yet. We did not write to them: their links say that no letter is needed."


def _save(cycle: Cycle, form: PlanForm) -> Any:
    return planning.save_plan(cycle, by=current_user, version=form.seen, **form.columns())
