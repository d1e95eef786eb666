"""Decisions: the intakes, the board of one, the decision on an application, and the release of letters."""

import re

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.applications.models import Application
from portal.applications.status import Status, find_step
from portal.catalogue.models import Cycle
from portal.core.access import guard
from portal.core.clock import now
from portal.core.text import plural
from portal.messaging.rendering import Words, render
from portal.selection import actions, queries, rules  # noqa: F401 - registers the rules
from portal.selection.forms import LetterForm
from portal.selection.letters import PLACEHOLDERS, Text, fill, values_of
from portal.selection.models import Decision
from portal.selection.status import Outcome

bp = Blueprint("selection", __name__, url_prefix="/manage")

Answer = str | Response | tuple[str, int]
LETTER = re.compile(r"([0-9]{1,18}):([0-9]{1,18})")


@bp.get("/decisions")
@guard("decision.enter")
def decisions() -> str:
    """The intakes one runs, with how far their decisions are."""
    rows, page = queries.intakes(
        current_user, after=request.args.get("after", ""), before=request.args.get("before", "")
    )
    return render_template("selection/decisions.html", intakes=rows, page=page)


@bp.get("/cycles/<int:cycle_id>/decisions")
@guard("cycle.decide", cycle=queries.cycle_by_id)
def board(cycle: Cycle) -> str:
    """The applications of an intake, ranked by their reviews, with the cut line at its places."""
    ranked = queries.board(
        cycle, by=current_user, after=request.args.get("after", ""), before=request.args.get("before", "")
    )  # fmt: skip
    return render_template("selection/board.html", cycle=cycle, board=ranked)


@bp.get("/applications/<int:application_id>/decision")
@guard("decision.write", application=queries.by_id)
def decision(application: Application) -> Answer:
    """Choose the outcome and read the letter, filled from the application."""
    found = queries.open_decision(application.id)
    if found is None and not find_step(application.status, Status.DECIDED):
        return _settled(application)
    outcome = _outcome(request.args.get("outcome", "")) or (found.outcome if found else Outcome.OFFER)
    letter = fill(queries.templates_for(application.cycle.opportunity_id)[outcome], values_of(application))
    if found is not None and found.outcome is outcome:
        letter = Text(found.subject, found.body)
    form = LetterForm(
        formdata=None, data={"subject": letter.subject, "body": letter.body, "version": found.version if found else 0}
    )
    return _decision(application, found, outcome, form)


@bp.post("/applications/<int:application_id>/decision")
@guard("decision.write", application=queries.by_id)
def decide(application: Application) -> Answer:
    """Keep decision and letter, private to staff, and show the mail as it would go."""
    outcome = _outcome(request.form.get("outcome", ""))
    if outcome is None:
        abort(400, "Choose an outcome, then save the decision.")
    form = LetterForm()
    if not form.validate():
        return _decision(application, queries.open_decision(application.id), outcome, form), 422
    try:
        actions.decide(
            application, outcome=outcome, letter=form.text, version=form.version.data or 0, by=current_user, now=now()
        )
    except actions.DecisionChanged as changed:
        return _changed(application, outcome, form, changed.decision), 409
    except actions.CannotDecide:
        return _changed(application, outcome, form, None), 409
    flash(f"Decision saved: {outcome.label}.|It is private to staff. Read the letter, then send it.")
    return redirect(url_for("selection.check_letter", application_id=application.id), 303)


@bp.get("/applications/<int:application_id>/decision/check")
@guard("decision.release", application=queries.by_id)
def check_letter(application: Application) -> Answer:
    """The mail exactly as it goes, and to whom."""
    found = queries.open_decision(application.id)
    if found is None or application.status is not Status.DECIDED:
        return _settled(application)
    return render_template(
        "selection/check.html", application=application, decision=found, mail=_mail(found),
        step=find_step(application.status, found.outcome.status),
    )  # fmt: skip


