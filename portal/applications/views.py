"""The applicant's own pages: all applications, one of them, starting, submitting, withdrawing."""

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts.models import Person
from portal.applications import (  # views add routes to the blueprint; `panel` and `team_tasks` tell others
    autosave_views,  # noqa: F401
    conversation_views,  # noqa: F401
    conversations,
    document_views,  # noqa: F401
    panel,  # noqa: F401
    queries,
    revision_actions,
    revision_views,  # noqa: F401
    revisions,
    section_views,  # noqa: F401
    team_tasks,  # noqa: F401
    upload_views,  # noqa: F401
)
from portal.applications.actions import delete_draft
from portal.applications.actions import start as start_draft
from portal.applications.actions import submit as submit_draft
from portal.applications.actions import withdraw as withdraw_application
from portal.applications.blueprint import bp
from portal.applications.carrying import acknowledge, told_lines
from portal.applications.companions import asides_of, panels_of, tasks_of
from portal.applications.forms import ActForm, WithdrawForm
from portal.applications.later import INVITED, completes, running
from portal.applications.models import Application
from portal.applications.progress import Draft, timeline
from portal.applications.refusals import Incomplete, Unchanged
from portal.applications.revision_changes import changes_since
from portal.applications.rules import belongs, is_open, leads, may_write, over, seat_of, unlocked
from portal.applications.sheet import Part, sheet, sheet_and_later
from portal.applications.stages import outlooks
from portal.applications.status import FINAL, Status
from portal.applications.team_views import draft_page
from portal.catalogue.frozen import FrozenSection
from portal.catalogue.models import Cycle
from portal.core import audit
from portal.core.access import Denied, guard, signed_in
from portal.core.clock import now

__all__ = ["bp"]


@bp.get("")
@signed_in
def dashboard() -> str:
    """All applications of the person and of their teams, with what needs them first."""
    everything = queries.of_person(current_user.id)
    mine = [application for application in everything if not application.is_test]
    own_drafts = [application for application in mine if application.status is Status.DRAFT]
    tasks = tasks_of(own_drafts)
    drafts = [Draft(application, sheet(application), tasks[application.id]) for application in own_drafts]
    running = [application for application in mine if application.status not in FINAL | {Status.DRAFT}]
    seats = {application.id: seat_of(current_user, application) for application in mine}
    return render_template(
        "applications/dashboard.html",
        drafts=drafts,
        running=[(application, timeline(application)) for application in running],
        outlooks=outlooks(running, now=now()),
        unread=conversations.unread_by_applicant([application.id for application in mine]),
        unlocks={one.id: unlocked(current_user, one, now()) for one in mine if one.status is not Status.DRAFT},
        submitted=[application for application in mine if application.status is not Status.DRAFT],
        past=[application for application in mine if application.status in FINAL],
        tests=[application for application in everything if application.is_test],
        messages=queries.messages_about(current_user.id, everything),
        asides=asides_of([one for one in mine if one.status not in FINAL], current_user),
        titles={application.id: application.cycle.opportunity.title for application in everything},
        seats=seats,
        led={one.id: f", led by {one.person.full_name}" if seats[one.id] else "" for one in mine},
    )


@bp.get("/messages/<int:message_id>")
@signed_in
def message(message_id: int) -> str:
    """A message about an application as it was sent; only whoever it was written to has it."""
    found = queries.message_to(current_user.id, message_id) or abort(404)
    return render_template("applications/message.html", message=found)


@bp.get("/start/<int:cycle_id>")
@guard("application.start", cycle=queries.cycle_by_id)
def start(cycle: Cycle) -> ResponseReturnValue:
    """A page with the button that starts: where people land after they had to sign in."""
    existing = queries.in_cycle(current_user.id, cycle.id)
    if existing is not None:
        return _go_on(existing)
    team_id = queries.team_in_cycle(current_user.id, cycle.id)
    return render_template(
        "applications/start.html", cycle=cycle, opportunity=cycle.opportunity, act=ActForm(), team_id=team_id
    )


@bp.post("/start/<int:cycle_id>")
@guard("application.start", cycle=queries.cycle_by_id)
def start_now(cycle: Cycle) -> ResponseReturnValue:
    """Start, or go on with the draft that exists."""
    return _go_on(start_draft(cycle, by=current_user._get_current_object(), now=now()))


def _go_on(application: Application) -> ResponseReturnValue:
    """To the draft; what is no draft any more is refused with its date."""
    if application.status is not Status.DRAFT:
        refusal = over(application, current_user)
        raise Denied(refusal.reason, refusal)
    return redirect(url_for("applications.show", application_id=application.id), 303)


@bp.get("/<int:application_id>")
@guard("application.read", application=queries.whole)
def show(application: Application) -> str:
    """A draft's task list while one can work on it; otherwise the whole application, to read and print.

    Members of a team who do not write read the draft with its comments.  Of one that is being changed, `?submitted`
    shows what stands meanwhile.  That staff read it is recorded first.
    """
    if not belongs(current_user, application):
        audit.record_read(current_user._get_current_object(), "application.read", application)
    if application.status is Status.DRAFT and not may_write(current_user, application):
        return draft_page(application)
    if application.status is Status.DRAFT and is_open(application.person, application, now()):
        return _tasks_page(application, changes=list(told_lines(application)), edit=None)
    is_edited = application.editing_since is not None and "submitted" not in request.args
    if is_edited and unlocked(current_user, application, now()):
        return _tasks_page(application, changes=[], edit=_edit(application))
    parts, later = sheet_and_later(revisions.as_submitted(application))
    letter = queries.last_letter(application) if belongs(current_user, application) else None
    stops = [] if application.status is Status.DRAFT else timeline(application)
    panels = panels_of(application, current_user)
    return render_template(
        "applications/show.html", parts=parts, stops=stops, letter=letter, panels=panels, act=ActForm(),
        own=belongs(current_user, application), is_lead=leads(current_user, application),
        unlock=unlocked(current_user, application, now()), to_come=_to_come(application, later),
        outlook=outlooks([application], now=now())[application.id],
        **_about(application),
    )  # fmt: skip


