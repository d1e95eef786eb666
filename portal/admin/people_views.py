"""People: the list, inviting somebody, one person with roles and what can be done to the account."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.accounts import actions as accounts
from portal.accounts import queries as people_queries
from portal.accounts.models import Membership, Person
from portal.accounts.status import Role
from portal.admin import actions, queries
from portal.admin.blueprint import bp
from portal.admin.forms import InviteForm, MembershipForm
from portal.admin.paging import cursors, neighbours, words_of
from portal.core.access import guard

Page = str | tuple[str, int]
LAST_ADMIN = "This is the last admin who can sign in. Make somebody else an admin first."


@bp.get("/people")
@guard("person.manage")
def people() -> str:
    """Everybody with an account, by family name."""
    chosen = {"q": words_of("q"), "role": request.args.get("role", "")}
    role = Role(chosen["role"]) if chosen["role"] in set(Role) else None
    edge = cursors()
    found = people_queries.page(
        chosen["q"], role=role, size=queries.PAGE_SIZE, after=edge["after"], before=edge["before"]
    )
    rows = [row[0] for row in found.rows]
    scopes = queries.scopes(held for person in rows for held in person.memberships)
    return render_template(
        "admin/people.html",
        people=rows,
        scopes=scopes,
        chosen=chosen,
        roles=[("", "Everybody"), *((role.value, f"{role.label}s") for role in Role)],
        **neighbours(found),
    )


@bp.route("/people/new", methods=["GET", "POST"])
@guard("person.manage")
def invite() -> Page | Response:
    """Make an account for somebody, who gets a mail to choose a password."""
    form = InviteForm()
    if not form.validate_on_submit():
        return render_template("admin/invite.html", form=form), 422 if form.is_submitted() else 200
    names = {name: form[name].data or "" for name in ("given_name", "family_name", "credentials")}
    try:
        person = accounts.invite(form.email.data or "", **names, by=current_user)
    except accounts.EmailTaken:
        form.email.errors = ["There is an account with this address. Search for it in the list of people."]
        return render_template("admin/invite.html", form=form), 422
    flash(f"Invitation sent to {person.email}.|Give them a role below, if they need one.")
    return redirect(url_for(".person", person_id=person.id), 303)


@bp.get("/people/<int:person_id>")
@guard("person.manage", person=Person)
def person(person: Person) -> str:
    """One person: facts, roles, and what can be done."""
    return _page(person, _membership_form())


@bp.post("/people/<int:person_id>/roles")
@guard("person.manage", person=Person)
def add_role(person: Person) -> Page | Response:
    """Give a role in a unit, for a listing or everywhere."""
    form = _membership_form()
    if not form.validate_on_submit():
        return _page(person, form), 422
    try:
        accounts.grant(person, Role(form.role.data), by=current_user, **form.scope)
    except accounts.AlreadyHeld:
        form.where.errors = [f"{person.full_name} has this role already. Choose another place or role."]
        return _page(person, form), 422
    flash("Role added.|It works from the next page that they open.")
    return redirect(url_for(".person", person_id=person.id), 303)


@bp.post("/roles/<int:membership_id>/remove")
@guard("person.manage", membership=Membership)
def remove_role(membership: Membership) -> Page | Response:
    """Take a role away."""
    person = membership.person
    return _done(person, lambda: accounts.revoke(membership, by=current_user), "Role removed.|It ends at once.")


@bp.post("/people/<int:person_id>/deactivate")
@guard("person.manage", person=Person)
def deactivate(person: Person) -> Page | Response:
    """Close the account."""
    done = "Account closed.|They are signed out and cannot sign in. What they wrote stays."
    return _done(person, lambda: accounts.deactivate(person, by=current_user), done)


@bp.post("/people/<int:person_id>/reactivate")
@guard("person.manage", person=Person)
def reactivate(person: Person) -> Page | Response:
    """Open a closed account again."""
    done = "Account opened.|They can sign in again with their password."
    return _done(person, lambda: accounts.reactivate(person, by=current_user), done)


@bp.post("/people/<int:person_id>/sign-out")
@guard("person.manage", person=Person)
def sign_out_person(person: Person) -> Page | Response:
    """End every session of the person."""
    done = "Signed out everywhere.|They sign in again on each device."
    return _done(person, lambda: accounts.sign_out_everywhere(person, by=current_user), done)


@bp.post("/people/<int:person_id>/password-mail")
@guard("person.manage", person=Person)
def send_password_mail(person: Person) -> Page | Response:
    """Send the mail from which they choose a new password."""
    done = f"Mail sent to {person.email}.|The link in it works for one day."
    return _done(person, lambda: actions.send_new_password_mail(person, by=current_user), done)


def _done(person: Person, action: Callable[[], Any], words: str) -> Page | Response:
    """Carry out an action and go back to the person, or show the page with the reason why not."""
    try:
        action()
    except accounts.LastAdmin:
        return _page(person, _membership_form(), problem=LAST_ADMIN), 409
    flash(words)
    return redirect(url_for(".person", person_id=person.id), 303)


def _membership_form() -> MembershipForm:
    form = MembershipForm()
    form.offer(*queries.scope_choices())
    return form


def _page(person: Person, form: MembershipForm, problem: str = "") -> str:
    return render_template(
        "admin/person.html",
        person=person,
        form=form,
        problem=problem,
        scopes=queries.scopes(person.memberships),
        sign_ins=people_queries.recent_sign_ins(person, limit=5),
    )
