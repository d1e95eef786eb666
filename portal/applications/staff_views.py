"""What coordinators do to applications: move them through their stages, one or many, and write notes."""

from collections.abc import Mapping, Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.applications import (  # views add routes to the blueprint, `staff_rules` registers the rules
    change_request_views,  # noqa: F401
    conversation_staff_views,  # noqa: F401
    extension_views,  # noqa: F401
    invitation_views,  # noqa: F401
    staff_actions,
    staff_rules,  # noqa: F401
    stage_views,  # noqa: F401
    trial_views,  # noqa: F401
)
from portal.applications.companions import holds_of
from portal.applications.models import Application
from portal.applications.queries import by_id, cycle_by_id
from portal.applications.refusals import Held, WrongStep
from portal.applications.staff_blueprint import bp
from portal.applications.staff_forms import NoteForm
from portal.applications.staff_queries import chosen_in
from portal.applications.status import Status, Step, plain_steps, plain_steps_to
from portal.catalogue.models import Cycle
from portal.core.access import guard
from portal.core.clock import now
from portal.core.text import plural

__all__ = ["bp"]

Answer = str | Response | tuple[str, int]


@bp.post("/applications/<int:application_id>/move")
@guard("application.move", application=by_id)
def move(application: Application) -> Answer:
    """Take one plain step; decisions and letters have their own pages."""
    target = _status(request.form.get("target", ""))
    if request.form.get("status", application.status) != application.status:
        abort(409, f"Someone else moved {application} while you had it open. It is now: {application.status.label}.")
    step = next((step for step in plain_steps(application.status) if step.target is target), None)
    if step is None:
        abort(409, f"{application} cannot take this step from where it is now: {application.status.label}.")
    try:
        staff_actions.take_step(application, step, by=current_user, now=now())
    except WrongStep:
        abort(409, f"Someone else moved {application} at the same moment. Open it again to see where it is now.")
    except Held as held:
        abort(409, f"{held} Open the application to wait for them, or to say why it goes on without.")
    mailed = "We wrote to the applicant." if step.mail else "Nobody was written to."
    flash(f"{application} is now: {application.status.label}.|{mailed}")
    return redirect(url_for("reports.application", application_id=application.id), 303)


@bp.post("/applications/<int:application_id>/notes")
@guard("note.write", application=by_id)
def write_note(application: Application) -> Answer:
    """Add a note that only staff see."""
    form = NoteForm()
    if not form.validate():
        return render_template("applications_staff/note.html", application=application, form=form), 422
    if form.sent(by=current_user)[1]:
        staff_actions.write_note(application, form.body.data or "", by=current_user, now=now())
    flash("Note added.|Applicants and reviewers never see notes.")
    return redirect(url_for("reports.application", application_id=application.id, _anchor="notes"), 303)


@bp.get("/cycles/<int:cycle_id>/move")
@guard("cycle.advance", cycle=cycle_by_id)
def check_moves(cycle: Cycle) -> Answer:
    """Which of the chosen applications take the step, which cannot, and the mails that go."""
    target = _status(request.args.get("target", ""))
    applications = chosen_in(cycle, request.args.getlist("id", type=int), by=current_user)
    able, unable = _sorted(applications, target)
    kept = holds_of([one for one, _ in able], target) if target else {}
    held = [(one, " ".join(kept[one.id])) for one, _ in able if one.id in kept]
    return render_template(
        "applications_staff/move_check.html", cycle=cycle, target=target, unable=unable, held=held,
        able=[(one, step) for one, step in able if one.id not in kept],
        targets=_targets(applications), applications=applications,
    )  # fmt: skip


@bp.post("/cycles/<int:cycle_id>/move")
@guard("cycle.advance", cycle=cycle_by_id)
def move_many(cycle: Cycle) -> Answer:
    """Do what the check page said, as far as it still holds; a second press changes nothing more."""
    target = _status(request.form.get("target", ""))
    applications = chosen_in(cycle, request.form.getlist("id", type=int), by=current_user)
    if target is None or not applications:
        abort(400, "Select applications and the step to take, then check it again.")
    moved = [one.id for one in staff_actions.take_steps(applications, target, by=current_user, now=now())]
    chosen = sorted({one.id for one in applications} | set(request.form.getlist("stays", type=int)))
    if len(chosen) > len(moved):
        what = url_for(".moved", cycle_id=cycle.id, target=target.value, id=chosen, moved=moved)
        return redirect(what, 303)
    flash(f"{plural(len(moved), 'application')} moved to: {target.label}.|That was all that you selected.")
    return redirect(url_for("reports.queue", cycle_id=cycle.id), 303)


@bp.get("/cycles/<int:cycle_id>/moved")
@guard("cycle.advance", cycle=cycle_by_id)
def moved(cycle: Cycle) -> Answer:
    """What became of applications that were to move together: which did, which stayed and why."""
    target, went = _status(request.args.get("target", "")), set(request.args.getlist("moved", type=int))
    applications = chosen_in(cycle, request.args.getlist("id", type=int), by=current_user) if target else []
    there = [one for one in applications if one.id in went and one.status is target]
    held = holds_of(applications, target) if target else {}
    stayed = [(one, _why_it_stayed(one, target, held)) for one in applications if target and one not in there]
    return render_template("applications_staff/moved.html", cycle=cycle, target=target, there=there, stayed=stayed)


def _why_it_stayed(application: Application, target: Status, held: Mapping[int, Sequence[str]]) -> str:
    """Why an application did not move, as far as it can be told from where it is now."""
    if application.status is target:
        return "It is there already."
    if application.status not in {step.source for step in plain_steps_to(target)}:
        return f"There is no step to {target.label} from {application.status.label}."
    return " ".join(held.get(application.id, ["Someone else changed it at the same time. It can move now."]))


def _status(word: str) -> Status | None:
    return Status(word) if word in set(Status) else None


def _targets(applications: Sequence[Application]) -> list[Status]:
    """Where any of these can go by a plain step, in the order of the statuses."""
    found = {step.target for one in applications for step in plain_steps(one.status)}
    return [status for status in Status if status in found]


def _sorted(
    applications: Sequence[Application], target: Status | None
) -> tuple[list[tuple[Application, Step]], list[Application]]:
    steps = {step.source: step for step in plain_steps_to(target)} if target else {}
    able = [(one, steps[one.status]) for one in applications if one.status in steps]
    return able, [one for one in applications if one.status not in steps]
