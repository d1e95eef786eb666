"""Question kinds that are answered by choosing: yes or no, one of several, any of several."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from wtforms import Field, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from portal.catalogue.kind_settings import KeepingList, Setting, checkboxes
from portal.catalogue.question_kind import JsonValue, QuestionKind, QuestionLike
from portal.core.text import clean

RADIO_CHOICES = 8
ELIGIBILITY = (
    Setting(
        "eligible",
        "Answers that may apply",
        "lines",
        "One on each line, in the words of the choices (Yes or No). Empty means all. Other answers cannot apply, are "
        "told so at once, and the sections without such a question open when all of these fit.",
    ),
    Setting("why_not", "What the others are told", "line", "One sentence, as in: The program is for physicians."),
)


def may_apply(shown: str, question: QuestionLike) -> list[str]:
    """Why somebody who answered so cannot apply, or nothing."""
    eligible = question.settings.get("eligible")
    if not eligible or shown in eligible:
        return []
    why = question.settings.get("why_not") or f"Only those who answer {' or '.join(eligible)} can apply here"
    return [f"“{question.label}”: {why.rstrip('.')}"]


def eligible_problem(settings: Mapping[str, Any], offered: Sequence[str]) -> dict[str, str]:
    """What is wrong with the answers that may apply."""
    strange = [answer for answer in settings.get("eligible") or [] if answer not in offered]
    return {"eligible": f"Write “{strange[0]}” as one of the choices, or take it out"} if strange else {}


class YesNo(QuestionKind):
    """Stored as true or false."""

    name, label, template = "yes_no", "Yes or no", "answers/yes_no.html"
    words: ClassVar[dict[str, bool]] = {"yes": True, "no": False}
    setting_specs = ELIGIBILITY

    def field(self, question: QuestionLike) -> Field:
        choices = [SelectChoice("yes", "Yes"), SelectChoice("no", "No")]
        return RadioField(question.label, choices=choices, validate_choice=False)

    def parse(self, raw: Sequence[str]) -> JsonValue:
        text = super().parse(raw)
        return self.words.get(text, text) if text else None

    def raw(self, value: JsonValue) -> list[str]:
        return ["yes" if value else "no"] if isinstance(value, bool) else super().raw(value)

    def missing(self, question: QuestionLike) -> str:
        return f"Choose yes or no for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        if not isinstance(value, bool):
            return [self.missing(question)]
        return may_apply(self.display(value, question), question)

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        return super().settings_problems(settings) | eligible_problem(settings, ("Yes", "No"))

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        return ("Yes" if value else "No") if isinstance(value, bool) else super().display(value, question)

    def conditions(self, question: QuestionLike) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "boolean"}


class _Choice(QuestionKind):
    """What choosing one and choosing several share; a choice is stored as the words it was offered in."""

    setting_specs: ClassVar[tuple[Setting, ...]] = (
        Setting("choices", "Choices", "lines", "One on each line, in the order people see them."),
    )

    @staticmethod
    def choices(question: QuestionLike) -> list[str]:
        return list(question.settings.get("choices", []))

    def options(self, question: QuestionLike) -> list[str]:
        return self.choices(question)

    def conditions(self, question: QuestionLike) -> list[tuple[str, str]]:
        return [(choice, choice) for choice in self.choices(question)]

    def offered(self, question: QuestionLike) -> list[SelectChoice]:
        return [SelectChoice(choice, choice) for choice in self.choices(question)]

    def describe(self, question: QuestionLike) -> str:
        return f"{self.label} of {len(self.choices(question))}"

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        choices = settings.get("choices") or []
        if len(choices) < 2:
            return {"choices": "Write at least two choices, one a line"}
        if len(set(choices)) < len(choices):
            return {"choices": "Remove the choice that stands there twice"}
        return {}


class ChooseOne(_Choice):
    name, label, template = "choose_one", "Choose one", "answers/choose_one.html"
    setting_specs = (*_Choice.setting_specs, *ELIGIBILITY)

    def field(self, question: QuestionLike) -> Field:
        options = self.offered(question)
        if len(options) <= RADIO_CHOICES:
            return RadioField(question.label, choices=options, validate_choice=False)
        return KeepingList(question.label, offered=[SelectChoice("", "Choose one"), *options])

    def missing(self, question: QuestionLike) -> str:
        return f"Choose an answer for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        return may_apply(value, question) if value in self.choices(question) else [self.missing(question)]

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        return super().settings_problems(settings) or eligible_problem(settings, settings.get("choices") or ())

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"enum": self.choices(question)}


class ChooseSeveral(_Choice):
    """Stored as a list in the order offered by the form that sent it."""

    name, label, template = "choose_several", "Choose any", "answers/choose_several.html"

    def field(self, question: QuestionLike) -> Field:
        return checkboxes(self.offered(question), label=question.label)

    def parse(self, raw: Sequence[str]) -> JsonValue:
        chosen = [text for item in raw if (text := " ".join(clean(item).split()))]
        return list(dict.fromkeys(chosen)) or None

    def raw(self, value: JsonValue) -> list[str]:
        return [str(item) for item in value] if isinstance(value, list) else super().raw(value)

    def missing(self, question: QuestionLike) -> str:
        return f"Choose at least one answer for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        offered = set(self.choices(question))
        right = isinstance(value, list) and all(isinstance(one, str) and one in offered for one in value)
        return [] if right else [f"Choose only from the answers offered for “{question.label}”"]

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        return "; ".join(self.raw(value))

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "array", "items": {"enum": self.choices(question)}, "uniqueItems": True}
