"""Question kinds, once: one class per kind with all that is known of it, and the registry `KINDS`.

A kind knows the form field it makes, how raw input is stored (JSON), what is wrong with a stored value when the
application is submitted, how a value is shown, which settings staff choose and how a question is described before
anybody registers.  `parse` never refuses: what cannot be read stays as typed, so that saving loses nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Protocol

from email_validator import EmailNotValidError, validate_email
from flask_wtf.file import FileField
from wtforms import EmailField, Field, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.widgets import TextInput

from portal.catalogue.question_kind import (
    DEFAULT_FILE_TYPES,
    FILE_TYPES,
    JsonValue,
    QuestionKind,
    QuestionLike,
    Setting,
    checkboxes,
    is_number,
    plain_number,
    read_number,
)
from portal.core.text import clean, file_size, plural, word_count

__all__ = ["KINDS", "File", "QuestionKind", "file_words", "kind_of"]

MAX_LINE_CHARACTERS = 300
EARLIEST_YEAR, LATEST_YEAR = 1900, 2199
RADIO_CHOICES = 8


class FileLike(Protocol):
    """What the file kind reads of a document."""

    @property
    def filename(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def pages(self) -> int | None: ...


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
        return checkboxes(self.options(question), label=question.label)

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
