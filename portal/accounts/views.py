"""People's own pages: confirming an address, the account, what was kept of a session that ended."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user
from flask_security.confirmable import confirm_email_token_status

from portal.accounts import actions, kept, queries
from portal.accounts.forms import ProfileForm
from portal.accounts.status import Role
from portal.accounts.targets import asked_for_page
from portal.core.access import can, public, signed_in

bp = Blueprint("accounts", __name__)


@bp.get("/check-mail")
@public
def check_mail() -> ResponseReturnValue:
    """After registering or asking for a mail: the same page whether there is an account or not."""
    return render_template("accounts/check_mail.html")


@public
def confirm_email(token: str) -> ResponseReturnValue:
    """Stands in for Flask-Security's view, which would confirm on GET: mail gateways follow every link.

    GET shows a button, POST confirms.  The link may name the page somebody registered for: signing in leads there.
    """
    came_for = asked_for_page()
    expired, invalid, person = confirm_email_token_status(token)  # type: ignore[no-untyped-call]
    if expired or invalid or person is None:
        return render_template("accounts/link_ended.html", expired=expired), 410
    if request.method == "GET" and person.confirmed_at is None:
        return render_template("accounts/confirm_email.html", token=token, email=person.email, came_for=came_for)
    actions.confirm(person)
    flash("Your email address is confirmed.|Sign in to go on.")
    return redirect(url_for("security.login", next=came_for or None), 303)


@public
def not_used(**_: str) -> ResponseReturnValue:
    """Stands in for views of Flask-Security that the portal has no use for."""
    abort(404)


@bp.get("/start")
@signed_in
def start() -> ResponseReturnValue:
    """Where signing in leads when nothing else was asked for: to the work of the widest role held."""
    held = {membership.role for membership in current_user.memberships}
    if held == {Role.REVIEWER}:
        return redirect(url_for("review.assignments"), 303)
    works_here = can(current_user, "workspace.enter")
    return redirect(url_for("reports.dashboard" if works_here else "applications.dashboard"), 303)


@bp.route("/account", methods=["GET", "POST"])
@signed_in
def account() -> ResponseReturnValue:
    """Name, phone and zone; how one signs in; when one did."""
    form = ProfileForm(current_user, current_app.config["SETTINGS"].time_zone)
    if form.validate_on_submit():
        fields = {name: form[name].data for name in PROFILE}
        actions.update_profile(current_user._get_current_object(), **fields)
        flash("Your account is saved.")
        return redirect(url_for("accounts.account"), 303)
    sign_ins = queries.recent_sign_ins(current_user)
    page = render_template("accounts/account.html", form=form, sign_ins=sign_ins, passkeys=current_user.webauthn)
    return page, 422 if form.errors else 200


PROFILE = ("given_name", "family_name", "credentials", "phone", "time_zone")


@bp.get("/account/two-step")
@signed_in
def two_step_done() -> ResponseReturnValue:
    """After turning two-step sign-in on or off: to the recovery codes while there are none, else to the account."""
    needs_codes = current_user.tf_primary_method and not current_user.mf_recovery_codes
    return redirect(url_for("security.mf_recovery_codes" if needs_codes else "accounts.account"), 303)


@bp.post("/account/sign-out-everywhere")
@signed_in
def sign_out_everywhere() -> ResponseReturnValue:
    """End every session, this one too."""
    person = current_user._get_current_object()
    actions.sign_out_everywhere(person, by=person)
    logout_user()
    session.clear()
    flash("You are signed out on all devices.|Sign in again here when you want.")
    return redirect(url_for("security.login"), 303)


@bp.get("/kept/<string:token>")
@signed_in
def kept_form(token: str) -> ResponseReturnValue:
    """What somebody had typed when their session had ended, and a button that sends it again."""
    found = kept.find(token)
    if found is None:
        abort(404)
    return render_template("accounts/kept.html", kept=found, typed=kept.typed(found), token=token)
