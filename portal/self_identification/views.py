"""The page that asks, once; and the admin's pages of wording and reports."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.applications import companions
from portal.applications import queries as application_queries
from portal.applications.blueprint import denied
from portal.applications.companions import Panel
from portal.applications.models import Application
from portal.catalogue.models import Cycle
from portal.core.access import Denied, can, guard
from portal.core.clock import now
from portal.core.db import db
from portal.self_identification import (
    actions,
    queries,
    rules,  # noqa: F401 - the rules that the routes below name
)
from portal.self_identification.disclosure import FEWEST
from portal.self_identification.forms import DEFAULT_INTRO, DEFAULT_QUESTIONS, WordingForm, answer_form, chosen
from portal.self_identification.models import SelfIdReport

bp = Blueprint("self_identification", __name__)
bp.register_error_handler(Denied, denied)


class _Companion(companions.Companion):
    """A line on the applicant's page that leads to the questions, until they are sent."""

    def panels(self, application: Application, user: object) -> list[Panel]:
        if not can(user, "application.self_identify", application):
            return []
        return [Panel("self_identification/panel.html", {"application": application})]

    def deleted(self, application: Application) -> tuple[str, ...]:
        actions.forget([application.id])
        return ()


companions.register(_Companion())


@bp.route("/applications/<int:application_id>/self-identification", methods=["GET", "POST"])
@guard("application.self_identify", application=application_queries.by_id)
def ask(application: Application) -> ResponseReturnValue:
    """The questions in force; sending them, with whatever choices, is the end of it."""
    wording = queries.wording() or abort(404)
    form = answer_form(wording)
    if form.validate_on_submit():
        actions.answer(application, choices=chosen(form, wording))
        flash("Thank you.|We do not ask again.")
        return redirect(url_for("applications.show", application_id=application.id), 303)
    page = render_template("self_identification/ask.html", form=form, wording=wording, application=application)
    return page, 422 if form.errors else 200


@bp.route("/admin/self-identification", methods=["GET", "POST"])
@guard("self_identification.manage")
def settings() -> ResponseReturnValue:
    """Whether people are asked, in which words, and the reports of closed cycles."""
    present = queries.wording()
    form = WordingForm(data=_shown())
    if not form.is_submitted():
        return _settings_page(form)
    if not form.validate():
        return _settings_page(form), 422
    try:
        made = actions.put_in_force(
            is_on=bool(form.is_on.data),
            intro=form.intro.data or "",
            questions=form.asked(),
            seen=_number(form.seen.data or ""),
            by=current_user._get_current_object(),
            now=now(),
        )
    except actions.ChangedMeanwhile:
        form.seen.data = str(present.id if present else 0)
        form.form_errors.append("Someone else saved first. Theirs is the newest below; save again to keep yours.")
        return _settings_page(form), 409
    flash(f"Saved.|{'Applicants are asked in these words from now on.' if made.is_on else 'Nobody is asked.'}")
    return redirect(url_for(".settings"), 303)


def _number(text: str) -> int:
    """The id that a hidden field holds; -1, which is the id of nothing, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _shown() -> dict[str, object]:
    """What the form begins with: what is in force, or words to begin with."""
    present = queries.wording()
    if present is None:
        return {"seen": "0", "is_on": False, "intro": DEFAULT_INTRO, "questions": DEFAULT_QUESTIONS}
    questions = [{"label": each["label"], "choices": "\n".join(each["choices"])} for each in present.questions]
    return {"seen": str(present.id), "is_on": present.is_on, "intro": present.intro, "questions": questions}


def _settings_page(form: WordingForm) -> str:
    return render_template(
        "self_identification/settings.html",
        form=form,
        wordings=queries.wordings(),
        cycles=queries.reportable(now()),
        fewest=FEWEST,
    )


@bp.post("/admin/self-identification/reports/<int:cycle_id>")
@guard("self_identification.manage", cycle=application_queries.cycle_by_id)
def make_report(cycle: Cycle) -> ResponseReturnValue:
    """Count a closed cycle, once."""
    try:
        actions.make_report(cycle, by=current_user._get_current_object(), now=now())
    except actions.TooEarly:
        flash("This cycle cannot be counted yet.|Wait until it has been closed for a week.", "bad")
        return redirect(url_for(".settings"), 303)
    except actions.AlreadyMade:
        flash("This cycle was counted already.|Its report stays as it is.")
    return redirect(url_for(".report", cycle_id=cycle.id), 303)


@bp.get("/admin/self-identification/reports/<int:cycle_id>")
@guard("self_identification.manage", cycle=application_queries.cycle_by_id)
def report(cycle: Cycle) -> str:
    """The report of a cycle as it was made."""
    found = db.session.get(SelfIdReport, cycle.id) or abort(404)
    return render_template("self_identification/report.html", report=found, cycle=cycle, fewest=FEWEST)
