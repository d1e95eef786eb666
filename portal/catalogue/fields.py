"""Question kinds, once: one class per kind with all that is known of it, and the registry `KINDS`.

A kind knows the form field it makes, how raw input is stored (JSON), what is wrong with a stored value when the
application is submitted, how a value is shown, which settings staff choose and how a question is described before
anybody registers.  `parse` never refuses: what cannot be read stays as typed, so that saving loses nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Protocol

from email_validator import EmailNotValidError, validate_email
from flask_wtf.file import FileField
from wtforms import EmailField, Field, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from portal.core.text import clean, file_size, plural, word_count

MAX_STORED_CHARACTERS = 50_000
MAX_LINE_CHARACTERS = 300
MAX_DIGITS = 15
EARLIEST_YEAR, LATEST_YEAR = 1900, 2199
RADIO_CHOICES = 8
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


class FileLike(Protocol):
    """What the file kind reads of a document."""

    @property
    def filename(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def pages(self) -> int | None: ...


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
        return {name: value for name, value in read.items() if value or _is_number(value)}

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
        return _checkboxes(choices, label=spec.label, description=spec.help, default=list(value or DEFAULT_FILE_TYPES))
    if spec.form == "flag":
        choices = [SelectChoice("yes", spec.help or "Yes")]
        return _checkboxes(choices, label=spec.label, default=["yes"] if value else [])
    if spec.form == "lines":
        return TextAreaField(spec.label, description=spec.help, default="\n".join(value or []))
    text = "" if value is None else str(value)
    if spec.form == "megabytes" and _is_number(value):
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


def _checkboxes(choices: list[SelectChoice], **options: Any) -> Field:
    options |= {"widget": ListWidget(prefix_label=False), "option_widget": CheckboxInput()}
    made: Field = SelectMultipleField(choices=choices, validate_choice=False, **options)
    return made


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
        return [plain_number(value).replace(",", "")] if _is_number(value) else super().raw(value)

    def missing(self, question: QuestionLike) -> str:
        return f"Enter a number for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        low, high = question.settings.get("min"), question.settings.get("max")
        if not _is_number(value):
            return [f"Enter a number in digits for “{question.label}”"]
        if question.settings.get("whole") and not isinstance(value, int):
            return [f"Enter a whole number for “{question.label}”"]
        if low is not None and value < low:
            return [f"Enter {plain_number(low)} or more for “{question.label}”"]
        if high is not None and value > high:
            return [f"Enter {plain_number(high)} or less for “{question.label}”"]
        return []

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        return plain_number(value) if _is_number(value) else super().display(value, question)

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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
        return [self.display(value, _NOTHING).lower()] if isinstance(value, bool) else super().raw(value)

    def missing(self, question: QuestionLike) -> str:
        return f"Choose yes or no for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        return [] if isinstance(value, bool) else [self.missing(question)]

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        return ("Yes" if value else "No") if isinstance(value, bool) else super().display(value, question)

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "boolean"}


class _Choice(QuestionKind):
    """What choosing one and choosing several share; a choice is stored as the words it was offered in."""

    setting_specs = (Setting("choices", "Choices", "lines", "One a line, in the order people see them."),)

    @staticmethod
    def choices(question: QuestionLike) -> list[str]:
        return list(question.settings.get("choices", []))

    def options(self, question: QuestionLike) -> list[SelectChoice]:
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
        options = self.options(question)
        if len(options) <= RADIO_CHOICES:
            return RadioField(question.label, choices=options, validate_choice=False)
        return SelectField(question.label, choices=[SelectChoice("", "Choose one"), *options], validate_choice=False)

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
        return _checkboxes(self.options(question), label=question.label)

    def parse(self, raw: Sequence[str]) -> JsonValue:
        chosen = [text for item in raw if (text := " ".join(clean(item).split()))]
        return list(dict.fromkeys(chosen)) or None

    def raw(self, value: JsonValue) -> list[str]:
        return [str(item) for item in value] if isinstance(value, list) else super().raw(value)

    def missing(self, question: QuestionLike) -> str:
        return f"Choose at least one answer for “{question.label}”"

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        offered = set(self.choices(question))
        right = isinstance(value, list) and offered.issuperset(value)
        return [] if right else [f"Choose only from the answers offered for “{question.label}”"]

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        return "; ".join(self.raw(value))

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "array", "items": {"enum": self.choices(question)}, "uniqueItems": True}


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


class File(QuestionKind):
    """The files themselves are documents of the application: here a value is the list of those not removed."""

    name, label, template, is_file = "file", "File", "answers/file.html", True
    setting_specs = (
        Setting("types", "Kinds of files", "types"),
        Setting("max_bytes", "Largest file, in MB", "megabytes", "Empty means the limit of this portal."),
        Setting("max_files", "Most files", "integer", "Empty means one."),
    )

    def types(self, question: QuestionLike) -> list[str]:
        """Names of the kinds of files this question takes, keys of `FILE_TYPES`."""
        chosen = question.settings.get("types") or DEFAULT_FILE_TYPES
        return [name for name in FILE_TYPES if name in chosen]

    def max_files(self, question: QuestionLike) -> int:
        return int(question.settings.get("max_files") or 1)

    def field(self, question: QuestionLike) -> Field:
        accept = ",".join(extension for name in self.types(question) for extension in FILE_TYPES[name].extensions)
        made: Field = FileField(question.label, render_kw={"accept": accept})
        return made

    def parse(self, raw: Sequence[str]) -> JsonValue:
        return None

    def raw(self, value: JsonValue) -> list[str]:
        return []

    def missing(self, question: QuestionLike) -> str:
        return f"Upload a file for “{question.label}”"

    def display(self, value: Iterable[FileLike] | None, question: QuestionLike) -> str:
        return "; ".join(f"{file.filename}, {file_words(file)}" for file in value or ())

    def types_words(self, question: QuestionLike) -> str:
        """`PDF or Word (.docx)`."""
        *first, last = [FILE_TYPES[name].label for name in self.types(question)]
        return f"{', '.join(first)} or {last}" if first else last

    def describe(self, question: QuestionLike) -> str:
        limit, most = question.settings.get("max_bytes"), self.max_files(question)
        parts = [f"{self.label}: {self.types_words(question)}"]
        parts += [f"up to {file_size(int(limit))}"] if limit else []
        parts += [f"up to {most} files"] if most > 1 else []
        return ", ".join(parts)

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "null"}


def file_words(file: FileLike) -> str:
    """`6 pages, 410 KB`."""
    return f"{plural(file.pages, 'page')}, {file_size(file.size)}" if file.pages else file_size(file.size)


class _Nothing:
    label, required = "", False
    settings: ClassVar[dict[str, Any]] = {}


_NOTHING = _Nothing()

KINDS: dict[str, QuestionKind] = {
    kind.name: kind
    for kind in (ShortText(), LongText(), Email(), Number(), Date(), YesNo(), ChooseOne(), ChooseSeveral(), File())
}


def kind_of(question: Any) -> QuestionKind:
    """The kind of a question.  Raises KeyError for one that this portal does not know."""
    return KINDS[question.kind]
