"""The forms of the profile's steps, made of the same kinds as the forms of applications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_wtf import FlaskForm

from portal.catalogue.answer_forms import answers_form
from portal.catalogue.fields import kind_of
from portal.catalogue.question_kind import Fault, QuestionKind
from portal.profiles.questions import ProfileQuestion


@dataclass(frozen=True)
class Row:
    """A question as the templates of answers read it."""

    question: ProfileQuestion
    value: Any

    @property
    def kind(self) -> QuestionKind:
        return kind_of(self.question)

    @property
    def asks(self) -> list[str]:
        """What the kind asks for without insisting: words on a gap."""
        return self.kind.asks(self.value, self.question)

    @property
    def text(self) -> str:
        return self.kind.display(self.value, self.question)


def step_form(questions: Sequence[ProfileQuestion], answers: Mapping[str, Any], *, one_more: str = "") -> FlaskForm:
    """The form of a step, filled with answers in storage form; `one_more` names a field that shows one more row."""
    asked = [(question.name, question, answers.get(question.name)) for question in questions]
    return answers_form(asked, one_more=one_more)


def read_step(questions: Sequence[ProfileQuestion], sent: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What a form sent, in storage form by name; None for what was left empty."""
    return {question.name: kind_of(question).read(sent, question.name, question) for question in questions}


def faults_of(questions: Sequence[ProfileQuestion], answers: Mapping[str, Any]) -> dict[str, list[Fault]]:
    """What to fix, by name, each with its place; nothing has to be answered."""
    found = {}
    for question in questions:
        kind, value = kind_of(question), answers[question.name]
        unkept = kind.unkept(value, question)
        if faults := [Fault("", unkept)] if unkept else kind.faults(value, question):
            found[question.name] = faults
    return found
