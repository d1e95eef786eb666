"""Forms of what people follow."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, HiddenField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from portal.core.text import clean
from portal.following.actions import LONGEST_NAME
from portal.messaging.actions import InvalidAddress, valid_address


class AddressForm(FlaskForm):  # type: ignore[misc]
    """Where to write when a listing opens."""

    email = EmailField(
        "Your email address", validators=[DataRequired("Enter your email address, such as ana@example.org.")]
    )

    def validate_email(self, field: EmailField) -> None:
        """An address that mail can go to."""
        try:
            valid_address((field.data or "").strip())
        except InvalidAddress:
            raise ValidationError("Check the email address. It looks like ana@example.org.") from None


class SearchForm(FlaskForm):  # type: ignore[misc]
    """A search to keep."""

    search = HiddenField()
    name = StringField(
        "Name of the search",
        filters=[lambda text: clean(text or "").strip()],
        validators=[
            DataRequired("Give the search a name that you will recognize."),
            Length(max=LONGEST_NAME, message=f"Shorten the name to {LONGEST_NAME} characters."),
        ],
    )
    by_mail = BooleanField("Email me when something that matches opens", default=True)


class ActForm(FlaskForm):  # type: ignore[misc]
    """A button and its token."""
