"""Forms of sections and questions; the settings of each kind come out of `fields`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wtforms import BooleanField, Form, HiddenField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, ValidationError

from portal.catalogue.fields import KINDS, QuestionKind, kind_of
from portal.catalogue.form_models import Question
from portal.catalogue.inputs import CheckboxesField, StaffForm, line, text
from portal.catalogue.profile_fields import PROFILE_FIELDS, profile_problem
from portal.core.once import OnceForm

CLINICIANS_ONLY = (
    "Let people pass who have no US license: untick “Must be answered”, or show the question only if an earlier answer "
    "says that they have one."
)

SEPARATOR = ": "  # between the key of a question, which has none, and an answer


class SectionForm(OnceForm, StaffForm):
    """A section's words, and when it is asked."""

    version = HiddenField()
    title = line("Section title", most=120, validators=[DataRequired("Write a title for the section.")])
    intro = text("Text above the questions", most=2000, rows=3)
    on_invitation = BooleanField("Asked later, only of those invited")

    def columns(self) -> dict[str, Any]:
        """What was typed, as columns of the section."""
        return {
            "title": self.title.data or "",
            "intro": self.intro.data or "",
            "on_invitation": self.on_invitation.data,
        }


class CopyFormForm(StaffForm):
    """Which cycle's form to copy, and whether the draft that is there may go."""

    cycle = SelectField("Copy the form of", coerce=int, choices=[])
    replace = BooleanField("Replace the draft there is now")

    def offer(self, cycles: list[tuple[int, str]], *, asks: bool) -> None:
        """Set what there is to choose from, and whether a draft would be replaced."""
        self.cycle.choices = [SelectChoice(key, words) for key, words in cycles]
        self.asks = asks

    def validate_replace(self, field: BooleanField) -> None:
        """A draft with questions goes only when somebody said so."""
        if self.asks and not field.data:
            raise ValidationError("Tick this to replace the draft, or keep it and go back.")


class QuestionForm(OnceForm, StaffForm):
    """A question without the settings of its kind; see `question_form`."""

    version = HiddenField()
    label = line("Question", most=300, validators=[DataRequired("Write the question.")])
    help = text("Help under the question", most=1000, rows=2)
    kind = SelectField("Answer type", choices=[SelectChoice(name, kind.label) for name, kind in KINDS.items()])
    required = BooleanField("Must be answered", default=True)
    for_reviewers = BooleanField("Reviewers can see the answer", default=True)
    identifies = BooleanField("The answer tells who the applicant is")
    in_queue = BooleanField("The answer titles the application in staff lists")
    shown_if = CheckboxesField(
        "Show only if", description="Answers of one earlier question. Tick none to show it to everybody.", choices=[]
    )
    profile_field = SelectField(
        "Filled in from the profile",
        choices=[SelectChoice("", "Nothing"), *(SelectChoice(name, of[0]) for name, of in PROFILE_FIELDS.items())],
    )

    @property
    def chosen_kind(self) -> QuestionKind:
        """The kind that is chosen now; short text where none is."""
        return KINDS.get(self.kind.data or "", KINDS["short_text"])

    def groups(self) -> list[tuple[QuestionKind, list[tuple[Any, bool]]]]:
        """The settings of each kind that has any, as (kind, fields with whether they can be left empty)."""
        found = []
        for name, kind in KINDS.items():
            needed = kind.settings_problems({})
            fields = [(self[f"{name}__{spec.name}"], spec.name not in needed) for spec in kind.setting_specs]
            if fields:
                found.append((kind, fields))
        return found

    def settings(self) -> dict[str, Any]:
        """The settings of the chosen kind, as typed."""
        kind = self.chosen_kind
        return kind.read_settings({s.name: self[f"{kind.name}__{s.name}"].data for s in kind.setting_specs})

    def validate(self, extra_validators: Any = None) -> bool:
        """Also asks the kind about its settings."""
        right = bool(super().validate(extra_validators))
        kind = self.chosen_kind
        settings = self.settings()
        problems = {
            f"{kind.name}__{name}": f"{sentence}." for name, sentence in kind.settings_problems(settings).items()
        }
        if len({chosen.partition(SEPARATOR)[0] for chosen in self.shown_if.data or ()}) > 1:
            problems["shown_if"] = "Tick answers of one question only."
        if sentence := profile_problem(self.profile_field.data or "", kind.name, settings):
            problems["profile_field"] = f"{sentence}."
        if kind.clinicians_only and self.required.data and not self.shown_if.data:
            problems["required"] = CLINICIANS_ONLY
        for name, sentence in problems.items():
            self[name].errors = [sentence]
        return right and not problems

    def columns(self) -> dict[str, Any]:
        """What was typed, as the question's columns."""
        names = ("label", "help", "kind", "required", "for_reviewers", "identifies", "in_queue", "profile_field")
        chosen = [each.partition(SEPARATOR) for each in self.shown_if.data or ()]
        condition = {"key": chosen[0][0], "values": [value for _, _, value in chosen]} if chosen else {}
        return {name: self[name].data for name in names} | {"settings": self.settings(), "condition": condition}

    def picture(self) -> "Draft":
        """What was typed, as far as it can be shown."""
        settings = {} if self.chosen_kind.settings_problems(self.settings()) else self.settings()
        required = bool(self.required.data)
        return Draft(self.label.data or "The question", self.help.data or "", required, self.chosen_kind.name, settings)


def question_form(
    question: Question | None = None, *, earlier: Sequence[Question] = (), version: str = "", **options: Any
) -> QuestionForm:
    """The form of a question (or of a new one), with the settings of every kind.

    In: the question, those that stand before it and so can decide whether it is shown, and the mark of its version.
    """
    settings: dict[str, Any] = {}
    for name, kind in KINDS.items():
        own = question.settings if question is not None and question.kind == name else {}
        settings |= {f"{name}__{key}": field for key, field in kind.settings_fields(own).items()}
    made: QuestionForm = type("QuestionFormOfAllKinds", (QuestionForm,), settings)(
        obj=question, data={"shown_if": _ticked(question)}, **options
    )
    made.shown_if.choices = [
        SelectChoice(f"{before.key}{SEPARATOR}{value}", f"“{before.label}” is “{words}”")
        for before in earlier
        for value, words in kind_of(before).conditions(before)
    ]
    if not made.is_submitted():
        made.version.data = version
    return made


def _ticked(question: Question | None) -> list[str]:
    """The condition of a question as the checkboxes of the form send it."""
    condition = question.condition if question is not None else {}
    return [f"{condition['key']}{SEPARATOR}{value}" for value in condition.get("values", ())]


@dataclass(frozen=True)
class Draft:
    """A question that is not stored, for the picture of it beside the form."""

    label: str
    help: str
    required: bool
    kind: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """A question as applicants meet it before they answer: what the template of its kind reads."""

    question: Any
    kind: QuestionKind
    field: Any
    value: Any = None
    text: str = ""
    documents: Sequence[Any] = ()
    unusable: Sequence[Any] = ()
    asks: Sequence[str] = ()


def picture(question: Any) -> Picture:
    """The control of a question, bound to a form that is never sent."""
    kind = KINDS[question.kind]
    made = type("Picture", (Form,), {"answer": kind.field(question)})(prefix="picture")
    return Picture(question, kind, made.answer)
