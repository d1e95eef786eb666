"""What all question kinds share, and the settings that staff choose for a question."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Protocol

from wtforms import Field, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.widgets import CheckboxInput, ListWidget

from portal.core.text import clean, plural

MAX_STORED_CHARACTERS = 50_000
MAX_DIGITS = 15
MEGABYTE = 1024 * 1024

JsonValue = Any


class QuestionLike(Protocol):
    """What a kind reads of a question: a row of the form, or a draft of one in the editor."""

    @property
    def label(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def settings(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Setting:
    """One thing staff choose for a question of a kind.

    `form` is `integer`, `number`, `flag`, `lines` (one item a line), `types` (kinds of files) or `megabytes` (stored
    in bytes).
    """

    name: str
    label: str
    form: str
    help: str = ""


class QuestionKind:
    """What all kinds share; the values of a plain kind are strings, None where nothing was answered."""

    name: ClassVar[str]
    label: ClassVar[str]
    template: ClassVar[str]
    setting_specs: ClassVar[tuple[Setting, ...]] = ()
    is_file: ClassVar[bool] = False

    def field(self, question: QuestionLike) -> Field:
        """The form field for a question, not yet bound to a form; who binds it names it by the question's id."""
        raise NotImplementedError

    def parse(self, raw: Sequence[str]) -> JsonValue:
        """What a form sent, as it is stored.  Wrong input stays as typed; nothing answered gives None."""
        text = " ".join(clean(raw[0]).split()) if raw else ""
        return text or None

    def raw(self, value: JsonValue) -> list[str]:
        """The stored value as a form would send it: `parse(raw(value)) == value`."""
        return [] if value is None else [str(value)]

    def is_empty(self, value: JsonValue) -> bool:
        return value is None or value in ("", [])

    def problems(self, value: JsonValue, question: QuestionLike) -> list[str]:
        """What must be fixed before this can be submitted: sentences that name the fix; empty when all is right."""
        if self.is_empty(value):
            return [self.missing(question)] if question.required else []
        return self.wrong(value, question)

    def missing(self, question: QuestionLike) -> str:
        return f"Answer “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        """What is wrong with an answer that was given."""
        return []

    def too_long(self, value: JsonValue, question: QuestionLike) -> str:
        """Why a value cannot even be kept, or an empty string."""
        length = sum(len(part) for part in self.raw(value))
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

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        """JSON schema of a right value."""
        return {"type": "string"}

    # settings, for the editor

    def settings_fields(self, settings: Mapping[str, Any]) -> dict[str, Field]:
        """Form fields for the settings of a question, filled from what is chosen now."""
        return {spec.name: _settings_field(spec, settings.get(spec.name)) for spec in self.setting_specs}

    def read_settings(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The settings out of the data of those fields; wrong input stays as typed for `settings_problems`."""
        read = {spec.name: _read_setting(spec, data.get(spec.name)) for spec in self.setting_specs}
        return {name: value for name, value in read.items() if value or is_number(value)}

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """What is wrong with settings: setting name to a sentence that names the fix."""
        found = {}
        for spec in self.setting_specs:
            value = settings.get(spec.name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if value is None:
                continue
            if spec.form in {"integer", "megabytes"} and not (whole and value > 0):
                what = "a whole number" if spec.form == "integer" else "a number"
                found[spec.name] = f"Enter {what} above 0 for “{spec.label}”, or leave it empty"
            elif spec.form == "number" and not (whole or isinstance(value, float)):
                found[spec.name] = f"Enter a number for “{spec.label}”, or leave it empty"
        return found


def _settings_field(spec: Setting, value: Any) -> Field:
    if spec.form == "types":
        choices = [SelectChoice(name, FILE_TYPES[name].label) for name in FILE_TYPES]
        return checkboxes(choices, label=spec.label, description=spec.help, default=list(value or DEFAULT_FILE_TYPES))
    if spec.form == "flag":
        choices = [SelectChoice("yes", spec.help or "Yes")]
        return checkboxes(choices, label=spec.label, default=["yes"] if value else [])
    if spec.form == "lines":
        return TextAreaField(spec.label, description=spec.help, default="\n".join(value or []))
    text = "" if value is None else str(value)
    if spec.form == "megabytes" and is_number(value):
        text = f"{value / MEGABYTE:g}"
    return StringField(spec.label, description=spec.help, default=text, render_kw={"inputmode": "decimal"})


def _read_setting(spec: Setting, data: Any) -> Any:
    if spec.form == "flag":
        return bool(data)
    if spec.form == "types":
        return [name for name in FILE_TYPES if name in (data or [])]
    text = clean(str(data or "")).strip()
    if spec.form == "lines":
        return [" ".join(line.split()) for line in text.split("\n") if line.strip()]
    number = read_number(text)
    if number is None:
        return text or None
    return int(number * MEGABYTE) if spec.form == "megabytes" else number


def checkboxes(choices: list[SelectChoice], **options: Any) -> Field:
    options |= {"widget": ListWidget(prefix_label=False), "option_widget": CheckboxInput()}
    made: Field = SelectMultipleField(choices=choices, validate_choice=False, **options)
    return made


NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?", re.ASCII)


def read_number(text: str) -> int | float | None:
    """`1,250.50` as 1250.5 and `12` as 12; None for what is no number of at most fifteen digits."""
    text = text.strip().removeprefix("$")
    if not NUMBER.fullmatch(text) or sum(char.isdigit() for char in text) > MAX_DIGITS:
        return None
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:  # nothing but a sign, or nothing at all
        return None
    return int(number) if number == number.to_integral_value() else float(number)


def plain_number(number: float) -> str:
    """A number with thousands separated and never an exponent: `1,250.5`."""
    return f"{number:,}" if isinstance(number, int) else f"{Decimal(repr(number)):,f}"


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class FileType:
    """A kind of file people may upload, recognised by its content."""

    label: str
    media_type: str
    extensions: tuple[str, ...]


FILE_TYPES = {
    "pdf": FileType("PDF", "application/pdf", (".pdf",)),
    "docx": FileType(
        "Word (.docx)", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", (".docx",)
    ),
    "png": FileType("PNG", "image/png", (".png",)),
    "jpeg": FileType("JPEG", "image/jpeg", (".jpg", ".jpeg")),
}
DEFAULT_FILE_TYPES = ("pdf", "docx")
