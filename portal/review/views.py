"""The reviewer's assignments and workspace."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.applications.reading import asked_for
from portal.applications.revisions import as_submitted
from portal.applications.sheet import sheet
from portal.core import audit
from portal.core.access import guard
from portal.core.clock import now
from portal.endorsements.queries import shown_to_reviewers
from portal.letters.staff_queries import readable
from portal.review import actions, queries, rules, withdrawn  # noqa: F401 - these two register themselves
from portal.review.forms import RecuseForm, ReviewForm, review_form
from portal.review.models import Assignment
from portal.review.status import AssignmentState

bp = Blueprint("review", __name__, url_prefix="/review")

Answer = str | Response | tuple[str, int]


@bp.get("")
@guard("review.enter")
def assignments() -> str:
    """What one has to review, and has reviewed, by cycle."""
    rows = queries.own_assignments(
        current_user, after=request.args.get("after", ""), before=request.args.get("before", "")
    )
    listed = [row[0] for row in rows.rows]
    progress = queries.progress_by_cycle(current_user, {row.application.cycle_id for row in listed})
    cycles = [(cycle_id, list(files)) for cycle_id, files in groupby(listed, lambda row: row.application.cycle_id)]
    return render_template(
        "review/assignments.html", cycles=cycles, progress=progress, is_open=queries.is_open, page=rows
    )


@bp.get("/<int:assignment_id>")
@guard("assignment.read", assignment=queries.whole)
def workspace(assignment: Assignment) -> Answer:
    """The file beside the rubric; that it was read is recorded first."""
    audit.record_read(
        current_user._get_current_object(), "application.read", assignment.application, assignment=assignment.id
    )
    form = review_form(assignment, queries.criteria_of(assignment.application.cycle_id))
    return _workspace(assignment, form, RecuseForm(formdata=None))


@bp.post("/<int:assignment_id>")
@guard("assignment.read", assignment=queries.whole)
def save(assignment: Assignment) -> Answer:
    """Keep a draft, or hand the review in and go on to the next file; the action refuses what is fixed by now."""
    form = review_form(assignment, queries.criteria_of(assignment.application.cycle_id))
    submitting = request.form.get("action") == "submit" or assignment.state is AssignmentState.SUBMITTED
    if not form.validate() or (submitting and not form.demand_all()):
        return _workspace(assignment, form, RecuseForm(formdata=None)), 422
    act = actions.submit if submitting else actions.save_draft
    try:
        act(
            assignment, scores=form.scores, comment=form.comment.data or "", version=form.version.data or 0,
            by=current_user, now=now(),
        )  # fmt: skip
    except actions.ReviewChanged as changed:
        return _conflict(form, assignment, changed.assignment), 409
    except actions.ReviewClosed:
        return _conflict(form, assignment, None), 409
    except actions.Incomplete:
        form.form_errors.append("This cycle has no rubric yet. Save a draft; the coordinator can add the rubric.")
        return _workspace(assignment, form, RecuseForm(formdata=None)), 422
    return _go_on(assignment) if submitting else _stay(assignment)


@bp.post("/<int:assignment_id>/recuse")
@guard("assignment.read", assignment=queries.whole)
def recuse(assignment: Assignment) -> Answer:
    """Hand a file back; it closes at once."""
    form = RecuseForm()
    if not form.validate():
        return _workspace(
            assignment, review_form(assignment, queries.criteria_of(assignment.application.cycle_id)), form
        ), 422  # fmt: skip
    try:
        actions.recuse(assignment, reason=form.reason.data, by=current_user, now=now())
    except actions.ReviewClosed:
        abort(409, "This file closed while you had it open. There is nothing left to do.")
    flash("You recused yourself.|The file is closed to you. We told the coordinator, who finds another reviewer.")
    return redirect(url_for("review.assignments"), 303)


def _workspace(assignment: Assignment, form: ReviewForm, recusal: RecuseForm) -> str:
    parts = sheet(as_submitted(assignment.application), for_reviewers=True)
    letters = readable(current_user, assignment.application)
    letter = next((one for one in letters if f"letter-{one.id}" == request.args.get("view")), None)
    reading = asked_for(parts, besides=[f"letter-{one.id}" for one in letters])
    scores = form.scores
    return render_template(
        "review/workspace.html",
        assignment=assignment,
        application=assignment.application,
        place=queries.place(current_user, assignment),
        is_open=queries.is_open,
        parts=parts,
        title=next((row.text for part in parts for row in part.rows if row.question.in_queue), ""),
        reading=reading,
        endorsement=shown_to_reviewers(assignment.application),
        letters=letters,
        letter=letter,
        form=form,
        recusal=recusal,
        scored=len(scores),
        score=actions.weighted(form.criteria, scores) if len(scores) == len(form.criteria) else None,
    )


def _go_on(assignment: Assignment) -> Response:
    following = queries.next_unscored(current_user, besides=assignment)
    if following is None:
        flash("Review submitted.|That was your last file. You can revise your reviews until the selection meeting.")
        return redirect(url_for("review.assignments"), 303)
    flash(f"Review of {assignment.application.person.full_name} submitted.|This is the next one.")
    return redirect(url_for("review.workspace", assignment_id=following.id), 303)


def _stay(assignment: Assignment) -> Response:
    flash("Draft saved.|It does not count yet. Submit your review when every criterion has a score.")
    return redirect(
        url_for("review.workspace", assignment_id=assignment.id, view=request.args.get("view") or None), 303
    )  # fmt: skip


def _conflict(form: ReviewForm, assignment: Assignment, saved: Assignment | None) -> str:
    """One's own text kept, beside what another tab saved meanwhile (None: the review is fixed or closed by now)."""

    def rows(scores: Mapping[str, int], comment: str) -> list[tuple[str, Any]]:
        lines: list[tuple[str, Any]] = [(one.label, scores.get(str(one.id))) for one in form.criteria]
        return [*lines, (form.comment.label.text, comment)]

    return render_template(
        "errors/409.html",
        reason="This review was saved in another tab or window while you had it open here."
        if saved
        else "This review is fixed now: the application has gone on to the selection meeting, or it was taken back.",
        mine=rows({str(key): value for key, value in form.scores.items()}, form.comment.data or ""),
        theirs=rows(saved.scores, saved.comment) if saved else [],
        back=url_for("review.workspace", assignment_id=assignment.id) if saved else url_for("review.assignments"),
    )
