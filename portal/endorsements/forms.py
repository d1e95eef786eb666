"""Forms of endorsements: whom to ask, confirming, declining, and what a cycle wants."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, HiddenField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from portal.catalogue.form_models import Form
from portal.catalogue.forms import VersionedForm
from portal.catalogue.inputs import CheckboxesField, MomentField, line, text
from portal.core.text import clean, plural
from portal.endorsements.actions import LONGEST_REASON

LONGEST_NAME = 120


def _line(words: str | None) -> str | None:
    return " ".join(clean(words).split()) if words else words


class AskForm(FlaskForm):  # type: ignore[misc]
    """Whom to ask."""

    name = StringField(
        "Name",
        filters=[_line],
        validators=[
            DataRequired("Enter the name of the person"),
            Length(max=LONGEST_NAME, message=f"Shorten the name to {LONGEST_NAME} characters"),
        ],
    )
    role = StringField(
        "Role",
        filters=[_line],
        validators=[
            DataRequired("Enter the role of the person, such as medical director"),
            Length(max=LONGEST_NAME, message=f"Shorten the role to {LONGEST_NAME} characters"),
        ],
    )
    email = EmailField(
        "Email address",
        filters=[_line],
        validators=[DataRequired("Enter the email address of the person"), Length(max=254, message="Check it")],
        description="The one at which they work, if you know it.",
    )

    def refuse(self, field: str, reason: str) -> None:
        """Show what an action has refused beside the field that it is about."""
        found = self[field or "email"]
        found.errors = [*found.errors, reason]


class ConfirmForm(FlaskForm):  # type: ignore[misc]
    """The typed name of who confirms, and the fingerprint of the answers that they had before them."""

    seen = HiddenField()
    name = StringField(
        "Type your full name to confirm",
        filters=[_line],
        validators=[
            DataRequired("Type your full name to confirm"),
            Length(max=LONGEST_NAME, message=f"Shorten your name to {LONGEST_NAME} characters"),
        ],
    )


class DeclineForm(FlaskForm):  # type: ignore[misc]
    """Why somebody declines."""

    reason = TextAreaField(
        "Why you cannot confirm it",
        description="The applicant reads this.",
        validators=[DataRequired("Say why, in a few words")],
    )

    def validate_reason(self, field: TextAreaField) -> None:
        """Say by how much it is too long."""
        over = len(field.data or "") - LONGEST_REASON
        if over > 0:
            raise ValidationError(f"Shorten the reason by {plural(over, 'character')}")


class PlanForm(VersionedForm):
    """What a cycle wants to have endorsed, by whom and when."""

    endorser = line("Who endorses", most=120)
    endorsement_wording = text("What they confirm", most=2000, rows=4)
    sections = CheckboxesField("Sections that they read and confirm")
    endorsement_due_at = MomentField("Due", [Optional()])
    endorsement_shown = BooleanField("Reviewers see who has confirmed")

    def offer(self, newest: Form | None, keys: list[str]) -> None:
        """Set what sections there are; those with a question that is covered are chosen unless something was sent."""
        sections = [each for each in newest.sections if not each.on_invitation] if newest else []
        self.sections.choices = [SelectChoice(str(place), each.title) for place, each in enumerate(sections)]
        self._keys = {str(place): [q.key for q in each.questions] for place, each in enumerate(sections)}
        if not self.is_submitted():
            self.sections.data = [place for place, own in self._keys.items() if set(own) & set(keys)]

    def validate_endorsement_wording(self, field: TextAreaField) -> None:
        """Who is asked needs words to confirm."""
        if (self.endorser.data or "").strip() and not (field.data or "").strip():
            raise ValidationError("Write what they confirm, in a sentence that begins with “I”.")

    def columns(self) -> dict[str, Any]:
        """What was typed, as the cycle's columns."""
        chosen = [key for place in self.sections.data or [] for key in self._keys.get(place, [])]
        values = {name: value for name, value in self.values.items() if name != "sections"}
        return values | {"endorsement_keys": chosen}
