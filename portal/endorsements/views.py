"""The applicant's page of an endorsement, and the pages of whoever is asked, who comes by a link."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.applications.blueprint import denied
from portal.applications.document_views import file_response
from portal.applications.forms import ActForm
from portal.applications.models import Application
from portal.applications.queries import document_by_id, whole
from portal.applications.rules import opens
from portal.core import audit
from portal.core.access import Denied, by_token, guard
from portal.core.clock import now
from portal.endorsements import actions, queries, tasks  # noqa: F401 - the last registers what it adds to applications
from portal.endorsements.actions import EndorsementRefused, FactsChanged
from portal.endorsements.facts import covered_parts, differences, facts_of, fingerprint, must_be_first
from portal.endorsements.forms import AskForm, ConfirmForm, DeclineForm
from portal.endorsements.models import Endorsement
from portal.endorsements.rules import can_answer
from portal.endorsements.status import IN_FORCE, State

bp = Blueprint("endorsements", __name__)
bp.register_error_handler(Denied, denied)


@bp.get("/applications/<int:application_id>/endorsement")
@guard("endorsement.read", application=whole)
def own(application: Application) -> str:
    """Who was asked, what they said, and for the lead whom to ask."""
    return _own_page(application, AskForm())


def _own_page(application: Application, form: AskForm) -> str:
    asked = queries.of_application(application.id)
    last = asked[0] if asked else None
    standing = last if last is not None and last.state in IN_FORCE else None
    reopened = last is not None and last.state is State.REOPENED
    return render_template(
        "endorsements/own.html",
        form=form,
        act=ActForm(),
        asked=asked,
        last=last,
        standing=standing,
        mail=queries.last_message(last) if last is not None else None,
        changes=differences(last.facts, facts_of(application)) if last is not None and reopened else [],
        parts=covered_parts(application),
        is_first=must_be_first(application.cycle),
        most=actions.MOST_REMINDERS,
        application=application,
        cycle=application.cycle,
        opportunity=application.cycle.opportunity,
    )


@bp.post("/applications/<int:application_id>/endorsement")
@guard("endorsement.ask", application=whole)
def ask(application: Application) -> ResponseReturnValue:
    """Ask somebody, in the place of whoever was asked before."""
    form = AskForm()
    if form.validate():
        try:
            made = actions.ask(
                application, name=form.name.data or "", role=form.role.data or "", email=form.email.data or "",
                by=_me(), now=now(),
            )  # fmt: skip
        except EndorsementRefused as refused:
            form.refuse(refused.field, refused.reason)
        else:
            flash(f"{made.name} is asked.|We wrote to {made.email}, and write to you when they answer.")
            return _to_own(application)
    return _own_page(application, form), 422


@bp.post("/applications/<int:application_id>/endorsement/remind")
@guard("endorsement.ask", application=whole)
def remind(application: Application) -> ResponseReturnValue:
    """Write once more to whoever has not answered."""
    standing = queries.in_force(application.id) or abort(409, "Nobody is asked at the moment. Name somebody first.")
    try:
        actions.remind(standing, by=_me(), now=now())
    except EndorsementRefused as refused:
        abort(409, refused.reason)
    flash(f"We wrote to {standing.name} again.|You can remind them {actions.MOST_REMINDERS} times.")
    return _to_own(application)


@bp.post("/applications/<int:application_id>/endorsement/ask-again")
@guard("endorsement.ask", application=whole)
def ask_again(application: Application) -> ResponseReturnValue:
    """Ask at once to confirm what has changed, rather than when nobody has written for a while."""
    standing = queries.in_force(application.id) or abort(409, "Nobody is asked at the moment. Name somebody first.")
    actions.ask_again(standing, by=_me(), now=now())
    flash(f"{standing.name} is asked again.|Our mail names what has changed.")
    return _to_own(application)


def _to_own(application: Application) -> ResponseReturnValue:
    return redirect(url_for("endorsements.own", application_id=application.id), 303)


@bp.get("/endorsements/<string:token>")
@by_token
def asked(token: str) -> ResponseReturnValue:
    """What one is asked to confirm, as it is now, with the two answers; opening the link does nothing."""
    found = queries.by_token(token)
    if found is None:
        return render_template("endorsements/link_ended.html"), 404
    return _asked_page(token, found, ConfirmForm(formdata=None), DeclineForm(formdata=None))


def _asked_page(
    token: str, endorsement: Endorsement, confirm_form: ConfirmForm, decline_form: DeclineForm, *, stale: bool = False
) -> str:
    """The page as it is now: the question, what was answered, or that nothing is asked any more."""
    application = whole(endorsement.application_id) or abort(404)
    about: dict[str, Any] = {
        "endorsement": endorsement, "application": application, "cycle": application.cycle,
        "opportunity": application.cycle.opportunity, "token": token,
    }  # fmt: skip
    if not can_answer(endorsement):
        return render_template("endorsements/answered.html", **about)
    facts = facts_of(application)
    confirm_form.seen.data = fingerprint(facts)
    return render_template(
        "endorsements/asked.html",
        confirm=confirm_form,
        decline=decline_form,
        parts=covered_parts(application),
        changes=differences(endorsement.facts, facts) if endorsement.state is State.REOPENED else [],
        stale=stale,
        **about,
    )


@bp.post("/endorsements/<string:token>/confirm")
@by_token
def confirm(token: str) -> ResponseReturnValue:
    """Confirm what stood on the page; if it has changed meanwhile, nothing is confirmed."""
    found = queries.by_token(token)
    if found is None:
        return render_template("endorsements/link_ended.html"), 404
    form = ConfirmForm()
    if not form.validate():
        return _asked_page(token, found, form, DeclineForm(formdata=None)), 422
    try:
        actions.confirm(found, name=form.name.data or "", seen=form.seen.data or "", now=now())
    except FactsChanged:
        return _asked_page(token, found, form, DeclineForm(formdata=None), stale=True), 409
    except EndorsementRefused:
        return _asked_page(token, found, form, DeclineForm(formdata=None)), 409
    return redirect(url_for("endorsements.asked", token=token), 303)


@bp.post("/endorsements/<string:token>/decline")
@by_token
def decline(token: str) -> ResponseReturnValue:
    """Decline with a reason."""
    found = queries.by_token(token)
    if found is None:
        return render_template("endorsements/link_ended.html"), 404
    form = DeclineForm()
    if not form.validate():
        return _asked_page(token, found, ConfirmForm(formdata=None), form), 422
    try:
        actions.decline(found, reason=form.reason.data or "", now=now())
    except EndorsementRefused:
        return _asked_page(token, found, ConfirmForm(formdata=None), form), 409
    return redirect(url_for("endorsements.asked", token=token), 303)


@bp.get("/endorsements/<string:token>/documents/<int:document_id>")
@by_token
def document(token: str, document_id: int) -> ResponseReturnValue:
    """A file among what one is asked to confirm, for as long as one is asked; recorded before it leaves."""
    found = queries.by_token(token)
    file = document_by_id(document_id)
    if found is None or file is None or file.application_id != found.application_id or not can_answer(found):
        abort(404)
    application = whole(found.application_id) or abort(404)
    covered = {each.id for fact in facts_of(application) for each in fact.documents}
    if file.id not in covered or not opens(current_user, file):
        abort(404)
    audit.record_read(None, "document.read", file, application=file.application_id, endorsement=found.id)
    return file_response(file)


def _me() -> Any:
    return current_user._get_current_object()
