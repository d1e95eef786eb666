"""What all question kinds share.

A kind reads its answer out of a sent form and can make the same form again: `read(sent(value)) == value`.  The fields
of a question are called `q<id>` and, where it takes several, `q<id>-<part>` or `q<id>-<row>-<part>`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

from wtforms import Field

from portal.catalogue.kind_settings import Setting, problems_of, read_all
from portal.core.text import clean, plural

MAX_STORED_CHARACTERS = 50_000

JsonValue = Any
Sent = Mapping[str, Sequence[str]]


class QuestionLike(Protocol):
    """What a kind reads of a question: a row of the form, a draft of one in the editor, a part of another."""

    @property
    def label(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def settings(self) -> dict[str, Any]: ...


class Fault(NamedTuple):
    """What must be fixed: a sentence that names the fix, and the part of the answer where (`1-amount`; "" for all)."""

    at: str
    sentence: str


class QuestionKind:
    """What all kinds share; the values of a plain kind are strings, None where nothing was answered.

    `is_information` marks what is only read, `clinicians_only` what nobody without a US license can answer.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    template: ClassVar[str]
    setting_specs: ClassVar[tuple[Setting, ...]] = ()
    is_file: ClassVar[bool] = False
    is_information: ClassVar[bool] = False
    has_parts: ClassVar[bool] = False
    has_rows: ClassVar[bool] = False
    clinicians_only: ClassVar[bool] = False

    def field(self, question: QuestionLike) -> Field:
        """The form field for a question, not yet bound to a form; who binds it names it by the question's id."""
        raise NotImplementedError

    def parse(self, raw: Sequence[str]) -> JsonValue:
        """What one field of a form sent, as it is stored.  Wrong input stays as typed; nothing answered gives None."""
        text = " ".join(clean(raw[0]).split()) if raw else ""
        return text or None

    def raw(self, value: JsonValue) -> list[str]:
        """The stored value as one field of a form would send it: `parse(raw(value)) == value`."""
        return [] if value is None else [str(value)]

    def read(self, sent: Sent, name: str, question: QuestionLike) -> JsonValue:
        """The answer out of a sent form, whose fields for it are called `name` or begin with `name-`; as `parse`."""
        return self.parse(sent.get(name, ()))

    def sent(self, value: JsonValue, name: str, question: QuestionLike) -> dict[str, list[str]]:
        """The fields of a form that would send this value: `read(sent(value, name, …), name, …) == value`."""
        return {name: self.raw(value)}

    def is_empty(self, value: JsonValue) -> bool:
        return value is None or value in ("", [])

    def faults(self, value: JsonValue, question: QuestionLike) -> list[Fault]:
        """What must be fixed before this can be submitted, each with its place; empty when all is right."""
        if self.is_empty(value):
            return [Fault("", self.missing(question))] if question.required else []
        return [Fault("", sentence) for sentence in self.wrong(value, question)]

    def problems(self, value: JsonValue, question: QuestionLike) -> list[str]:
        """The sentences of `faults`."""
        return [fault.sentence for fault in self.faults(value, question)]

    def missing(self, question: QuestionLike) -> str:
        return f"Answer “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        """What is wrong with an answer that was given."""
        return []

    def asks(self, value: JsonValue, question: QuestionLike) -> list[str]:
        """What a person is asked to add, and may leave out."""
        return []

    def help(self, question: QuestionLike) -> str:
        """What stands under the question: the words of staff, and what the kind has to say before anybody answers."""
        return question.help

    def refuses_identifiers(self, question: QuestionLike) -> bool:
        """Whether text that could identify a patient is not kept."""
        return False

    def unkept(self, value: JsonValue, question: QuestionLike) -> str:
        """Why a value is not even kept, or an empty string."""
        length = sum(len(part) for raw in self.sent(value, "", question).values() for part in raw)
        if length <= MAX_STORED_CHARACTERS:
            return ""
        over = plural(length - MAX_STORED_CHARACTERS, "character")
        return f"Shorten “{question.label}” by {over}: we can keep up to {MAX_STORED_CHARACTERS:,}"

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        """The value as people read it on pages, in print and in spreadsheets; empty when nothing was answered."""
        return "" if self.is_empty(value) else str(value)

    def describe(self, question: QuestionLike) -> str:
        """The kind and its limits in words: `Long text, up to 500 words`."""
        return self.label

    def options(self, question: QuestionLike) -> list[str]:
        """The answers that are offered, as people read them; empty where they write their own."""
        return []

    def conditions(self, question: QuestionLike) -> list[tuple[str, str]]:
        """The answers that other questions can depend on, as (raw input, words)."""
        return []

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        """JSON schema of a right value."""
        return {"type": "string"}

    def export(self, value: JsonValue) -> JsonValue:
        """A stored value as JSON that leaves the portal: `load(export(value), …) == value`."""
        return value

    def load(self, data: JsonValue, question: QuestionLike) -> JsonValue:
        """A value back from JSON.  Raises ValueError for what no form of this question could have sent."""
        if data is None:
            return None
        if self.read(self.sent(data, "q", question), "q", question) != data:
            raise ValueError(f"“{question.label}” cannot hold {data!r:.80}")
        return data

    # settings, for the editor

    def settings_fields(self, settings: Mapping[str, Any]) -> dict[str, Field]:
        """Form fields for the settings of a question, filled from what is chosen now."""
        return {spec.name: spec.field(settings.get(spec.name)) for spec in self.setting_specs}

    def read_settings(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The settings out of the data of those fields; wrong input stays as typed for `settings_problems`."""
        return read_all(self.setting_specs, data)

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """What is wrong with settings: setting name to a sentence that names the fix."""
        return problems_of(self.setting_specs, settings)
