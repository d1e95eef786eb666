"""The question kind for a table of costs, and the amount of money in each of its rows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from wtforms import Field, StringField

from portal.catalogue.kind_settings import Setting
from portal.catalogue.numerals import dollars, is_whole, read_decimal
from portal.catalogue.parts_kind import Part, RowsKind
from portal.catalogue.question_kind import JsonValue, QuestionKind, QuestionLike
from portal.catalogue.text_kinds import ShortText


class Amount(QuestionKind):
    """US dollars, stored as whole cents; as typed where it is no amount."""

    name, label = "amount", "Amount"

    def field(self, question: QuestionLike) -> Field:
        return StringField(question.label, render_kw={"inputmode": "decimal"})

    def parse(self, raw: Sequence[str]) -> JsonValue:
        text = super().parse(raw)
        amount = read_decimal(text) if text else None
        cents = amount * 100 if amount is not None else None
        return int(cents) if cents is not None and cents >= 0 and cents == cents.to_integral_value() else text

    def raw(self, value: JsonValue) -> list[str]:
        return [dollars(value).removeprefix("$").replace(",", "")] if is_whole(value) else super().raw(value)

    def missing(self, question: QuestionLike) -> str:
        return f"Enter an amount for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        if is_whole(value) and value >= 0:
            return []
        return [f"Enter an amount in dollars such as 1,250.50 for “{question.label}”"]

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        return dollars(value) if is_whole(value) else super().display(value, question)

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0, "description": "US cents"}


class MoneyTable(RowsKind):
    """Rows of what for and how much, with a cap on the total."""

    name, label, template = "money_table", "Money table", "answers/money_table.html"
    joint = ": "
    setting_specs = (
        Setting("max_total", "Most in total, in dollars", "number", "Such as 20000. Empty means no limit."),
    )
    PARTS = (
        Part("label", ShortText(), "What for", settings={"max_chars": 200}),
        Part("amount", Amount(), "Amount in dollars"),
    )

    def parts(self, question: QuestionLike) -> Sequence[Part]:
        return self.PARTS

    def noun(self, question: QuestionLike) -> str:
        return "Line"

    def rows_at_first(self, question: QuestionLike) -> int:
        return 3

    def cap(self, question: QuestionLike) -> int | None:
        """The largest total in cents, or None."""
        most = question.settings.get("max_total")
        return None if most is None else int(Decimal(str(most)) * 100)

    def total(self, value: JsonValue, question: QuestionLike) -> int:
        """The total of the amounts that can be read, in cents."""
        return sum(row["amount"] for row in self.rows(value, question) if is_whole(row.get("amount")))

    def total_words(self, value: JsonValue, question: QuestionLike) -> str:
        """The total as people read it."""
        return dollars(self.total(value, question))

    def cap_words(self, question: QuestionLike) -> str:
        """The cap as people read it; empty where there is none."""
        cap = self.cap(question)
        return "" if cap is None else dollars(cap)

    def missing(self, question: QuestionLike) -> str:
        return f"Enter at least one line for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        cap, total = self.cap(question), self.total(value, question)
        if cap is None or total <= cap:
            return []
        return [f"Lower the total of “{question.label}” by {dollars(total - cap)}: it may be at most {dollars(cap)}"]

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        lines = self.lines(value, question)
        return "\n".join([*lines, f"Total: {dollars(self.total(value, question))}"]) if lines else ""

    def describe(self, question: QuestionLike) -> str:
        cap = self.cap(question)
        return f"{self.label}, at most {dollars(cap)} in total" if cap is not None else self.label

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        found = super().settings_problems(settings)
        most = settings.get("max_total")
        if not found and most is not None and (most <= 0 or Decimal(str(most)) * 100 % 1):
            found["max_total"] = "Enter dollars above 0 with whole cents for “Most in total”, or leave it empty"
        return found
