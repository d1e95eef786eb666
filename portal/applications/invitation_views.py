"""Inviting several applicants of a cycle at once to complete what is asked later: a page to check, then the mails."""

from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.applications import change_requests
from portal.applications.models import Application
from portal.applications.queries import cycle_by_id
from portal.applications.staff_blueprint import bp
from portal.applications.staff_forms import InvitationForm
from portal.applications.staff_queries import chosen_in
from portal.catalogue.frozen import FrozenSection, frozen_all
from portal.catalogue.inputs import portal_zone
from portal.catalogue.models import Cycle
from portal.catalogue.staff_pages import attempt, code
from portal.core.access import guard
from portal.core.clock import now
from portal.core.text import plural

Page = str | tuple[str, int] | Response


@bp.get("/cycles/<int:cycle_id>/invitations")
@guard("cycle.advance", cycle=cycle_by_id)
def check_invitations(cycle: Cycle) -> Page:
    """Who of those chosen can be invited to complete what, and who cannot."""
    form = InvitationForm(formdata=None)
    return _page(cycle, form, chosen_in(cycle, request.args.getlist("id", type=int), by=current_user))


@bp.post("/cycles/<int:cycle_id>/invitations")
@guard("cycle.advance", cycle=cycle_by_id)
def invite_many(cycle: Cycle) -> Page:
    """Invite those of them who can still be invited; a second press finds them invited already."""
    applications = chosen_in(cycle, request.form.getlist("id", type=int), by=current_user)
    if not applications:
        abort(400, "Select applications in the list, then invite them.")
    form = InvitationForm()
    sections = _sections(applications)
    form.offer(sections, ())
    invited: list[Application] = []
    if form.validate() and attempt(
        form,
        lambda: invited.extend(
            change_requests.invite_many(
                applications,
                titles=[each.title for each in sections if each.id in (form.later.data or [])],
                reason=form.words.data or "",
                due_at=form.invited_until.data or now(),
                by=current_user._get_current_object(),
                now=now(),
            )
        ),
    ):
        left = len(applications) - len(invited)
        words = f"{plural(left, 'person was', 'people were')} not written to." if left else "We wrote to each of them."
        flash(f"{plural(len(invited), 'person', 'people')} invited.|{words}")
        return redirect(url_for("reports.queue", cycle_id=cycle.id), 303)
    return _page(cycle, form, applications)


def _page(cycle: Cycle, form: InvitationForm, applications: Sequence[Application]) -> Page:
    sections = _sections(applications)
    form.offer(sections, ())
    able = [one for one in applications if change_requests.is_free(one, now())]
    page = render_template(
        "applications_staff/invite_many.html", cycle=cycle, form=form, zone=portal_zone(), applications=applications,
        sections=sections, able=able, unable=[one for one in applications if one not in able],
    )  # fmt: skip
    return page, code(form)


def _sections(applications: Sequence[Application]) -> list[FrozenSection]:
    """The sections that any of these can be invited to, once for each title: versions of a form share titles."""
    frozen_all({application.form for application in applications})
    found: dict[str, FrozenSection] = {}
    for application in applications:
        for section in change_requests.to_complete(application):
            found.setdefault(section.title, section)
    return list(found.values())
