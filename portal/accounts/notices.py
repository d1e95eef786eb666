"""What follows from Flask-Security's doings: mail through our own messages, lines in the audit trail."""

from collections.abc import Callable
from typing import Any

from blinker import NamedSignal
from flask import Flask, session
from flask_security import MailUtil, signals

from portal.accounts.actions import confirm
from portal.accounts.models import Person
from portal.accounts.targets import CAME_FOR, asked_for_page
from portal.core import audit
from portal.messaging.actions import write
from portal.messaging.rendering import absolute_url

HOW = {
    "password": "password",
    "webauthn": "passkey",
    "passkey": "passkey",
    "code": "code of the authenticator app",
    "recovery code": "recovery code",
}


class Mail(MailUtil):
    """Hands Flask-Security's mail to our messages: rows and jobs of the present transaction."""

    def send_mail(  # noqa: PLR0917 - the library's signature
        self,
        template: str,
        subject: str,
        recipient: str | tuple[str, str],
        sender: str | tuple[str, str],
        body: str | None,
        html: str | None,
        **context: Any,
    ) -> None:
        """Write the mail.  The template's name is one of ours (see `SECURITY_*_TEMPLATE` in setup.py)."""
        person = context["user"]
        links: dict[str, Any] = {}
        if template in {"confirm_address", "account_exists"}:
            token = context["confirmation_token"]
            page = {CAME_FOR: asked_for_page()} if asked_for_page() else {}
            links["confirm_link"] = absolute_url("security.confirm_email", token=token, **page) if token else ""
        if template in {"reset_password", "account_exists"}:
            links["reset_link"] = absolute_url("security.reset_password", token=context["reset_token"])
        write(template, to=person, about=person, **links)


def init_app(app: Flask) -> None:
    """Listen to Flask-Security's signals of this application."""
    for signal, listener in LISTENERS.items():
        signal.connect(listener, app)


def signed_in(_app: Flask, user: Person, authn_via: list[str] | None, **_: Any) -> None:
    """Make the session end after idle hours rather than with the browser window, and record the sign-in."""
    session.permanent = True
    if authn_via == ["change"]:  # a changed password renews the session it came from
        return
    how = HOW.get(authn_via[0], authn_via[0]) if authn_via else "password and second step"
    audit.record(user, "person.signed-in", user, how=how)


def sign_in_failed(_app: Flask, user: Person, auth_type: str, **_: Any) -> None:
    """Recorded at once: the answer to a failed sign-in is a form with errors, which saves nothing."""
    audit.record_read(user, "person.sign-in-failed", user, how=HOW.get(auth_type, auth_type))


def registered(_app: Flask, user: Person, **_: Any) -> None:
    audit.record(user, "person.registered", user)


def password_was_reset(_app: Flask, user: Person, **_: Any) -> None:
    """The link came by mail, so the address is proven too."""
    confirm(user)
    audit.record(user, "person.password-reset", user)


def password_changed(_app: Flask, user: Person, **_: Any) -> None:
    audit.record(user, "person.password-changed", user)


def two_step_on(_app: Flask, user: Any, **_: Any) -> None:
    _tell(user, "person.two-step-on", "Two-step sign-in was turned on")


def two_step_off(_app: Flask, user: Any, **_: Any) -> None:
    user.tf_last_counter = None
    user.mf_recovery_codes = []
    _tell(user, "person.two-step-off", "Two-step sign-in was turned off")


def passkey_added(_app: Flask, user: Any, name: str, **_: Any) -> None:
    _tell(user, "person.passkey-added", f"The passkey {name} was added", name=name)


def passkey_removed(_app: Flask, user: Any, name: str, **_: Any) -> None:
    _tell(user, "person.passkey-removed", f"The passkey {name} was removed", name=name)


def _tell(user: Any, verb: str, what: str, **facts: Any) -> None:
    """Record a change of how somebody signs in, and tell them by mail, in case it was not them."""
    person = user._get_current_object() if hasattr(user, "_get_current_object") else user
    audit.record(person, verb, person, **facts)
    write("sign_in_changed", to=person, about=person, what=what)


LISTENERS: dict[NamedSignal, Callable[..., None]] = {
    signals.user_authenticated: signed_in,
    signals.user_failed_authn: sign_in_failed,
    signals.user_registered: registered,
    signals.password_reset: password_was_reset,
    signals.password_changed: password_changed,
    signals.tf_profile_changed: two_step_on,
    signals.tf_disabled: two_step_off,
    signals.wan_registered: passkey_added,
    signals.wan_deleted: passkey_removed,
}
