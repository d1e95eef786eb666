"""Forms that coordinators fill in on an application."""

from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import DataRequired, InputRequired, ValidationError

from portal.catalogue.inputs import MomentField, StaffForm, line
from portal.core.text import clean, plural

LONGEST_NOTE = 4000


class NoteForm(FlaskForm):  # type: ignore[misc]
    """A note on an application."""

    body = TextAreaField(
        "Note",
        filters=[lambda text: clean(text).strip() if text else text],
        validators=[DataRequired("Write the note")],
    )

    def validate_body(self, field: TextAreaField) -> None:
        """Say by how much a note is too long."""
        over = len(field.data or "") - LONGEST_NOTE
        if over > 0:
            raise ValidationError(f"Shorten the note by {plural(over, 'character')}")


class ExtensionForm(StaffForm):
    """A later deadline of one person."""

    email = line("Email address of the person", most=320, validators=[DataRequired("Write their email address.")])
    until = MomentField("Until", [InputRequired("Choose the day and time of the new deadline.")])
    reason = line("Why", most=1000, validators=[DataRequired("Write why, so that colleagues know.")])
