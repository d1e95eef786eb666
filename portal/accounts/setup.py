"""Flask-Security, set up: which of its features are on, in our words and templates, under the commit rule."""

from datetime import timedelta
from typing import Any

from flask import Flask, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_security import Security, uia_email_mapper
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response
from wtforms import Form

from portal.accounts import forms, jobs, kept, notices, throttling, views  # noqa: F401 - the worker's tasks
from portal.accounts.actions import EmailTaken
from portal.accounts.datastore import Visitor, datastore
from portal.accounts.passwords import SHORTEST, Passwords
from portal.accounts.rules import SECURITY_ROUTES, UNUSED_ROUTES
from portal.accounts.second_factor import HashedRecoveryCodes, OnceOnlyTotp, Passkeys
from portal.accounts.wording import MESSAGES
from portal.config import Environment, Settings
from portal.core import clock
from portal.core.access import SignInNeeded
from portal.core.pages import local_path

ASKED_FOR_MAIL = {"security/forgot_password.html", "security/send_confirmation.html"}
FORMS: dict[str, Any] = {
    "login_form": forms.SignInForm,
    "register_form": forms.RegistrationForm,
    "forgot_password_form": forms.RecoveryForm,
    "send_confirmation_form": forms.ResendForm,
    "reset_password_form": forms.NewPasswordForm,
    "change_password_form": forms.PasswordChangeForm,
    "two_factor_setup_form": forms.TwoStepForm,
    "two_factor_rescue_form": forms.RescueForm,
    "mf_recovery_form": forms.RecoveryCodeForm,
    "wan_register_form": forms.PasskeyForm,
    "wan_register_response_form": forms.NewPasskeyForm,
}

PARTS: dict[str, Any] = {
    "mail_util_cls": notices.Mail,
    "password_util_cls": Passwords,
    "totp_cls": OnceOnlyTotp,
    "mf_recovery_codes_util_cls": HashedRecoveryCodes,
    "webauthn_util_cls": Passkeys,
}
PAGES_AND_MAIL: dict[str, Any] = {
    "RETURN_GENERIC_RESPONSES": True,
    "CLI_USERS_NAME": None,
    "CLI_ROLES_NAME": None,
    "STATIC_FOLDER": None,
    "TRACKABLE": True,
    "REGISTERABLE": True,
    "CONFIRMABLE": True,
    "RECOVERABLE": True,
    "CHANGEABLE": True,
    "CONFIRM_URL": "/confirm-email",
    "POST_LOGIN_VIEW": "accounts.start",
    "POST_LOGOUT_VIEW": "catalogue.finder",
    "POST_REGISTER_VIEW": "accounts.check_mail",
    "POST_CHANGE_VIEW": "accounts.account",
    "POST_VERIFY_VIEW": "accounts.account",
    "TWO_FACTOR_POST_SETUP_VIEW": "accounts.two_step_done",
    # Mail is rendered by messaging: these are names of our templates.
    "EMAIL_PLAINTEXT": False,
    "EMAIL_HTML": False,
    "REGISTER_EMAIL_TEMPLATE": "confirm_address",
    "REGISTER_EMAIL_EXISTING_TEMPLATE": "account_exists",
    "EMAIL_TEMPLATE_CONFIRM": "confirm_address",
    "EMAIL_TEMPLATE_PASSWORD_RESET": "reset_password",
    "EMAIL_TEMPLATE_PASSWORD_RESET_NOTICE": "password_changed",
    "EMAIL_TEMPLATE_PASSWORD_CHANGE_NOTICE": "password_changed",
}


def init_app(app: Flask) -> None:
    """Attach accounts to the application."""
    app.config.from_mapping(session_config(app.config["SETTINGS"]) | security_config(app.config["SETTINGS"]))
    security = Security(app, datastore, **(PARTS | FORMS | {"render_template": answer}))
    security.want_json(lambda _request: False)
    security.reauthn_handler(ask_again)
    app.login_manager.anonymous_user = Visitor  # type: ignore[attr-defined]
    app.login_manager.request_loader(lambda _request: None)  # type: ignore[attr-defined]  # sessions only, no tokens
    app.view_functions["security.confirm_email"] = views.confirm_email
    for endpoint in UNUSED_ROUTES:
        app.view_functions[endpoint] = views.not_used
    throttling.init_app(app)
    notices.init_app(app)
    app.before_request(guard_security_routes)
    app.after_request(kept.forget_used)
    app.after_request(kept.spare_session)
    app.after_request(kept.clear_browser)
    app.register_error_handler(SignInNeeded, kept.sign_in_needed)
    app.register_error_handler(CSRFError, kept.token_refused)
    app.register_error_handler(EmailTaken, taken_meanwhile)
    app.register_blueprint(views.bp)


