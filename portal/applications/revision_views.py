"""The applicant's pages of changing what was submitted: begin, stop, and what changed each time."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.applications import queries, revision_actions, revisions
from portal.applications.blueprint import bp
from portal.applications.forms import ActForm
from portal.applications.later import running
from portal.applications.models import Application
from portal.applications.revision_changes import changes_since, history
from portal.applications.rules import belongs
from portal.core import audit
from portal.core.access import guard
from portal.core.clock import now


@bp.post("/<int:application_id>/edit")
@guard("application.reopen", application=queries.by_id)
def reopen(application: Application) -> ResponseReturnValue:
    """Begin to edit; what was submitted stands until it is submitted again."""
    revision_actions.reopen(application, by=current_user._get_current_object(), now=now())
    asked = running(application, now())
    if asked is not None and asked.is_invitation:
        flash("You can complete your application.|What you submitted before stands.")
    else:
        flash("You can change your application.|What you submitted stands until you submit the changes.")
    return redirect(url_for("applications.show", application_id=application.id), 303)


@bp.get("/<int:application_id>/edit/stop")
@guard("application.submit", application=queries.whole)
def confirm_stop(application: Application) -> ResponseReturnValue:
    """Ask before what was changed is dropped; an edit that is over has nothing to drop."""
    last = revisions.last(application.id) if application.editing_since else None
    asked = running(application, now())
    if last is None:
        return redirect(url_for("applications.show", application_id=application.id))
    return render_template(
        "applications/drop_changes.html", application=application, cycle=application.cycle, act=ActForm(), last=last,
        invited=asked is not None and asked.is_invitation,
        opportunity=application.cycle.opportunity, changes=changes_since(application, last),
    )  # fmt: skip


@bp.post("/<int:application_id>/edit/stop")
@guard("application.submit", application=queries.by_id)
def stop_editing(application: Application) -> ResponseReturnValue:
    """Drop the changes."""
    revision_actions.stop_editing(application, by=current_user._get_current_object(), now=now())
    flash("Your changes are dropped.|Your application is as you submitted it.")
    return redirect(url_for("applications.show", application_id=application.id), 303)


@bp.get("/<int:application_id>/revisions", endpoint="revisions")
@guard("application.read", application=queries.whole)
def show_revisions(application: Application) -> str:
    """Each submission with what changed in it; that staff read it is recorded first."""
    is_own = belongs(current_user, application)
    if not is_own:
        audit.record_read(current_user._get_current_object(), "application.revisions_read", application)
    made = history(application, revisions.all_of(application.id))
    return render_template(
        "applications/revisions.html", application=application, cycle=application.cycle, is_own=is_own, history=made,
        opportunity=application.cycle.opportunity, requests=revisions.requests_of(application.id),
        titles={section.id: section.title for section in queries.sections_of(application)},
    )  # fmt: skip
