"""The forms of applicants who ask, and of writers who answer."""

from collections.abc import Sequence
from typing import Any

from flask_wtf.file import FileField
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired

from portal.catalogue.inputs import StaffForm, limited, line
from portal.letters.models import LetterPlan
from portal.letters.writing import LONGEST_BODY, TAKES_WORDS

RATINGS = [SelectChoice(str(value), words) for value, words in enumerate(
    ("1, far below most", "2", "3, like most", "4", "5, among the best I have known"), 1
)]  # fmt: skip


class ActForm(StaffForm):
    """A button and its token."""


class AskForm(StaffForm):
    """Whom to ask; first of all, whether the applicant gives up the right to read what they write."""

    waived = RadioField(
        "Do you give up your right to read this letter?",
        [InputRequired("Choose whether you give up your right to read this letter.")],
        choices=[
            SelectChoice("yes", "Yes, I will never see this letter"),
            SelectChoice("no", "No, I keep my right to read it"),
        ],
    )
    name = line("Their name", most=160, validators=[DataRequired("Write the name of the person who knows your work.")])
    address = line("Their email address", most=254, validators=[DataRequired("Write their email address.")])
    relation = line("How they know you", most=200)


class CorrectForm(StaffForm):
    """The right name and address of somebody whose mail came back."""

    name = line("Their name", most=160, validators=[DataRequired("Write the name of the person who knows your work.")])
    address = line("Their email address", most=254, validators=[DataRequired("Write their email address.")])


class LetterForm(StaffForm):
    """A letter as a file or as typed text."""

    file = FileField(f"The letter as a file: {TAKES_WORDS}")
    body = TextAreaField("Or type the letter here", [limited(LONGEST_BODY)], render_kw={"rows": 12})

    rated: Sequence[Any] = ()
    prefix_of_ratings = "rating"

    def ratings(self) -> list[int | None]:
        """The answers to the plan's questions, in their order; None where there is none."""
        return [int(field.data) if field.data in {"1", "2", "3", "4", "5"} else None for field in self.rated]


class ConfirmForm(StaffForm):
    """That an assistant's letter is the writer's own, with the plan's questions."""

    rated: Sequence[Any] = ()
    prefix_of_ratings = "confirmed"
    ratings = LetterForm.ratings


def with_questions(base: type[Any], plan: LetterPlan | None, given: Sequence[Sequence[Any]] = ()) -> Any:
    """The form with the plan's questions as optional ratings from 1 to 5, filled with what was answered before."""
    questions = list(plan.questions) if plan else []
    before = {words: str(value) for words, value in given}
    fields = {
        f"{base.prefix_of_ratings}_{number}": RadioField(
            words, choices=RATINGS, default=before.get(words, ""), validate_choice=False
        )
        for number, words in enumerate(questions, 1)
    }  # fmt: skip
    form = type(base.__name__, (base,), fields)()
    form.rated = [form[name] for name in fields]
    return form


class DeclineForm(StaffForm):
    """Why a writer declines, if they want to say."""

    reason = line("Reason", most=500)


class AssistantForm(StaffForm):
    """Who uploads for the writer."""

    name = line("Their name", most=160, validators=[DataRequired("Write the name of your assistant.")])
    address = line("Their email address", most=254, validators=[DataRequired("Write their email address.")])
