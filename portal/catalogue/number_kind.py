"""The question kind that is answered with a number."""

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import Field, StringField

from portal.catalogue.kind_settings import Setting
from portal.catalogue.numerals import is_number, plain_number, read_number
from portal.catalogue.question_kind import JsonValue, QuestionKind, QuestionLike


class Number(QuestionKind):
    """Stored as a JSON number; as typed where it is none."""

    name, label, template = "number", "Number", "answers/number.html"
    setting_specs = (
        Setting("min", "Smallest", "number"),
        Setting("max", "Largest", "number"),
        Setting("whole", "Whole numbers", "flag", "Only whole numbers"),
    )

    def field(self, question: QuestionLike) -> Field:
        mode = "numeric" if question.settings.get("whole") else "decimal"
        return StringField(question.label, render_kw={"inputmode": mode})

    def parse(self, raw: Sequence[str]) -> JsonValue:
        text = super().parse(raw)
        number = read_number(text) if text else None
        return text if number is None else number

    def raw(self, value: JsonValue) -> list[str]:
        return [plain_number(value).replace(",", "")] if is_number(value) else super().raw(value)

    def missing(self, question: QuestionLike) -> str:
        return f"Enter a number for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        low, high = question.settings.get("min"), question.settings.get("max")
        if not is_number(value):
            return [f"Enter a number in digits for “{question.label}”"]
        if question.settings.get("whole") and not isinstance(value, int):
            return [f"Enter a whole number for “{question.label}”"]
        if low is not None and value < low:
            return [f"Enter {plain_number(low)} or more for “{question.label}”"]
        if high is not None and value > high:
            return [f"Enter {plain_number(high)} or less for “{question.label}”"]
        return []

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        return plain_number(value) if is_number(value) else super().display(value, question)

    def describe(self, question: QuestionLike) -> str:
        low, high = question.settings.get("min"), question.settings.get("max")
        words = "Whole number" if question.settings.get("whole") else self.label
        if low is not None and high is not None:
            return f"{words}, {plain_number(low)} to {plain_number(high)}"
        if low is not None:
            return f"{words}, {plain_number(low)} or more"
        return words if high is None else f"{words}, {plain_number(high)} or less"

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        made: dict[str, Any] = {"type": "integer" if question.settings.get("whole") else "number"}
        for ours, theirs in (("min", "minimum"), ("max", "maximum")):
            if question.settings.get(ours) is not None:
                made[theirs] = question.settings[ours]
        return made

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        found = super().settings_problems(settings)
        low, high = settings.get("min"), settings.get("max")
        if not found and low is not None and high is not None and low > high:
            found["max"] = f"Enter {plain_number(low)} or more for “Largest”"
        return found
