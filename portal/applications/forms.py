"""Forms of the applicant's pages.  A section's form is made from its questions; saving it refuses nothing."""

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length, Optional

from portal.applications.actions import LONGEST_REASON
from portal.applications.saving import seen_marks
from portal.applications.sheet import field_name
from portal.catalogue.fields import kind_of
from portal.catalogue.frozen import FrozenSection


class WithdrawForm(FlaskForm):  # type: ignore[misc]
    """Why somebody withdraws, if they want to say."""

    reason = TextAreaField(
        "Why are you withdrawing?",
        description="Only the program's staff read this.",
        validators=[Optional(), Length(max=LONGEST_REASON, message=f"Shorten this to {LONGEST_REASON:,} characters")],
    )


class ActForm(FlaskForm):  # type: ignore[misc]
    """A button and its token."""


def section_form(
    section: FrozenSection, values: Mapping[str, Any], raw: Mapping[str, list[str]] | None = None
) -> FlaskForm:
    """The form of a section, filled with what is stored, or with raw input that could not be stored.

    In: the section, stored values by question key, raw input by field name.  Fields are named by the question's id.
    """
    fields: dict[str, Any] = {"seen": HiddenField()}
    filled: MultiDict[str, str] = MultiDict({"seen": seen_marks(section, values)})
    for question in section.questions:
        kind, name = kind_of(question), field_name(question)
        fields[name] = kind.field(question)
        filled.setlist(name, (raw or {}).get(name) or kind.raw(values.get(question.key)))
    made: FlaskForm = type("SectionForm", (FlaskForm,), fields)(formdata=filled)
    return made