def session_config(settings: Settings) -> dict[str, Any]:
    """Sessions end after twelve idle hours; people may choose to stay signed in on a device for two weeks."""
    secure = settings.base_url.startswith("https://")
    return {
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        "REMEMBER_COOKIE_DURATION": timedelta(days=14),
        "REMEMBER_COOKIE_SECURE": secure,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
    }


def security_config(settings: Settings) -> dict[str, Any]:
    """Every setting of Flask-Security that differs from its default, with the reason where it is not plain."""
    words = {f"MSG_{key}": message for key, message in MESSAGES.items()}
    return {f"SECURITY_{key}": value for key, value in (proof_config(settings) | PAGES_AND_MAIL | words).items()}


def proof_config(settings: Settings) -> dict[str, Any]:
    """How people prove who they are: an address and a password, a second step, a passkey."""
    cheap = settings.portal_env is Environment.TEST
    return {
        # Argon2id as OWASP advises: 19 MiB, two passes, about 20 ms.
        "PASSWORD_HASH": "argon2",
        "PASSWORD_SCHEMES": ["argon2"],
        "PASSWORD_HASH_PASSLIB_OPTIONS": {
            "argon2__type": "ID",
            "argon2__time_cost": 1 if cheap else 2,
            "argon2__memory_cost": 64 if cheap else 19456,
            "argon2__parallelism": 1,
        },
        "PASSWORD_SALT": settings.password_salt,
        "PASSWORD_LENGTH_MIN": SHORTEST,
        "PASSWORD_CONFIRM_REQUIRED": False,  # it can be shown while typing
        # Fingerprints inside signed tokens, of a password's hash and of an address: a slow hash protects nothing there
        # and would tell by its time whether there is an account.
        "HASHING_SCHEMES": ["hex_sha256"],
        "USER_IDENTITY_ATTRIBUTES": [
            {"email": {"mapper": uia_email_mapper, "case_insensitive": False}}
        ],  # citext does it
        "EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "DATETIME_FACTORY": clock.now,
        "API_ENABLED_METHODS": ["session"],
        "FRESHNESS": timedelta(minutes=30),
        "FRESHNESS_GRACE_PERIOD": timedelta(minutes=30),
        "TWO_FACTOR": True,
        "TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,
        "TWO_FACTOR_RESCUE_EMAIL": False,
        "TOTP_SECRETS": settings.totp_secrets,
        "TOTP_ISSUER": "Primary Care Opportunities",
        "MULTI_FACTOR_RECOVERY_CODES": True,
        "WEBAUTHN": True,
        "WAN_RP_NAME": "Primary Care Opportunities",
        "WAN_ALLOW_USER_HINTS": False,  # hints would tell who has an account
    }


def answer(template: str, **context: Any) -> ResponseReturnValue:
    """Render a page of Flask-Security's: 422 where its form has errors, so that nothing of it is saved."""
    submitted = [value for value in context.values() if isinstance(value, Form)] if request.method == "POST" else []
    for form in submitted:
        if isinstance(form, forms.Discreet):
            form.settle()
    if any(form.errors for form in submitted):
        return render_template(template, **context), 422
    if submitted and template in ASKED_FOR_MAIL:
        return redirect(url_for("accounts.check_mail"), 303)
    return render_template(template, **context)


def ask_again(_within: Any, _grace: Any) -> Response:
    """What is sensitive asks for a sign-in of the last half hour."""
    came_for = request.full_path.rstrip("?") if request.method == "GET" else request.path
    return redirect(url_for("security.verify", next=came_for), 303)


def guard_security_routes() -> ResponseReturnValue | None:
    """Hold Flask-Security's routes to our rules: who may call them, only forms, only local targets."""
    rule = SECURITY_ROUTES.get(request.endpoint or "")
    if rule is None:
        return None
    if rule == "signed-in" and not current_user.is_authenticated:
        raise SignInNeeded
    if request.is_json:
        abort(400)
    if any(target and not local_path(target, "") for target in request.values.getlist("next")):
        abort(400)
    stray = current_user.is_authenticated and session.get("tf_state") != "validating_profile"
    if stray and request.endpoint == "security.two_factor_token_validation":
        # Flask-Security would sign people out who come here with nothing to confirm.
        return redirect(url_for("accounts.account"), 303)
    return None


def taken_meanwhile(error: EmailTaken) -> ResponseReturnValue:
    """Two registrations of one address at once: the second gets the answer of the first, and no second mail."""
    words, tone = MESSAGES["CONFIRM_REGISTRATION"]
    flash(words % {"email": str(error)}, tone)
    return redirect(url_for("accounts.check_mail"), 303)
