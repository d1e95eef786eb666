"""Which kinds of mail a person gets: their page, and the link at the foot of each mail that can be switched off."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts import actions
from portal.accounts.forms import MailForm
from portal.accounts.models import Person
from portal.core.access import by_machine, by_token, signed_in
from portal.core.db import db
from portal.messaging.kinds import ALWAYS, KINDS, Kind, read_stop_token

bp = Blueprint("mail_choices", __name__)


@bp.route("/account/mail", methods=["GET", "POST"])
@signed_in
def choose() -> ResponseReturnValue:
    """What is always sent, and what can be switched off."""
    person = current_user._get_current_object()
    form = MailForm(wanted=[kind.key for kind in KINDS if kind.key not in person.mail_off])
    if form.validate_on_submit():
        off = {kind.key for kind in KINDS} - set(form.wanted.data or [])
        actions.choose_mail(person, off=off, by=person)
        flash("Your choice is saved.|It holds from the next mail on.")
        return redirect(url_for(".choose"), 303)
    page = render_template("accounts/mail.html", form=form, kinds=KINDS, always=ALWAYS)
    return page, 422 if form.errors else 200


@bp.get("/mail/stop/<string:token>")
@by_token
def stop(token: str) -> ResponseReturnValue:
    """The page behind "Stop these mails": its button stops them, opening it does not."""
    found = _meant(token)
    if found is None:
        return render_template("accounts/link_ended.html", expired=False), 404
    person, kind = found
    return render_template("accounts/mail_stop.html", kind=kind, token=token, is_off=kind.key in person.mail_off)


@bp.post("/mail/stop/<string:token>")
@by_machine
def stop_now(token: str) -> ResponseReturnValue:
    """Switch them off: the button of that page, or a mail program by itself (RFC 8058).  Twice is no error."""
    found = _meant(token)
    if found is None:
        return render_template("accounts/link_ended.html", expired=False), 404
    person, kind = found
    actions.choose_mail(person, off={*person.mail_off, kind.key}, by=person)
    return render_template("accounts/mail_stop.html", kind=kind, token=token, is_off=True)


def _meant(token: str) -> tuple[Person, Kind] | None:
    """The person and the kind of mail that a token is about."""
    read = read_stop_token(token)
    person = db.session.get(Person, read[0]) if read else None
    return (person, read[1]) if read and person else None
