"""Forms that coordinators fill in on an application."""

from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import DataRequired, ValidationError

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