def _to_come(application: Application, later: Sequence[FrozenSection]) -> list[str]:
    """The titles of the sections asked later that its applicant may still be invited to complete, as far as they are
    told where it stands."""
    return [section.title for section in later] if application.shown in INVITED | {Status.DRAFT} else []


def _tasks_page(application: Application, **context: Any) -> str:
    parts, later = sheet_and_later(application)
    return render_template(
        "applications/tasks.html", draft=_draft(application, parts), to_come=_to_come(application, later),
        act=ActForm(), **context, **_about(application),
    )  # fmt: skip


def _edit(application: Application) -> dict[str, Any] | None:
    """What the pages of an edit say besides those of a draft; None for a draft.

    Out: what is unlocked until when, the request for changes or the invitation, whether it is one, the last revision,
    the questions that differ from it, and the ids of their sections.
    """
    last = revisions.last(application.id) if application.editing_since else None
    if last is None:
        return None
    found, asked = changes_since(application, last), running(application, now())
    return {
        "unlock": unlocked(current_user, application, now()),
        "asked": asked,
        "invited": asked is not None and asked.is_invitation,
        "is_same": not found and not completes(application, now()),
        "last": last,
        "changes": found,
        "changed": {one.section_id for one in found},
        "act": ActForm(),
    }


def _draft(application: Application, parts: list[Part]) -> Draft:
    """A draft with what other features ask for."""
    return Draft(application, parts, tasks_of([application])[application.id])


@bp.post("/<int:application_id>/changes-read")
@guard("application.edit", application=queries.by_id)
def changes_read(application: Application) -> ResponseReturnValue:
    """The owner has read what changed in the form."""
    acknowledge(application, by=current_user._get_current_object())
    return redirect(url_for("applications.show", application_id=application.id), 303)


@bp.get("/<int:application_id>/check")
@guard("application.edit", application=queries.whole)
def check(application: Application) -> str:
    """The whole application as reviewers will read it, with every problem listed and linked."""
    return _check_page(application)


def _check_page(application: Application) -> str:
    draft = _draft(application, sheet(application))
    edit = _edit(application)
    return render_template("applications/check.html", draft=draft, edit=edit, act=ActForm(), **_about(application))


@bp.post("/<int:application_id>/submit")
@guard("application.submit", application=queries.whole)
def submit(application: Application) -> ResponseReturnValue:
    """Submit; with things left to fix, the check page lists them."""
    who = current_user._get_current_object()
    if application.editing_since is not None:
        return _submit_again(application, who)
    try:
        submit_draft(application, by=who, now=now())
    except Incomplete:
        return _check_page(application), 422
    flash(f"Submitted.|Your reference is {application.reference}. {application.status.next_words}")
    return redirect(url_for("applications.show", application_id=application.id), 303)


def _submit_again(application: Application, who: Person) -> ResponseReturnValue:
    """Submit what was changed in a submitted application."""
    asked = running(application, now())
    try:
        revision_actions.submit_again(application, by=who, now=now())
    except (Incomplete, Unchanged):
        return _check_page(application), 422
    if asked is not None and asked.is_invitation:
        flash("Submitted.|What you completed is part of your application now. We emailed you a receipt.")
    else:
        flash("Changes submitted.|Your application is read as it is now. We emailed you what changed.")
    return redirect(url_for("applications.show", application_id=application.id), 303)


@bp.route("/<int:application_id>/withdraw", methods=["GET", "POST"])
@guard("application.withdraw", application=queries.by_id)
def withdraw(application: Application) -> ResponseReturnValue:
    """A check page, then withdrawal with a reason if one is given."""
    form = WithdrawForm()
    if form.validate_on_submit():
        who = current_user._get_current_object()
        withdraw_application(application, by=who, now=now(), reason=form.reason.data or "")
        flash("Your application is withdrawn.|Nothing more happens with it.")
        return redirect(url_for("applications.show", application_id=application.id), 303)
    page = render_template("applications/withdraw.html", form=form, **_about(application))
    return page, 422 if form.errors else 200


@bp.get("/<int:application_id>/delete")
@guard("application.delete", application=queries.by_id)
def confirm_delete(application: Application) -> str:
    """Ask before anything is deleted."""
    return render_template("applications/delete.html", act=ActForm(), **_about(application))


@bp.post("/<int:application_id>/delete")
@guard("application.delete", application=queries.by_id)
def delete(application: Application) -> ResponseReturnValue:
    """Delete a draft with its answers and files; after a test application the way leads back to the form."""
    title, cycle_id, was_test = application.cycle.opportunity.title, application.cycle_id, application.is_test
    delete_draft(application, by=current_user._get_current_object())
    if was_test:
        flash("The test application is deleted.|Its answers and files are gone.")
        return redirect(url_for("catalogue_staff.cycle_form", cycle_id=cycle_id), 303)
    flash(f"Your draft is deleted.|You can start again while {title} is open.")
    return redirect(url_for("applications.dashboard"), 303)


def _about(application: Application) -> dict[str, Any]:
    """What every page about one application names."""
    cycle = application.cycle
    return {"application": application, "cycle": cycle, "opportunity": cycle.opportunity}
