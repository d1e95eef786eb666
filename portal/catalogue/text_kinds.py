"""Question kinds that are answered in words: a line, several lines, an email address."""

from collections.abc import Sequence
from typing import Any

from email_validator import EmailNotValidError, validate_email
from wtforms import EmailField, Field, StringField, TextAreaField

from portal.catalogue.question_kind import JsonValue, QuestionKind, QuestionLike, Setting
from portal.core.text import clean, plural, word_count

MAX_LINE_CHARACTERS = 300


class ShortText(QuestionKind):
    name, label, template = "short_text", "Short text", "answers/short_text.html"
    setting_specs = (Setting("max_chars", "Most characters", "integer", f"Empty means {MAX_LINE_CHARACTERS}."),)

    def limit(self, question: QuestionLike) -> int:
        return int(question.settings.get("max_chars") or MAX_LINE_CHARACTERS)

    def field(self, question: QuestionLike) -> Field:
        return StringField(question.label)

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        over = len(str(value)) - self.limit(question)
        return [f"Shorten “{question.label}” by {plural(over, 'character')}"] if over > 0 else []

    def describe(self, question: QuestionLike) -> str:
        given = question.settings.get("max_chars")
        return f"{self.label}, up to {plural(int(given), 'character')}" if given else self.label

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.limit(question)}


class LongText(QuestionKind):
    name, label, template = "long_text", "Long text", "answers/long_text.html"
    setting_specs = (Setting("max_words", "Most words", "integer", "Empty means no limit."),)

    def field(self, question: QuestionLike) -> Field:
        return TextAreaField(question.label)

    def parse(self, raw: Sequence[str]) -> JsonValue:
        text = clean(raw[0]).strip("\n") if raw else ""
        return text if text.strip() else None

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        limit = question.settings.get("max_words")
        over = word_count(str(value)) - int(limit) if limit else 0
        return [f"Shorten “{question.label}” by {plural(over, 'word')}"] if over > 0 else []

    def describe(self, question: QuestionLike) -> str:
        limit = question.settings.get("max_words")
        return f"{self.label}, up to {plural(int(limit), 'word')}" if limit else self.label


class Email(QuestionKind):
    name, label, template = "email", "Email address", "answers/email.html"

    def field(self, question: QuestionLike) -> Field:
        return EmailField(question.label)

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        try:
            validate_email(str(value), check_deliverability=False)
        except EmailNotValidError:
            return [f"Enter an email address such as name@example.org for “{question.label}”"]
        return []

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "string", "format": "email"}
