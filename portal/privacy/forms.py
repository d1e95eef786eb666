"""Forms of closing an account and of holds."""

from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from portal.core.text import clean

TOO_LONG = "Shorten this to 2,000 characters."


class CloseForm(FlaskForm):  # type: ignore[misc]
    """Nobody closes an account by a page left open: the address is typed, and the password where there is one."""

    email = StringField("Type your email address", validators=[DataRequired("Type your email address.")])
    password = PasswordField("Your password")

    def validate_email(self, field: Field) -> None:
        """The account's own."""
        if (field.data or "").strip().casefold() != current_user.email.casefold():
            raise ValidationError(f"Type {current_user.email}, the address of this account.")

    def validate_password(self, field: Field) -> None:
        """Right, where the account has one."""
        if current_user.password and not current_user.verify_and_update_password(field.data or ""):
            raise ValidationError("Enter the password that you sign in with.")


class HoldForm(FlaskForm):  # type: ignore[misc]
    """What to hold, and why."""

    name = StringField(
        "What to hold",
        description="A reference such as WIN-27-0042, the code of a cycle such as WIN-27, or a person's email address.",
        filters=[lambda text: clean(text or "").strip()],
        validators=[DataRequired("Write a reference, a cycle's code or an email address.")],
    )
    reason = TextAreaField(
        "Why",
        description="Such as the number of a legal request. It is in the audit trail.",
        filters=[lambda text: clean(text or "").strip()],
        validators=[
            DataRequired("Write why it is held."),
            Length(max=2000, message="Shorten this to 2,000 characters."),
        ],
        render_kw={"rows": 3},
    )
