"""The applicant's page and the admin's, as forms."""

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, FieldList, Form, FormField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, Length

from portal.core.text import clean
from portal.self_identification.actions import DECLINED_WORDS
from portal.self_identification.models import SelfIdWording
from portal.self_identification.queries import DECLINED

MOST_QUESTIONS = 6
MOST_CHOICES = 20
LONGEST_LABEL = 300
DEFAULT_INTRO = (
    "Answering is voluntary. Your answers are kept apart from your application: nobody who reads or decides on it sees "
    "them, and they change nothing about it. We only count them, to see whether our programs reach everybody."
)
DEFAULT_QUESTIONS = [
    {"label": "What is your gender?", "choices": "Woman\nMan\nNon-binary\nAnother gender"},
    {
        "label": "Which best describes your race or ethnicity?",
        "choices": "American Indian or Alaska Native\nAsian\nBlack or African American\nHispanic or Latino\n"
        "Native Hawaiian or other Pacific Islander\nWhite\nTwo or more",
    },
    {"label": "Are you a protected veteran?", "choices": "Yes\nNo"},
]


def answer_form(wording: SelfIdWording) -> FlaskForm:
    """The questions in force.  Nothing is chosen beforehand; declining is one of the choices, like the others."""
    fields = {}
    for question in wording.questions:
        choices = [SelectChoice(choice, choice) for choice in question["choices"]]
        fields[question["key"]] = RadioField(
            question["label"], choices=[*choices, SelectChoice(DECLINED, DECLINED_WORDS)], validate_choice=False
        )
    made: FlaskForm = type("SelfIdForm", (FlaskForm,), fields)()
    return made


def chosen(form: FlaskForm, wording: SelfIdWording) -> dict[str, str]:
    """What was chosen, by question key."""
    return {question["key"]: form[question["key"]].data or DECLINED for question in wording.questions}


def _tidy(text: Any) -> str:
    return clean(text or "").strip()


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.split("\n") if line.strip()]


class _Question(Form):
    """One question; empty where there is none."""

    label = StringField(
        "Question",
        filters=[_tidy],
        validators=[Length(max=LONGEST_LABEL, message=f"Shorten the question to {LONGEST_LABEL} characters.")],
    )
    choices = TextAreaField(
        "Choices",
        description="One on each line. We add “I choose not to answer”.",
        filters=[_tidy],
        render_kw={"rows": 5},
    )


class WordingForm(FlaskForm):  # type: ignore[misc]
    """Whether people are asked, and what."""

    seen = HiddenField()
    is_on = BooleanField("Ask applicants after they submit")
    intro = TextAreaField(
        "Text above the questions",
        filters=[_tidy],
        description="Say that answering is voluntary, who reads the counts, and what they are for. Markdown.",
        validators=[DataRequired("Write the text above the questions."), Length(max=5000)],
        render_kw={"rows": 6},
    )
    questions = FieldList(FormField(_Question), min_entries=MOST_QUESTIONS, max_entries=MOST_QUESTIONS)

    def validate(self, extra_validators: Any = None) -> bool:
        """A question has at least two different choices, and there is at least one question."""
        right = bool(super().validate(extra_validators))
        for entry in self.questions:
            problem = _problem(entry.form.label.data or "", _lines(entry.form.choices.data or ""))
            if problem:
                entry.form.choices.errors = [problem]
                right = False
        if not self.asked():
            self.questions[0].form.label.errors = ["Write at least one question."]
            right = False
        self.questions.errors = [entry.errors for entry in self.questions if entry.errors]
        return right

    def asked(self) -> list[dict[str, Any]]:
        """The questions that were written, with keys by their place."""
        return keyed([(entry.form.label.data or "", entry.form.choices.data or "") for entry in self.questions])


def keyed(written: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Questions as a wording keeps them.

    In: labels, each with its choices one a line; those without a label are left out.  Out: with keys by their place.
    """
    return [
        {"key": f"q{place}", "label": label, "choices": _lines(choices)}
        for place, (label, choices) in enumerate(written, 1)
        if label
    ]


def _problem(label: str, choices: Sequence[str]) -> str:
    if not label:
        return "Write the question that these choices answer." if choices else ""
    if len(choices) < 2:
        return "Write at least two choices, one a line."
    if len(choices) > MOST_CHOICES:
        return f"Keep up to {MOST_CHOICES} choices: larger tables show less."
    if len(set(choices)) < len(choices):
        return "Remove the choice that stands there twice."
    return ""
