"""Forms of sections and questions; the settings of each kind come out of `fields`."""

from dataclasses import dataclass
from typing import Any

from wtforms import BooleanField, Form, HiddenField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired

from portal.catalogue.fields import KINDS, QuestionKind
from portal.catalogue.form_models import Question
from portal.catalogue.inputs import StaffForm, line, text


class SectionForm(StaffForm):
    """A section's words."""

    version = HiddenField()
    title = line("Section title", most=120, validators=[DataRequired("Write a title for the section.")])
    intro = text("Text above the questions", most=2000, rows=3)


class QuestionForm(StaffForm):
    """A question without the settings of its kind; see `question_form`."""

    version = HiddenField()
    label = line("Question", most=300, validators=[DataRequired("Write the question.")])
    help = text("Help under the question", most=1000, rows=2)
    kind = SelectField("Answer type", choices=[SelectChoice(name, kind.label) for name, kind in KINDS.items()])
    required = BooleanField("Must be answered", default=True)
    for_reviewers = BooleanField("Reviewers can see the answer", default=True)
    identifies = BooleanField("The answer tells who the applicant is")
    in_queue = BooleanField("The answer titles the application in staff lists")

    @property
    def chosen_kind(self) -> QuestionKind:
        """The kind that is chosen now; short text where none is."""
        return KINDS.get(self.kind.data or "", KINDS["short_text"])

    def groups(self) -> list[tuple[QuestionKind, list[Any]]]:
        """The settings of each kind that has any, as (kind, fields)."""
        found = [(kind, [self[f"{name}__{spec.name}"] for spec in kind.setting_specs]) for name, kind in KINDS.items()]
        return [(kind, fields) for kind, fields in found if fields]

    def settings(self) -> dict[str, Any]:
        """The settings of the chosen kind, as typed."""
        kind = self.chosen_kind
        return kind.read_settings({s.name: self[f"{kind.name}__{s.name}"].data for s in kind.setting_specs})

    def validate(self, extra_validators: Any = None) -> bool:
        """Also asks the kind about its settings."""
        right = bool(super().validate(extra_validators))
        kind = self.chosen_kind
        for name, sentence in kind.settings_problems(self.settings()).items():
            self[f"{kind.name}__{name}"].errors = [f"{sentence}."]
            right = False
        return right

    def columns(self) -> dict[str, Any]:
        """What was typed, as the question's columns."""
        names = ("label", "help", "kind", "required", "for_reviewers", "identifies", "in_queue")
        return {name: self[name].data for name in names} | {"settings": self.settings()}

    def picture(self) -> "Draft":
        """What was typed, as far as it can be shown."""
        settings = {} if self.chosen_kind.settings_problems(self.settings()) else self.settings()
        required = bool(self.required.data)
        return Draft(self.label.data or "The question", self.help.data or "", required, self.chosen_kind.name, settings)


def question_form(question: Question | None = None, *, version: str = "", **options: Any) -> QuestionForm:
    """The form of a question (or of a new one), with the settings of every kind."""
    settings: dict[str, Any] = {}
    for name, kind in KINDS.items():
        own = question.settings if question is not None and question.kind == name else {}
        settings |= {f"{name}__{key}": field for key, field in kind.settings_fields(own).items()}
    made: QuestionForm = type("QuestionFormOfAllKinds", (QuestionForm,), settings)(obj=question, **options)
    if not made.is_submitted():
        made.version.data = version
    return made


@dataclass(frozen=True)
class Draft:
    """A question that is not stored, for the picture of it beside the form."""

    label: str
    help: str
    required: bool
    kind: str
    settings: dict[str, Any]


def picture(question: Any) -> Any:
    """The field of a question as applicants meet it, bound to a form that is never sent."""
    field = KINDS[question.kind].field(question)
    made = type("Picture", (Form,), {"answer": field})(prefix="picture")
    made.answer.description = question.help
    made.answer.flags.required = question.required
    return made.answer
