"""Questions that state something: a statement to agree to, and text that is only read."""

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import Field, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.widgets import HiddenInput

from portal.catalogue.kind_settings import Setting, checkboxes
from portal.catalogue.question_kind import JsonValue, QuestionKind, QuestionLike
from portal.core.text import clean


class Statement(QuestionKind):
    """Stored as the wording that was agreed to, so that it stays with the answer when a new version says otherwise."""

    name, label, template = "statement", "Statement to agree to", "answers/statement.html"
    setting_specs = (
        Setting("wording", "Wording of the statement", "text", "Kept with the answer. A new wording asks anew."),
        Setting("agree", "Words beside the checkbox", "line", "Empty means “I agree”."),
    )

    @staticmethod
    def wording(question: QuestionLike) -> str:
        return str(question.settings.get("wording") or "")

    def field(self, question: QuestionLike) -> Field:
        words = question.settings.get("agree") or "I agree"
        return checkboxes([SelectChoice(self.wording(question), words)], label=question.label)

    def parse(self, raw: Sequence[str]) -> JsonValue:
        return (clean(raw[0]).strip() or None) if raw else None

    def missing(self, question: QuestionLike) -> str:
        return f"Read “{question.label}” and tick the box if you agree"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        if value == self.wording(question):
            return []
        return [f"Read “{question.label}” again and tick the box if you agree: its wording has changed"]

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        return "" if self.is_empty(value) else f"Agreed: {value}"

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"const": self.wording(question)}

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        found = super().settings_problems(settings)
        if not found and not settings.get("wording"):
            found["wording"] = "Write the statement that people agree to"
        return found


class Information(QuestionKind):
    """Text between questions, in Markdown; nobody answers it."""

    name, label, template, is_information = "information", "Information text", "answers/information.html", True
    setting_specs = (Setting("text", "Text", "text", "Markdown. People read it between the questions."),)

    def field(self, question: QuestionLike) -> Field:
        return StringField(question.label, widget=HiddenInput())

    def parse(self, raw: Sequence[str]) -> JsonValue:
        return None

    def raw(self, value: JsonValue) -> list[str]:
        return []

    def is_empty(self, value: JsonValue) -> bool:
        return True

    def faults(self, value: JsonValue, question: QuestionLike) -> list[Any]:
        return []

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "null"}

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        found = super().settings_problems(settings)
        if not found and not settings.get("text"):
            found["text"] = "Write the text that people read"
        return found
