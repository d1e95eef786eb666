"""What question kinds share whose answer has parts, once (a license) or in rows (a budget, somebody's training).

Each part is answered as a question of some kind is.  Its field is called `q<id>-<part>`, or `q<id>-<row>-<part>`;
rows are read in the order in which a form sends them, whatever their numbers.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from wtforms import Field, FieldList, Form, FormField, TextAreaField

from portal.catalogue.question_kind import Fault, JsonValue, QuestionKind, QuestionLike, Sent
from portal.core.text import clean, plural

MOST_ROWS_SHOWN = 100
MOST_ROWS = 300
"""More are not kept: nobody reads them, and every page that shows them would be slow for all."""
LONGEST_NOTE = 1000


@dataclass(frozen=True)
class Part:
    """A part of an answer: a small question of its own.

    `before` is what it says before its words where an answer is read as text; `unless` names an answer to another part
    that makes this one needless.
    """

    name: str
    kind: QuestionKind
    label: str
    required: bool = True
    settings: dict[str, Any] = field(default_factory=dict)
    help: str = ""
    before: str = ""
    unless: tuple[str, JsonValue] | None = None


class PartsKind(QuestionKind):
    """Stored as an object of what was answered by name of part, None where nothing was."""

    has_parts: ClassVar[bool] = True
    joint: ClassVar[str] = ", "

    def parts(self, question: QuestionLike) -> Sequence[Part]:
        """The parts of an answer, in their order."""
        raise NotImplementedError

    def field(self, question: QuestionLike) -> Field:
        return FormField(parts_form(self.parts(question)), label=question.label)

    def parse(self, raw: Sequence[str]) -> JsonValue:
        return None

    def read(self, sent: Sent, name: str, question: QuestionLike) -> JsonValue:
        return read_parts(sent, name, self.parts(question)) or None

    def sent(self, value: JsonValue, name: str, question: QuestionLike) -> dict[str, list[str]]:
        parts = self.parts(question)
        return send_parts(as_parts(value, parts), name, parts)

    def is_empty(self, value: JsonValue) -> bool:
        return value in (None, "", {}, [])

    def faults(self, value: JsonValue, question: QuestionLike) -> list[Fault]:
        parts = self.parts(question)
        if self.is_empty(value):
            return [Fault(lead(parts), self.missing(question))] if question.required else []
        answer = as_parts(value, parts)
        return faults_of_parts(answer, parts) or self.crossed(answer, question)

    def crossed(self, answer: Mapping[str, Any], question: QuestionLike) -> list[Fault]:
        """What is wrong between parts that are right by themselves."""
        return []

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        parts = self.parts(question)
        return "" if self.is_empty(value) else display_parts(as_parts(value, parts), parts, self.joint)

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return parts_schema(self.parts(question))


class RowsKind(QuestionKind):
    """Stored as `{"rows": [{part: answer, …}, …]}`, and a `note` where the kind asks for one; rows are never empty."""

    has_rows: ClassVar[bool] = True
    joint: ClassVar[str] = ", "

    def parts(self, question: QuestionLike) -> Sequence[Part]:
        """The parts of a row, in their order."""
        raise NotImplementedError

    def noun(self, question: QuestionLike) -> str:
        """What a row is called: `Entry`, `License`."""
        return "Entry"

    def note_label(self, question: QuestionLike) -> str:
        """What a note under the rows is called; an empty string where there is none."""
        return ""

    def field(self, question: QuestionLike) -> Field:
        return RowsField(FormField(parts_form(self.parts(question))), label=question.label)

    def note_field(self, question: QuestionLike) -> Field | None:
        """The field of the note, or None."""
        label = self.note_label(question)
        return TextAreaField(label) if label else None

    def parse(self, raw: Sequence[str]) -> JsonValue:
        return None

    def rows(self, value: JsonValue, question: QuestionLike) -> list[dict[str, Any]]:
        """The rows of a value; text of another kind is the first part of one row."""
        if isinstance(value, dict) and isinstance(value.get("rows"), list):
            return [row for row in value["rows"] if isinstance(row, dict)]
        row = as_parts(value, self.parts(question)) if isinstance(value, str) else {}
        return [row] if row else []

    @staticmethod
    def note(value: JsonValue) -> str:
        """The note of a value."""
        return str(value.get("note") or "") if isinstance(value, dict) else ""

    def read(self, sent: Sent, name: str, question: QuestionLike) -> JsonValue:
        parts = self.parts(question)
        numbers = row_numbers(sent, name)[: MOST_ROWS + 1]  # one too many is refused
        rows = [read_parts(sent, f"{name}-{at}", parts) for at in numbers]
        typed = sent.get(f"{name}-note", ()) if self.note_label(question) else ()
        note = clean(typed[0]).strip() if typed else ""
        value = {"rows": [row for row in rows if row]} | ({"note": note} if note else {})
        return value if value["rows"] or note else None

    def sent(self, value: JsonValue, name: str, question: QuestionLike) -> dict[str, list[str]]:
        parts = self.parts(question)
        made: dict[str, list[str]] = {}
        for at, row in enumerate(self.rows(value, question)):
            made |= send_parts(row, f"{name}-{at}", parts)
        note = self.note(value)
        return made | ({f"{name}-note": [note]} if note and self.note_label(question) else {})

    def rows_shown(self, value: JsonValue, question: QuestionLike, *, one_more: bool = False) -> int:
        """How many rows a page shows: those there are, empty ones at first, and one more where that was asked for."""
        stored = len(self.rows(value, question))
        return max(min(max(stored, self.rows_at_first(question)) + one_more, MOST_ROWS_SHOWN), stored)

    def rows_at_first(self, question: QuestionLike) -> int:
        """How many rows stand there before anything is answered."""
        return 1

    def is_empty(self, value: JsonValue) -> bool:
        return value in (None, "", [], {}, {"rows": []})

    def faults(self, value: JsonValue, question: QuestionLike) -> list[Fault]:
        parts, rows = self.parts(question), self.rows(value, question)
        if not rows:
            return [Fault(f"0-{lead(parts)}", self.missing(question))] if question.required else []
        found = []
        for at, row in enumerate(rows):
            place = f"In {self.noun(question).lower()} {at + 1}, "
            found += [
                Fault(f"{at}-{fault.at}", place + fault.sentence[0].lower() + fault.sentence[1:])
                for fault in faults_of_parts(row, parts) or self.crossed(row, question)
            ]
        over = len(self.note(value)) - LONGEST_NOTE
        if over > 0:
            found.append(Fault("", f"Shorten “{self.note_label(question)}” by {plural(over, 'character')}"))
        return found + [Fault("", sentence) for sentence in self.wrong(value, question)]

    def crossed(self, answer: Mapping[str, Any], question: QuestionLike) -> list[Fault]:
        """What is wrong between the parts of a row that are right by themselves."""
        return []

    def unkept(self, value: JsonValue, question: QuestionLike) -> str:
        if len(self.rows(value, question)) > MOST_ROWS:
            return f"Shorten “{question.label}” to {MOST_ROWS} rows, the most that we can keep"
        return super().unkept(value, question)

    def lines(self, value: JsonValue, question: QuestionLike) -> list[str]:
        """Each row as text."""
        parts = self.parts(question)
        return [display_parts(row, parts, self.joint) for row in self.rows(value, question)]

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        note = self.note(value)
        return "\n".join(self.lines(value, question) + ([f"{self.note_label(question)}: {note}"] if note else []))

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        properties: dict[str, Any] = {"rows": {"type": "array", "items": parts_schema(self.parts(question))}}
        if self.note_label(question):
            properties["note"] = {"type": "string", "maxLength": LONGEST_NOTE}
        return {"type": "object", "properties": properties, "required": ["rows"], "additionalProperties": False}


class RowsField(FieldList):  # type: ignore[type-arg]
    """The rows of an answer; `note` is the field under them, or None."""

    note: Field | None = None

    def pad(self, count: int) -> None:
        """Add empty rows until there are so many."""
        while len(self.entries) < count:
            self.append_entry()


def parts_form(parts: Iterable[Part]) -> type[Form]:
    """A form of the parts, to be put inside another."""
    return type("PartsForm", (Form,), {part.name: part.kind.field(part) for part in parts})


def lead(parts: Sequence[Part]) -> str:
    """The place of the first control."""
    first = parts[0]
    return f"{first.name}-{lead(first.kind.parts(first))}" if isinstance(first.kind, PartsKind) else first.name


def as_parts(value: JsonValue, parts: Sequence[Part]) -> dict[str, Any]:
    """A value as an object of parts; text of another kind is the first part."""
    if isinstance(value, dict):
        return value
    return {parts[0].name: value} if isinstance(value, str) and not isinstance(parts[0].kind, PartsKind) else {}


def read_parts(sent: Sent, name: str, parts: Iterable[Part]) -> dict[str, Any]:
    """What a form sent for the parts, without those that were left empty."""
    found = {part.name: part.kind.read(sent, f"{name}-{part.name}", part) for part in parts}
    return {key: value for key, value in found.items() if value is not None}


def send_parts(answer: Mapping[str, Any], name: str, parts: Iterable[Part]) -> dict[str, list[str]]:
    """The other way round."""
    made: dict[str, list[str]] = {}
    for part in parts:
        made |= part.kind.sent(answer.get(part.name), f"{name}-{part.name}", part)
    return made


def faults_of_parts(answer: Mapping[str, Any], parts: Iterable[Part]) -> list[Fault]:
    """What is wrong with each part by itself, with its place."""
    found = []
    for part in parts:
        value = answer.get(part.name)
        if part.kind.is_empty(value) and part.unless and answer.get(part.unless[0]) == part.unless[1]:
            continue
        found += [
            Fault(f"{part.name}-{fault.at}" if fault.at else part.name, fault.sentence)
            for fault in part.kind.faults(value, part)
        ]
    return found


def display_parts(answer: Mapping[str, Any], parts: Iterable[Part], joint: str) -> str:
    """An answer in one text: what was answered of each part, in their order."""
    texts = ((part.before, part.kind.display(answer.get(part.name), part)) for part in parts)
    return joint.join(before + text for before, text in texts if text)


def parts_schema(parts: Sequence[Part]) -> dict[str, Any]:
    """JSON schema of an object of parts."""
    return {
        "type": "object",
        "properties": {part.name: part.kind.schema(part) for part in parts},
        "required": [part.name for part in parts if part.required and not part.unless],
        "additionalProperties": False,
    }


def _row_pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(name)}-([0-9]{{1,6}})-")


def row_numbers(sent: Iterable[str], name: str) -> list[str]:
    """The numbers of the rows in a sent form, in the order in which it sends them."""
    pattern = _row_pattern(name)
    return list(dict.fromkeys(match[1] for key in sent if (match := pattern.match(key))))


def rearranged(sent: Mapping[str, list[str]], name: str, act: str, at: str) -> dict[str, list[str]]:
    """A sent form after one of the buttons of a row was pressed.

    In: the form, the name of the question's fields, `up`, `down` or `remove`, and the number of the row.  Any other
    button, and a row that is not there, change nothing.
    """
    order = row_numbers(sent, name)
    if at in order:
        place = order.index(at)
        other = place + {"up": -1, "down": 1}.get(act, 0)
        if act == "remove":
            del order[place]
        elif 0 <= other < len(order):
            order[place], order[other] = order[other], order[place]
    rest: dict[str, list[str]] = {}
    rows: dict[str, dict[str, list[str]]] = {number: {} for number in order}
    pattern = _row_pattern(name)
    for key, value in sent.items():
        if match := pattern.match(key):
            rows.get(match[1], {})[key] = value  # those of a row that was removed go nowhere
        else:
            rest[key] = value
    for number in order:
        rest |= rows[number]
    return rest
