"""The coordinators' page of the extensions of a cycle."""

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.applications import extension_actions, extension_queries
from portal.applications.extension_models import Extension
from portal.applications.queries import cycle_by_id
from portal.applications.staff_blueprint import bp
from portal.applications.staff_forms import ExtensionForm
from portal.catalogue.inputs import portal_zone
from portal.catalogue.models import Cycle
from portal.catalogue.staff_pages import attempt, code
from portal.core.access import guard
from portal.core.clock import now


@bp.route("/cycles/<int:cycle_id>/extensions", methods=["GET", "POST"])
@guard("extension.grant", cycle=cycle_by_id)
def extensions(cycle: Cycle) -> str | tuple[str, int] | Response:
    """Who has a later deadline, until when, why and by whom; and the form that grants one."""
    form = ExtensionForm(email=request.args.get("email", ""))
    if form.validate_on_submit() and attempt(
        form,
        lambda: extension_actions.grant(
            cycle, email=form.email.data or "", until=form.until.data or now(), reason=form.reason.data or "",
            by=current_user._get_current_object(), now=now(),
        ),
    ):  # fmt: skip
        flash("Extension granted.|We wrote to them.")
        return redirect(url_for(".extensions", cycle_id=cycle.id), 303)
    page = render_template(
        "applications_staff/extensions.html", cycle=cycle, opportunity=cycle.opportunity, form=form,
        extensions=extension_queries.of_cycle(cycle.id), zone=portal_zone(),
    )  # fmt: skip
    return page, code(form)


@bp.post("/extensions/<int:extension_id>/revoke")
@guard("extension.revoke", extension=extension_queries.by_id)
def revoke_extension(extension: Extension) -> Response:
    """Take one back."""
    extension_actions.revoke(extension, by=current_user._get_current_object(), now=now())
    flash("Extension taken back.|The closing date of the cycle holds for them again. We wrote to them.")
    return redirect(url_for(".extensions", cycle_id=extension.cycle_id), 303)
