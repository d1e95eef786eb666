"""The forms of accounts.  Those of Flask-Security keep its checks; the fields and sentences are ours."""

import re
from typing import Any
from zoneinfo import available_timezones

from flask import url_for
from flask_security import (
    ChangePasswordForm,
    ForgotPasswordForm,
    LoginForm,
    MfRecoveryForm,
    RegisterFormV2,
    ResetPasswordForm,
    SendConfirmationForm,
    TwoFactorRescueForm,
    TwoFactorSetupForm,
    WebAuthnRegisterForm,
    WebAuthnRegisterResponseForm,
    hash_password,
)
from flask_wtf import FlaskForm
from wtforms import Field, Form, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, Length, StopValidation, ValidationError

from portal.accounts.models import Person
from portal.accounts.wording import MESSAGES
from portal.core import audit
from portal.core.text import clean
from portal.messaging.kinds import KINDS

LONGEST_NAME = 100
_NOT_IN_NAMES = re.compile(r"[<>@/\\{}\[\]|^~=+*_$%#\"]|www\.|https?:", re.IGNORECASE)
US_ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico",
)  # fmt: skip
_AREAS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


def one_line(text: str | None) -> str:
    """Typed text as one clean line."""
    return " ".join(clean(text or "").split())


def is_name(form: Form, field: Field) -> None:
    """Names hold no links or markup: they stand in mail that the portal sends."""
    if _NOT_IN_NAMES.search(field.data or ""):
        raise ValidationError("Leave out symbols such as < or @, and links.")


def name_field(label: str, what: str, **options: Any) -> StringField:
    checks = [DataRequired(f"Enter your {what}."), _length(LONGEST_NAME), is_name]
    return StringField(label, filters=[one_line], validators=checks, render_kw=options)


def _length(longest: int) -> Length:
    return Length(max=longest, message=f"Shorten this to {longest} characters.")


def _credentials() -> StringField:
    return StringField(
        "Credentials",
        description="After your name, as in MD or RN, MPH.",
        filters=[one_line],
        validators=[_length(60), is_name],
        render_kw={"autocomplete": "honorific-suffix"},
    )


def _put_last(form: Any, *names: str) -> None:
    """Order the fields as the page does; errors are listed in this order."""
    order = [name for name in form._fields if name not in names] + list(names)
    form._fields = {name: form._fields[name] for name in order}


def _knows_nobody(form: Any) -> bool:
    """Whether the address is a proper one, but of nobody."""
    return MESSAGES["USER_DOES_NOT_EXIST"][0] in form.email.errors


class Discreet:
    """A form whose errors Flask-Security replaces, so that they do not tell who has an account.

    Those that reveal nothing are held back from it, and given back to their fields before the page is rendered.
    """

    form_errors: Any
    held: dict[str, list[str]]

    def hold(self) -> None:
        """Move the errors of the fields to the form as a whole, where Flask-Security leaves them alone."""
        form: Any = self
        self.held = {name: list(errors) for name, errors in form.errors.items() if name}
        for name, errors in self.held.items():
            form[name].errors = []
            self.form_errors = [*self.form_errors, *errors]

    def settle(self) -> None:
        """Give the errors back to their fields."""
        form: Any = self
        held = getattr(self, "held", {})
        for name, errors in held.items():
            form[name].errors = errors
        self.form_errors = [] if held else list(dict.fromkeys(str(error) for error in self.form_errors))


