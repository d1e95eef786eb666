"""Forms of a team's pages."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import EmailField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, Length, ValidationError

from portal.applications.team_models import Access
from portal.catalogue.frozen import FrozenQuestion, FrozenSection
from portal.core.once import OnceForm
from portal.core.text import clean, plural

LONGEST_NAME = 120
LONGEST_COMMENT = 2000


def _line(text: str | None) -> str | None:
    return " ".join(clean(text).split()) if text else text


class MemberForm(FlaskForm):  # type: ignore[misc]
    """What somebody does in the team, and may do in the application."""

    duty = StringField(
        "Role on the team",
        filters=[_line],
        validators=[Length(max=LONGEST_NAME, message=f"Shorten the role to {LONGEST_NAME} characters")],
        description="Such as nurse lead or data manager. Reviewers read it.",
    )
    access = RadioField(
        "What they can do",
        choices=[SelectChoice(access.value, access.label) for access in Access],
        default=Access.EDIT.value,
        validators=[DataRequired("Choose what they can do")],
    )

    @property
    def chosen(self) -> Access:
        return Access(self.access.data)


class InvitationForm(MemberForm):
    """Whom to ask into the team."""

    name = StringField(
        "Name",
        filters=[_line],
        validators=[
            DataRequired("Enter the name of the person"),
            Length(max=LONGEST_NAME, message=f"Shorten the name to {LONGEST_NAME} characters"),
        ],
    )
    email = EmailField(
        "Email address",
        filters=[_line],
        validators=[
            DataRequired("Enter the email address of the person"),
            Length(max=254, message="Check the address"),
        ],
    )

    def refuse(self, field: str, reason: str) -> None:
        """Show what an action has refused beside the field that it is about."""
        found = self[field or "email"]
        found.errors = [*found.errors, reason]


class CommentForm(OnceForm):
    """A comment on a section or on one of its questions."""

    about = SelectField("About", coerce=int)
    body = TextAreaField("Comment", validators=[DataRequired("Write the comment")])

    @classmethod
    def of(cls, section: FrozenSection, **options: Any) -> "CommentForm":
        """The form for one section, its fields named by the section so that several stand on a page."""
        form = cls(prefix=f"s{section.id}-", **options)
        whole = SelectChoice(0, "The whole section")
        form.about.choices = [whole, *(SelectChoice(each.id, each.label) for each in section.questions)]
        return form

    def validate_body(self, field: TextAreaField) -> None:
        """Say by how much a comment is too long."""
        over = len(field.data or "") - LONGEST_COMMENT
        if over > 0:
            raise ValidationError(f"Shorten the comment by {plural(over, 'character')}")

    def question(self, section: FrozenSection) -> FrozenQuestion | None:
        """The question that was chosen; None for the whole section."""
        return next((each for each in section.questions if each.id == self.about.data), None)
