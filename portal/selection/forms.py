"""The forms of decisions and letters."""

from flask_wtf import FlaskForm
from wtforms import Field, IntegerField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, ValidationError
from wtforms.widgets import HiddenInput

from portal.core.text import clean, plural
from portal.selection.letters import PLACEHOLDERS, Text, unknown_placeholders

LONGEST_SUBJECT = 200
LONGEST_BODY = 20_000


def _line(text: str | None) -> str | None:
    return " ".join(clean(text).split()) if text else text


def _lines(text: str | None) -> str | None:
    return clean(text).strip() if text else text


class LetterForm(FlaskForm):  # type: ignore[misc]
    """Subject and body of a letter, with the version that the person had in front of them (0 for a new one)."""

    subject = StringField("Subject", filters=[_line], validators=[DataRequired("Write a subject")])
    body = TextAreaField("Letter", filters=[_lines], validators=[DataRequired("Write the letter")])
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired("Open the page again.")])

    def validate_subject(self, field: Field) -> None:
        """Keep it to a line that mail programs show."""
        _check(field, "subject", LONGEST_SUBJECT)

    def validate_body(self, field: Field) -> None:
        """Keep it to what a letter is."""
        _check(field, "letter", LONGEST_BODY)

    @property
    def text(self) -> Text:
        return Text(self.subject.data or "", self.body.data or "")


def _check(field: Field, noun: str, longest: int) -> None:
    over = len(field.data) - longest
    if over > 0:
        raise ValidationError(f"Shorten the {noun} by {plural(over, 'character')}")
    unknown = unknown_placeholders(field.data)
    if unknown:
        names = ", ".join("{" + name + "}" for name in unknown[:5])
        known = ", ".join("{" + name + "}" for name in PLACEHOLDERS)
        raise ValidationError(f"Replace {names} in the {noun}: the placeholders are {known}")