class SignInForm(Discreet, LoginForm):
    """Signing in: one sentence for every wrong pair of address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.password.description = ""
        # Without a target Flask-Security would lead the second step back to this very page.
        self.next.data = self.next.data or url_for("accounts.start")
        _put_last(self, "password", "remember", "submit")

    def validate(self, **kwargs: Any) -> bool:
        passed: bool = super().validate(**kwargs)
        if self.ifield is not None and self.user is None:
            # As long as recording a wrong password of an account that exists.
            audit.record_read(None, "person.sign-in-failed", None, how="password of an unknown address")
        if not passed and (self.ifield is None or self.user_authenticated):
            self.hold()
        return passed


class RegistrationForm(RegisterFormV2):
    """A new account."""

    given_name = name_field("Given name", "given name", autocomplete="given-name")
    family_name = name_field("Family name", "family name", autocomplete="family-name")
    credentials = _credentials()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _put_last(self, "email", "password", "submit")


class RecoveryForm(Discreet, ForgotPasswordForm):
    """Asking for a new password.  The mail proves the address, so it need not have been confirmed before."""

    def validate(self, **kwargs: Any) -> bool:
        passed: bool = super().validate(**kwargs)
        if self.requires_confirmation:
            self.email.errors = []
            passed = True
        if passed:
            hash_password("as long as for an unknown address")
        elif self.user is None and not _knows_nobody(self):
            self.hold()
        return passed


class ResendForm(Discreet, SendConfirmationForm):
    """Asking for another mail to confirm the address."""

    def validate(self, **kwargs: Any) -> bool:
        passed: bool = super().validate(**kwargs)
        hash_password("as long for an unknown address as for a known one")
        if self.user is None and not _knows_nobody(self):
            self.hold()
        return passed


class TwoStepForm(TwoFactorSetupForm):
    """Turning two-step sign-in on with an authenticator app, or off."""

    setup = RadioField(
        "Two-step sign-in",
        choices=[SelectChoice("authenticator", "Set up the app"), SelectChoice("disable", "Turn off")],
        validate_choice=False,
    )


class RescueForm(TwoFactorRescueForm):
    """What Flask-Security offers to those without their phone; our pages link to the recovery codes instead."""

    help_setup = RadioField("Help", choices=[SelectChoice("help", "Ask for help")])


class NewPasswordForm(ResetPasswordForm):
    """Choosing a new password from a mail; it can be shown while typing, so it is typed once."""

    password_confirm = None  # type: ignore[assignment]


class PasswordChangeForm(ChangePasswordForm):
    """Changing one's password, the present one at hand."""

    new_password_confirm = None  # type: ignore[assignment]


class RecoveryCodeForm(MfRecoveryForm):
    """Signing in with a recovery code."""

    def validate(self, **kwargs: Any) -> bool:
        passed: bool = super().validate(**kwargs)
        if not passed and self.code.data and self.user:
            self.user.track_failed_authn("recovery code", True)
        return passed


class PasskeyForm(WebAuthnRegisterForm):
    """Naming a new passkey; all of them sign in by themselves."""

    usage = RadioField("Use", choices=[SelectChoice("first", "Sign in")], default="first")

    def validate(self, **kwargs: Any) -> bool:
        self.usage.data = "first"
        passed: bool = super().validate(**kwargs)
        return passed


class NewPasskeyForm(WebAuthnRegisterResponseForm):
    """What the browser made of it."""

    def validate(self, **kwargs: Any) -> bool:
        passed: bool = super().validate(**kwargs)
        self.extensions = None  # type: ignore[assignment]  # free text of the browser's that nothing here needs
        return passed


def zone_choices(default: str) -> list[SelectChoice]:
    """The portal's own zone, those of the United States, then all others by name."""
    others = sorted(zone for zone in available_timezones() if zone.startswith(_AREAS) and zone not in US_ZONES)
    named = [SelectChoice(zone, zone.replace("_", " ")) for zone in (*US_ZONES, *others)]
    return [SelectChoice("", f"As the portal ({default.replace('_', ' ')})"), *named]


class ProfileForm(FlaskForm):  # type: ignore[misc]
    """What people say of themselves."""

    given_name = name_field("Given name", "given name", autocomplete="given-name")
    family_name = name_field("Family name", "family name", autocomplete="family-name")
    credentials = _credentials()
    phone = StringField(
        "Phone",
        filters=[one_line],
        validators=[_length(40)],
        render_kw={"autocomplete": "tel", "inputmode": "tel"},
    )
    time_zone = SelectField("Time zone", description="Deadlines and times are shown in it.", validate_choice=False)

    def __init__(self, person: Person, default_zone: str, **kwargs: Any) -> None:
        super().__init__(obj=person, **kwargs)
        self.time_zone.choices = zone_choices(default_zone)

    def validate_time_zone(self, field: Field) -> None:
        if field.data and field.data not in available_timezones():
            raise ValidationError("Choose a zone of the list.")

    def validate_phone(self, field: Field) -> None:
        if field.data and not re.fullmatch(r"[-+0-9 ().x/]+", field.data):
            raise StopValidation("Write the number in digits, as in +1 617 555 0134.")


class MailForm(FlaskForm):  # type: ignore[misc]
    """Which of the kinds of mail that can be switched off a person wants."""

    wanted = SelectMultipleField("Mail", choices=[SelectChoice(kind.key, kind.label) for kind in KINDS])
