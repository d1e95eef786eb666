"""The question kind that is answered with a day."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from wtforms import Field, StringField
from wtforms.widgets import TextInput

from portal.catalogue.question_kind import JsonValue, QuestionKind, QuestionLike

EARLIEST_YEAR, LATEST_YEAR = 1900, 2199
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
DATE_FORMATS = ("%Y-%m-%d", "%m/%d/%Y", "%b %d, %Y", "%B %d, %Y")


def read_date(text: str) -> date | None:
    """A date written as 2026-12-07, 12/7/2026 or Dec 7, 2026; None for anything else."""
    for form in DATE_FORMATS:
        try:
            found = datetime.strptime(text, form).date()  # noqa: DTZ007 - a day, not a moment
        except ValueError:
            continue
        return found if EARLIEST_YEAR <= found.year <= LATEST_YEAR else None
    return None


class DateInput(TextInput):
    """A date picker; a plain box where what was typed is no date, since a picker would show nothing."""

    def __call__(self, field: Field, **kwargs: Any) -> Any:
        value = str(field.data or "")
        kwargs["type"] = "date" if not value or ISO_DATE.fullmatch(value) else "text"
        return super().__call__(field, **kwargs)


class Date(QuestionKind):
    """Stored as `2026-12-07`; as typed where it is no date."""

    name, label, template = "date", "Date", "answers/date.html"

    def field(self, question: QuestionLike) -> Field:
        return StringField(question.label, widget=DateInput())

    def parse(self, raw: Sequence[str]) -> JsonValue:
        text = super().parse(raw)
        found = read_date(text) if text else None
        return found.isoformat() if found else text

    def missing(self, question: QuestionLike) -> str:
        return f"Enter a date for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        return [] if self._day(value) else [f"Enter a date such as 12/7/2026 for “{question.label}”"]

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        day = self._day(value)
        return f"{day:%b} {day.day}, {day.year}" if day else super().display(value, question)

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    @staticmethod
    def _day(value: JsonValue) -> date | None:
        return read_date(value) if isinstance(value, str) and ISO_DATE.fullmatch(value) else None
