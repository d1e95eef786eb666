"""The team of an application: its people, invitations by link, handing over the lead, comments."""

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts.rules import coordinates, reviews_for
from portal.accounts.throttling import within
from portal.applications import queries, team_actions, team_queries, team_rules  # noqa: F401 - registers the rules
from portal.applications.blueprint import bp
from portal.applications.forms import ActForm
from portal.applications.models import Application
from portal.applications.rules import leads, seat_of
from portal.applications.sheet import sheet
from portal.applications.status import Status
from portal.applications.team_actions import TeamRefused
from portal.applications.team_forms import CommentForm, InvitationForm, MemberForm
from portal.applications.team_models import TeamComment, TeamMember
from portal.applications.team_queries import Thread, member_of, with_team
from portal.core.access import by_token, guard, signed_in
from portal.core.clock import now
from portal.core.db import db

COMMENTS = "60 per hour"


@bp.get("/<int:application_id>/team")
@guard("team.read", application=with_team)
def team(application: Application) -> str:
    """Everybody on the team with what they may do, who changed what, and for the lead an invitation to write."""
    return _team_page(application, InvitationForm())


def _team_page(application: Application, form: InvitationForm) -> str:
    return render_template(
        "applications/team.html",
        form=form,
        act=ActForm(),
        seat=seat_of(current_user, application),
        people=[member for member in application.members if member.ended_at is None],
        is_over={member.id: team_actions.is_over(member, now()) for member in application.members if member.is_asked},
        changes=team_queries.changes(application),
        size=team_actions.size(application),
        missing=team_actions.missing(application),
        **about(application),
    )


@bp.post("/<int:application_id>/team")
@guard("team.invite", application=with_team)
def invite(application: Application) -> ResponseReturnValue:
    """Ask somebody into the team."""
    form = InvitationForm()
    if form.validate():
        try:
            member = team_actions.invite(
                application, name=form.name.data or "", email=form.email.data or "", duty=form.duty.data or "",
                access=form.chosen, by=_me(), now=now(),
            )  # fmt: skip
        except TeamRefused as refused:
            form.refuse(refused.field, refused.reason)
        else:
            flash(f"{member.name} is invited.|We wrote to {member.email}. The link works for 14 days.")
            return _to_team(application)
    return _team_page(application, form), 422


@bp.get("/<int:application_id>/team/<int:member_id>")
@guard("team.manage", application=with_team)
def member(application: Application, member_id: int) -> str:
    """One member, for the lead: what they do and may do, and what can be done about them."""
    found = member_of(application, member_id) or abort(404)
    form = MemberForm(duty=found.duty, access=found.access.value)
    return _member_page(application, found, form)


def _member_page(application: Application, found: TeamMember, form: MemberForm) -> str:
    return render_template(
        "applications/team_member.html", member=found, form=form, act=ActForm(), **about(application)
    )


@bp.post("/<int:application_id>/team/<int:member_id>")
@guard("team.manage", application=with_team)
def change_member(application: Application, member_id: int) -> ResponseReturnValue:
    found = member_of(application, member_id) or abort(404)
    form = MemberForm()
    if not form.validate():
        return _member_page(application, found, form), 422
    team_actions.change_member(found, application, duty=form.duty.data or "", access=form.chosen, by=_me())
    flash(f"Saved.|{found.shown_name}: {found.access.label.lower()}, from now on.")
    return _to_team(application)


@bp.post("/<int:application_id>/team/<int:member_id>/invite-again")
@guard("team.invite", application=with_team)
def invite_again(application: Application, member_id: int) -> ResponseReturnValue:
    found = member_of(application, member_id) or abort(404)
    return _tried(
        application,
        lambda: team_actions.invite_again(found, application, by=_me(), now=now()),
        f"We wrote to {found.email} again.|The link before it no longer works.",
    )


@bp.post("/<int:application_id>/team/<int:member_id>/remove")
@guard("team.manage", application=with_team)
def remove_member(application: Application, member_id: int) -> ResponseReturnValue:
    """End somebody's access, or take their invitation back."""
    found = member_of(application, member_id) or abort(404)
    was_in = found.is_in
    team_actions.end(found, application, by=_me(), now=now())
    after = "They can no longer open the application." if was_in else "The link that we mailed no longer works."
    flash(f"{found.shown_name} is removed from your team.|{after}")
    return _to_team(application)


@bp.post("/<int:application_id>/team/<int:member_id>/ask-to-lead")
@guard("team.manage", application=with_team)
def ask_to_lead(application: Application, member_id: int) -> ResponseReturnValue:
    found = member_of(application, member_id) or abort(404)
    return _tried(
        application,
        lambda: team_actions.offer_lead(found, application, by=_me(), now=now()),
        f"{found.shown_name} is asked to lead the team.|You lead it until they accept.",
    )


@bp.post("/<int:application_id>/team/<int:member_id>/keep-lead")
@guard("team.manage", application=with_team)
def keep_lead(application: Application, member_id: int) -> ResponseReturnValue:
    """Keep the lead."""
    found = member_of(application, member_id) or abort(404)
    team_actions.end_offer(found, application, by=_me())
    flash("You keep the lead.|They are no longer asked.")
    return _to_team(application)


@bp.post("/<int:application_id>/team/take-lead")
@guard("team.take_lead", application=with_team)
def take_lead(application: Application) -> ResponseReturnValue:
    return _tried(
        application,
        lambda: team_actions.take_lead(application, by=_me(), now=now()),
        "You lead the team now.|You alone invite people, and submit the application.",
    )


@bp.post("/<int:application_id>/team/decline-lead")
@guard("team.take_lead", application=with_team)
def decline_lead(application: Application) -> ResponseReturnValue:
    seat = seat_of(current_user, application) or abort(404)
    team_actions.end_offer(seat, application, by=_me())
    flash(f"You stay a member of the team.|We told {application.person.full_name}.")
    return _to_team(application)