@bp.post("/applications/<int:application_id>/decision/release")
@guard("decision.release", application=queries.by_id)
def release(application: Application) -> Answer:
    """Send the letter; from then on the decision is fixed."""
    try:
        sent = actions.release(
            application, version=request.form.get("version", -1, type=int), by=current_user, now=now()
        )
    except actions.DecisionChanged:
        abort(409, "The decision or its letter changed since you read it. Nothing was sent. Read it again, then send.")
    flash(
        f"Letter sent to {application.person.full_name}.|They can read it on their application's page too."
        if sent
        else "This letter had gone already.|Nothing was sent again."
    )
    return redirect(url_for("selection.board", cycle_id=application.cycle_id), 303)


@bp.post("/applications/<int:application_id>/decision/take-back")
@guard("decision.write", application=queries.by_id)
def take_back(application: Application) -> Answer:
    """Void a decision that was not sent."""
    try:
        actions.take_back(application, by=current_user, now=now())
    except actions.CannotDecide:
        abort(409, f"There is no unsent decision on {application}. It is now: {application.status.label}.")
    flash("Decision taken back.|Its letter is void, nobody was written to. The application is at the panel again.")
    return redirect(url_for("selection.decision", application_id=application.id), 303)


@bp.get("/cycles/<int:cycle_id>/decisions/release")
@guard("cycle.decide", cycle=queries.cycle_by_id)
def check_letters(cycle: Cycle) -> str:
    """Every letter that would go, with its name and address, before any goes."""
    ready = queries.ready_letters(cycle, by=current_user)
    return render_template("selection/release.html", cycle=cycle, ready=ready, most=queries.MOST_LETTERS)


@bp.post("/cycles/<int:cycle_id>/decisions/release")
@guard("cycle.decide", cycle=queries.cycle_by_id)
def release_many(cycle: Cycle) -> Response:
    """Send those letters that are still as they were shown; pressing twice sends nothing twice."""
    versions = dict(filter(None, map(_pair, request.form.getlist("letter"))))
    done = actions.release_all(
        versions, among=queries.ready_letters(cycle, by=current_user), by=current_user, now=now()
    )  # fmt: skip
    left = len(versions) - len(done.sent)
    words = (
        f"{plural(left, 'letter')} had gone already, or changed since you checked; read them again." if left else
        "Each applicant can read their letter on their application's page too."
    )  # fmt: skip
    flash(f"{plural(len(done.sent), 'letter')} sent.|{words}")
    return redirect(url_for("selection.board", cycle_id=cycle.id), 303)


def _outcome(word: str) -> Outcome | None:
    return Outcome(word) if word in set(Outcome) else None


def _pair(value: str) -> tuple[int, int] | None:
    """`12:3`, the id and the version of a decision, as numbers."""
    found = LETTER.fullmatch(value)
    return (int(found[1]), int(found[2])) if found else None


def _mail(found: Decision) -> Words:
    """The mail as `actions.release` will write it."""
    application = found.application
    return render(
        "decision_letter",
        zone=application.person.time_zone,
        context={
            "to_name": application.person.full_name,
            "reply_to": application.cycle.opportunity.contact_email,
            "unsubscribe_url": "",
            "application": application,
            "cycle": application.cycle,
            "opportunity": application.cycle.opportunity,
            "reason": "",
            **actions.mail_context(found),
        },
    )


def _decision(application: Application, found: Decision | None, outcome: Outcome, form: LetterForm) -> str:
    return render_template(
        "selection/decision.html", application=application, decision=found, outcome=outcome, outcomes=list(Outcome),
        form=form, placeholders=PLACEHOLDERS,
    )  # fmt: skip


def _settled(application: Application) -> tuple[str, int]:
    """The page of an application that cannot be decided now: its letter has gone, or it was withdrawn."""
    return render_template(
        "selection/settled.html", application=application, decision=queries.released(application.id)
    ), 409  # fmt: skip


def _changed(application: Application, outcome: Outcome, form: LetterForm, saved: Decision | None) -> str:
    theirs = [("Outcome", saved.outcome.label), ("Subject", saved.subject), ("Letter", saved.body)] if saved else []
    return render_template(
        "errors/409.html",
        reason=f"Someone else decided on {application}, or moved it, while you had it open. Nothing of yours is saved.",
        mine=[("Outcome", outcome.label), ("Subject", form.subject.data), ("Letter", form.body.data)],
        theirs=theirs,
        back=url_for("selection.decision", application_id=application.id),
    )
