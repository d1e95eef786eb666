"""A month, and the question kind for a range of months that may last until now."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from wtforms import BooleanField, Field, StringField
from wtforms.widgets import TextInput

from portal.catalogue.date_kind import EARLIEST_YEAR, LATEST_YEAR
from portal.catalogue.parts_kind import Part, PartsKind
from portal.catalogue.question_kind import Fault, JsonValue, QuestionKind, QuestionLike

ISO_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
MONTH_FORMATS = ("%Y-%m", "%m/%Y", "%b %Y", "%B %Y")


def read_month(text: str) -> date | None:
    """The first day of a month written as 2018-07, 7/2018, Jul 2018 or July 2018; None for anything else."""
    for form in MONTH_FORMATS:
        try:
            found = datetime.strptime(text, form).date()  # noqa: DTZ007 - a month, not a moment
        except ValueError:
            continue
        return found if EARLIEST_YEAR <= found.year <= LATEST_YEAR else None
    return None


def stored_month(value: JsonValue) -> date | None:
    """The first day of a stored month, or None."""
    return read_month(value) if isinstance(value, str) and ISO_MONTH.fullmatch(value) else None


def month_words(month: date) -> str:
    """`Jul 2018`."""
    return f"{month:%b} {month.year}"


class MonthInput(TextInput):
    """A month picker; a plain box where what was typed is no month, since a picker would show nothing."""

    def __call__(self, field: Field, **kwargs: Any) -> Any:
        value = str(field.data or "")
        kwargs["type"] = "month" if not value or ISO_MONTH.fullmatch(value) else "text"
        return super().__call__(field, **kwargs)


class Month(QuestionKind):
    """Stored as `2018-07`; as typed where it is no month."""

    name, label = "month", "Month"

    def field(self, question: QuestionLike) -> Field:
        return StringField(question.label, widget=MonthInput())

    def parse(self, raw: Sequence[str]) -> JsonValue:
        text = super().parse(raw)
        found = read_month(text) if text else None
        return f"{found:%Y-%m}" if found else text

    def missing(self, question: QuestionLike) -> str:
        return f"Enter a month for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        return [] if stored_month(value) else [f"Enter a month such as 7/2018 for “{question.label}”"]

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        month = stored_month(value)
        return month_words(month) if month else super().display(value, question)

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}


class Tick(QuestionKind):
    """A box to tick, stored as true; None where it is not ticked."""

    name, label = "tick", "Checkbox"

    def field(self, question: QuestionLike) -> Field:
        return BooleanField(question.label, render_kw={"value": "yes"})

    def parse(self, raw: Sequence[str]) -> JsonValue:
        return True if super().parse(raw) else None

    def raw(self, value: JsonValue) -> list[str]:
        return ["yes"] if value else []

    def is_empty(self, value: JsonValue) -> bool:
        return not value

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        return question.label if value else ""

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"const": True}


class MonthRange(PartsKind):
    """Stored as `{"start": "2015-07", "end": "2018-06"}`, with `"present": true` in place of an end that is to come."""

    name, label, template = "month_range", "Range of months", "answers/month_range.html"
    PARTS = (
        Part("start", Month(), "From", help="Month and year, such as 7/2018."),
        Part("end", Month(), "To", required=False, help="Month and year.", unless=("present", True)),
        Part("present", Tick(), "Until now", required=False),
    )

    def parts(self, question: QuestionLike) -> Sequence[Part]:
        return self.PARTS

    def missing(self, question: QuestionLike) -> str:
        return f"Enter the months of “{question.label}”"

    def crossed(self, answer: Mapping[str, Any], question: QuestionLike) -> list[Fault]:
        start, end = stored_month(answer.get("start")), stored_month(answer.get("end"))
        if end and answer.get("present"):
            return [Fault("end", f"Take out the last month of “{question.label}”, or untick “Until now”")]
        if not end and not answer.get("present"):
            return [Fault("end", f"Enter the last month of “{question.label}”, or tick “Until now”")]
        if start and end and end < start:
            return [Fault("end", f"Enter {month_words(start)} or later for the end of “{question.label}”")]
        return []

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        if self.is_empty(value):
            return ""
        if not isinstance(value, dict):
            return str(value)
        month, part = self.PARTS[0].kind, self.PARTS[0]
        start, end = (month.display(value.get(name), part) for name in ("start", "end"))
        last = " and ".join(word for word in (end, "now" if value.get("present") else "") if word)
        return f"{start or '?'} to {last or '?'}"

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return super().schema(question) | {"oneOf": [{"required": ["end"]}, {"required": ["present"]}]}
