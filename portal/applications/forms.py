"""Forms of the applicant's pages.  A section's form is made from its questions; saving it refuses nothing."""

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from portal.applications.actions import LONGEST_REASON
from portal.applications.conversations import LONGEST as LONGEST_MESSAGE
from portal.applications.marks import seen_marks
from portal.applications.sheet import Part, field_name
from portal.catalogue.answer_forms import answers_form
from portal.catalogue.inputs import limited
from portal.core.once import OnceForm
from portal.core.text import clean


class WithdrawForm(FlaskForm):  # type: ignore[misc]
    """Why somebody withdraws, if they want to say."""

    reason = TextAreaField(
        "Why are you withdrawing?",
        description="Only the program's staff read this.",
        validators=[Optional(), Length(max=LONGEST_REASON, message=f"Shorten this to {LONGEST_REASON:,} characters")],
    )


class MessageForm(OnceForm):
    """A message to the other side of a conversation."""

    body = TextAreaField(
        "Message",
        filters=[lambda text: clean(text).strip() if text else text],
        validators=[DataRequired("Write your message"), limited(LONGEST_MESSAGE)],
    )


class ActForm(FlaskForm):  # type: ignore[misc]
    """A button and its token."""


def section_form(
    part: Part, values: Mapping[str, Any], typed: Mapping[str, Any] | None = None, *, one_more: str = ""
) -> FlaskForm:
    """The form of a section's page, filled with what is stored, or with answers that could not be stored.

    In: the part of the sheet, stored values by question key, values that were typed instead by the same, and the name
    of a field with rows that shows an empty one more.  Fields are named by the question's id.
    """
    questions = [row.question for row in part.offered]
    held = {question.key: (typed or {}).get(question.key, values.get(question.key)) for question in questions}
    return answers_form(
        [(field_name(question), question, held[question.key]) for question in questions],
        besides={"seen": (HiddenField(), seen_marks(questions, values))},
        one_more=one_more,
    )