@bp.route("/<int:application_id>/team/leave", methods=["GET", "POST"])
@guard("team.leave", application=with_team)
def leave(application: Application) -> ResponseReturnValue:
    """A check page, then leaving."""
    form = ActForm()
    if not form.validate_on_submit():
        return render_template("applications/team_leave.html", act=form, **about(application))
    seat = seat_of(current_user, application) or abort(404)
    team_actions.end(seat, application, by=_me(), now=now())
    flash(f"You have left the team.|{application.person.full_name} knows, and can invite you again.")
    return redirect(url_for("applications.dashboard"), 303)


@bp.get("/join/<string:token>")
@by_token
def invitation(token: str) -> ResponseReturnValue:
    """What one is invited to, with the button that joins; opening the link does nothing."""
    found, application = _invited(token)
    if found is None or application is None:
        return render_template("applications/team_link_ended.html"), 404
    listing, user = application.cycle.opportunity, current_user
    is_in = leads(user, application) or seat_of(user, application) is not None
    return render_template(
        "applications/team_invitation.html", member=found, act=ActForm(), token=token, is_in=is_in,
        coordinates=user.is_authenticated and coordinates(user, listing),
        reviews=user.is_authenticated and reviews_for(user, listing),
        until=found.invited_at + team_actions.INVITED_FOR,
        **about(application),
    )  # fmt: skip


@bp.post("/join/<string:token>")
@signed_in
def join(token: str) -> ResponseReturnValue:
    """Join the team, once for each link."""
    found, application = _invited(token)
    if found is None or application is None:
        return render_template("applications/team_link_ended.html"), 404
    try:
        team_actions.join(found, application, by=_me(), now=now())
    except TeamRefused as refused:
        abort(409, refused.reason)
    flash(f"You are on the team.|{found.access.label}. {application.person.full_name} leads it and submits.")
    return redirect(url_for("applications.show", application_id=application.id), 303)


def _invited(token: str) -> tuple[TeamMember | None, Application | None]:
    """The invitation of a link with its application, while it can be accepted."""
    found = team_queries.invited_by_token(token)
    if found is None or team_actions.is_over(found, now()):
        return None, None
    application = with_team(found.application_id)
    return (found, application) if application and application.status is Status.DRAFT else (None, None)


@bp.get("/<int:application_id>/team/read")
@guard("team.read", application=queries.whole)
def read_draft(application: Application) -> str:
    """The whole draft as it is now with the team's comments, section by section."""
    return draft_page(application)


def draft_page(application: Application, failed: CommentForm | None = None) -> str:
    parts = sheet(application)
    threads = {thread.section.id: thread for thread in team_queries.threads(application)}
    forms = {part.section.id: CommentForm.of(part.section, formdata=None) for part in parts}
    if failed is not None:
        forms = {key: failed if form._prefix == failed._prefix else form for key, form in forms.items()}
    return render_template(
        "applications/team_read.html", parts=parts, threads=threads, forms=forms, failed=failed,
        seat=seat_of(current_user, application), act=ActForm(), **about(application),
    )  # fmt: skip


@bp.post("/<int:application_id>/team/comments/<int:section_id>")
@guard("team.comment", application=queries.whole)
def comment(application: Application, section_id: int) -> ResponseReturnValue:
    """Write a comment for the team."""
    thread = _thread(application, section_id)
    form = CommentForm.of(thread.section)
    if not form.validate():
        return draft_page(application, failed=form), 422
    if form.sent(by=current_user)[1]:
        if not within(COMMENTS, "team-comment", str(current_user.id)):
            form.body.errors = ["You have written 60 comments within an hour. Send this one later: it stands below."]
            return draft_page(application, failed=form), 429
        asked = form.question(thread.section)
        team_actions.comment(application, thread.section, asked, form.body.data or "", by=_me(), now=now())
    flash("Comment added.|Your team reads it; reviewers never do.")
    return redirect(_at_thread(application, section_id), 303)


@bp.post("/<int:application_id>/team/comments/<int:comment_id>/resolve")
@guard("team.comment", application=queries.whole)
def resolve_comment(application: Application, comment_id: int) -> ResponseReturnValue:
    """Mark a comment as dealt with, or open it again."""
    found = db.session.get(TeamComment, comment_id)
    if found is None or found.application_id != application.id:
        abort(404)
    team_actions.resolve(found, by=_me(), now=now())
    flash("Resolved.|It stays to be read." if found.resolved_at else "Opened again.|Your team sees it as open.")
    threads = team_queries.threads(application)
    section = next(each.section.id for each in threads if found in each.comments)
    return redirect(_at_thread(application, section), 303)


def _thread(application: Application, section_id: int) -> Thread:
    found = (each for each in team_queries.threads(application) if each.section.id == section_id)
    return next(found, None) or abort(404)


def _at_thread(application: Application, section_id: int) -> str:
    return url_for("applications.read_draft", application_id=application.id, _anchor=f"comments-{section_id}")


def _tried(application: Application, act: Any, done: str) -> ResponseReturnValue:
    """Do what may be refused, and say on the team's page what came of it."""
    try:
        act()
    except TeamRefused as refused:
        abort(409, refused.reason)
    flash(done)
    return _to_team(application)


def _to_team(application: Application) -> ResponseReturnValue:
    return redirect(url_for("applications.team", application_id=application.id), 303)


def _me() -> Any:
    return current_user._get_current_object()


def about(application: Application) -> dict[str, Any]:
    """What every page about one application names."""
    cycle = application.cycle
    return {"application": application, "cycle": cycle, "opportunity": cycle.opportunity}
