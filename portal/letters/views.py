"""The applicant's pages of the people they ask for letters, and the letters themselves for whoever may read them."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.applications.models import Application
from portal.applications.queries import by_id
from portal.applications.rules import belongs
from portal.applications.status import Status
from portal.core import audit
from portal.core.access import can, guard
from portal.core.clock import now
from portal.letters import asking, companion, queries, returns  # noqa: F401 - companion and returns register themselves
from portal.letters.forms import ActForm, AskForm, CorrectForm
from portal.letters.intake import blame
from portal.letters.models import Letter, LetterPlan, LetterRequest
from portal.letters.pages import lines, reading_words, reading_words_before, served
from portal.letters.refusals import Refused
from portal.letters.rules import deadline, plan_of
from portal.letters.status import Mode

bp = Blueprint("letters", __name__, url_prefix="/applications")


@bp.get("/<int:application_id>/recommenders")
@guard("recommender.read", application=by_id)
def recommenders(application: Application) -> str:
    """Everybody asked for a letter, where each request stands, and what can be done."""
    return _list(application)


def _list(application: Application, problem: str = "") -> str:
    standing = queries.standings([application.id])[application.id]
    plan = standing.plan
    shown = lines(application, standing.requests, standing, now=now())
    return render_template(
        "letters/recommenders.html",
        lines=shown,
        words=reading_words(shown) if shown else reading_words_before(plan),
        left=plan.wanted - len(standing.own) if application.status is Status.DRAFT else 0,
        problem=problem,
        act=ActForm(formdata=None),
        **_about(application, plan),
    )


@bp.route("/<int:application_id>/recommenders/new", methods=["GET", "POST"])
@guard("recommender.edit", application=by_id)
def ask(application: Application) -> ResponseReturnValue:
    """Choose about the waiver, then name somebody; `replace` names the request that this one takes the place of."""
    replaced = _replaced(application)
    form = AskForm()
    if form.validate_on_submit() and _ask(application, form, replaced):
        plan = _plan(application)
        mails = plan.mode is Mode.BEFORE_REVIEW and not application.is_test
        told = "We wrote to them." if mails else "Nobody was written to."
        flash(f"{form.name.data} is named.|{told}")
        return redirect(url_for(".recommenders", application_id=application.id), 303)
    page = render_template("letters/ask.html", form=form, replaced=replaced, **_about(application, _plan(application)))
    return page, 422 if form.errors or form.form_errors else 200


def _replaced(application: Application) -> LetterRequest | None:
    """The request that is to be replaced; after submission nobody can be asked but in the place of somebody."""
    raw = request.args.get("replace", "")
    found = [one for one in queries.counting(application.id) if str(one.id) == raw and not one.by_staff]
    if not found and (raw or application.status is not Status.DRAFT):
        abort(404)
    return found[0] if found else None


def _ask(application: Application, form: AskForm, replaced: LetterRequest | None) -> bool:
    try:
        asking.ask(
            application, name=form.name.data or "", address=form.address.data or "", waived=form.waived.data == "yes",
            relation=form.relation.data or "", by=current_user._get_current_object(), now=now(), replaces=replaced,
        )  # fmt: skip
    except Refused as refused:
        blame(form, refused)
        return False
    return True


@bp.route("/<int:application_id>/recommenders/<int:recommender_id>/address", methods=["GET", "POST"])
@guard("recommender.edit", application=by_id)
def correct(application: Application, recommender_id: int) -> ResponseReturnValue:
    """The right address of somebody whose mail came back; the request goes out again."""
    asked = _mine(application, recommender_id)
    form = CorrectForm(data={"name": asked.writer_name, "address": asked.writer_address})
    if form.validate_on_submit():
        try:
            who = current_user._get_current_object()
            asking.correct(asked, name=form.name.data or "", address=form.address.data or "", by=who, now=now())
        except Refused as refused:
            blame(form, refused)
        else:
            flash(f"We wrote to {form.name.data} again.|Their old link opens nothing any more.")
            return redirect(url_for(".recommenders", application_id=application.id), 303)
    page = render_template("letters/correct.html", form=form, asked=asked, **_about(application, _plan(application)))
    return page, 422 if form.errors or form.form_errors else 200


@bp.post("/<int:application_id>/recommenders/<int:recommender_id>/remind")
@guard("recommender.edit", application=by_id)
def remind(application: Application, recommender_id: int) -> ResponseReturnValue:
    """Send a reminder, if one may go."""
    asked = _mine(application, recommender_id)
    try:
        asking.remind(asked, by=current_user._get_current_object(), now=now())
    except Refused as refused:
        return _list(application, refused.reason), 409
    flash(f"We reminded {asked.writer_name}.|You can remind them again in two days.")
    return redirect(url_for(".recommenders", application_id=application.id), 303)


@bp.post("/<int:application_id>/recommenders/<int:recommender_id>/cancel")
@guard("recommender.edit", application=by_id)
def cancel(application: Application, recommender_id: int) -> ResponseReturnValue:
    """Ask somebody no more, while the application is a draft."""
    asked = _mine(application, recommender_id)
    if application.status is not Status.DRAFT:
        abort(404)
    try:
        asking.cancel(asked, by=current_user._get_current_object(), now=now())
    except Refused as refused:
        return _list(application, refused.reason), 409
    flash(f"{asked.writer_name} is not asked any more.|If we had written to them, we told them so.")
    return redirect(url_for(".recommenders", application_id=application.id), 303)


@bp.get("/<int:application_id>/letters/<int:letter_id>")
@guard("recommendation.read", letter=queries.letter_by_id)
def letter(letter: Letter, application_id: int) -> ResponseReturnValue:
    """The letter itself.  A read by anybody but those who apply is recorded before the first byte leaves."""
    application = letter.request.application
    if application.id != application_id:
        abort(404)
    if not belongs(current_user, application):
        who = current_user._get_current_object()
        audit.record_read(who, "recommendation.read", letter, application=application_id)
    return served(letter)


def _mine(application: Application, recommender_id: int) -> LetterRequest:
    found = queries.request_by_id(recommender_id)
    if found is None or found.application_id != application.id or found.by_staff:
        abort(404)
    return found


def _plan(application: Application) -> LetterPlan:
    plan = plan_of(application.cycle_id)
    assert plan is not None  # the rules of these pages ask for it
    return plan


def _about(application: Application, plan: LetterPlan) -> dict[str, Any]:
    """What every page about the letters of an application names."""
    return {
        "application": application,
        "cycle": application.cycle,
        "opportunity": application.cycle.opportunity,
        "plan": plan,
        "due_at": deadline(plan, application),
        "may_edit": bool(can(current_user, "recommender.edit", application)),
    }
