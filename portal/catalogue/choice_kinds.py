"""Question kinds that are answered by choosing: yes or no, one of several, any of several."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from wtforms import Field, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from portal.catalogue.kind_settings import KeepingList, Setting, checkboxes
from portal.catalogue.question_kind import JsonValue, QuestionKind, QuestionLike
from portal.core.text import clean

RADIO_CHOICES = 8


class YesNo(QuestionKind):
    """Stored as true or false."""

    name, label, template = "yes_no", "Yes or no", "answers/yes_no.html"
    words: ClassVar[dict[str, bool]] = {"yes": True, "no": False}

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
        return [] if isinstance(value, bool) else [self.missing(question)]

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        return ("Yes" if value else "No") if isinstance(value, bool) else super().display(value, question)

    def conditions(self, question: QuestionLike) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "boolean"}


class _Choice(QuestionKind):
    """What choosing one and choosing several share; a choice is stored as the words it was offered in."""

    setting_specs = (Setting("choices", "Choices", "lines", "One a line, in the order people see them."),)

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

    def field(self, question: QuestionLike) -> Field:
        options = self.offered(question)
        if len(options) <= RADIO_CHOICES:
            return RadioField(question.label, choices=options, validate_choice=False)
        return KeepingList(question.label, offered=[SelectChoice("", "Choose one"), *options])

    def missing(self, question: QuestionLike) -> str:
        return f"Choose an answer for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        return [] if value in self.choices(question) else [self.missing(question)]

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
