"""The profile in three steps: the person, their work, and what only licensed professions have."""

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts.actions import update_profile
from portal.accounts.forms import ProfileForm
from portal.accounts.views import PROFILE
from portal.catalogue.answer_forms import place_faults, pressed
from portal.catalogue.parts_kind import rearranged
from portal.catalogue.question_kind import Fault
from portal.core.access import signed_in
from portal.core.clock import now
from portal.profiles import queries
from portal.profiles.actions import save_answers
from portal.profiles.forms import Row, faults_of, read_step, step_form
from portal.profiles.questions import PRACTICE, WORK, asked

DONE = "accounts.account"
bp = Blueprint("profiles", __name__, url_prefix="/profile")


@bp.route("", methods=["GET", "POST"])
@signed_in
def person() -> ResponseReturnValue:
    """Name, credentials, phone: the account's own facts, kept once."""
    form = ProfileForm(current_user, current_app.config["SETTINGS"].time_zone)
    if form.validate_on_submit():
        update_profile(current_user._get_current_object(), **{name: form[name].data for name in PROFILE})
        return redirect(url_for("profiles.work"), 303)
    page = render_template("profiles/person.html", form=form, steps=_steps("profiles.person"))
    return page, 422 if form.errors else 200


@bp.route("/work", methods=["GET", "POST"])
@signed_in
def work() -> ResponseReturnValue:
    """Profession, position, training and employment."""
    return _step(WORK, "Your work", "profiles.practice")


@bp.route("/practice", methods=["GET", "POST"])
@signed_in
def practice() -> ResponseReturnValue:
    """NPI, licenses and boards, of those whose profession has them; others are led past it."""
    if not asked(PRACTICE, _answers().get("profession")):
        return redirect(url_for(DONE), 303)
    return _step(PRACTICE, "License and certification", DONE)


def _answers() -> dict[str, Any]:
    found = queries.of_person(current_user.id)
    return dict(found.answers) if found else {}


def _step(step: str, title: str, following: str) -> ResponseReturnValue:
    """A step's page; what is wrong is named, and what was typed stays in the form.

    A button of a row adds, moves or removes it and shows the form again; nothing is saved by it.
    """
    answers = _answers()
    questions = asked(step, answers.get("profession"))
    faults: dict[str, list[Fault]] = {}
    one_more = ""
    if request.method == "POST":
        sent = request.form.to_dict(flat=False)
        name, act, at = pressed(request.form.get("entries", ""), [question.name for question in questions])
        one_more = name if act == "add" else ""
        typed = read_step(questions, rearranged(sent, name, act, at) if name else sent)
        faults = {} if name else faults_of(questions, typed)
        if not name and not faults:
            save_answers(current_user._get_current_object(), answers=typed, now=now())
            flash("Your profile is saved.|It fills in the applications that you start from now on.")
            return redirect(url_for(following), 303)
        answers |= typed
    form = step_form(questions, answers, one_more=one_more)
    for name, found in faults.items():
        place_faults(form[name], found)
    rows = [Row(question, answers.get(question.name)) for question in questions]
    steps = _steps(f"profiles.{step}")
    page = render_template("profiles/step.html", form=form, title=title, rows=rows, steps=steps)
    return page, 422 if faults else 200


def _steps(here: str) -> list[dict[str, str]]:
    """The steps that apply, for the list beside the page."""
    titles = {"profiles.person": "About you", "profiles.work": "Your work"}
    if asked(PRACTICE, _answers().get("profession")):
        titles["profiles.practice"] = "License and certification"
    return [
        {"title": title, "url": url_for(endpoint), "state": "now" if endpoint == here else ""}
        for endpoint, title in titles.items()
    ]
