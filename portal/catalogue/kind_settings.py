"""The settings of a question: what staff can choose for each kind, as fields of the editor and as stored JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wtforms import Field, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.widgets import CheckboxInput, ListWidget

from portal.catalogue.numerals import is_number, is_whole, read_number
from portal.core.text import clean, plural

MEGABYTE = 1024 * 1024
LONGEST_SETTING, LONGEST_LINE = 10_000, 200


@dataclass(frozen=True)
class Setting:
    """One thing staff choose for a question of a kind.

    `form` is `integer`, `number`, `flag`, `line` (of text), `lines` (one item a line), `text` (several lines),
    `choice` (a name out of `options`), `types` (kinds of files) or `megabytes` (stored in bytes).  The help of a flag
    stands beside its checkbox, and its `note` above.
    """

    name: str
    label: str
    form: str
    help: str = ""
    options: tuple[tuple[str, str], ...] = ()
    note: str = ""

    def field(self, value: Any) -> Field:
        """A field of the editor, filled with what is chosen now."""
        if self.form == "types":
            choices = [SelectChoice(name, known.label) for name, known in FILE_TYPES.items()]
            default = list(value or DEFAULT_FILE_TYPES)
            return checkboxes(choices, label=self.label, description=self.help, default=default)
        if self.form == "flag":
            choices = [SelectChoice("yes", self.help or "Yes")]
            return checkboxes(choices, label=self.label, description=self.note, default=["yes"] if value else [])
        if self.form == "choice":
            choices = [SelectChoice(name, words) for name, words in (("", "Choose one"), *self.options)]
            return SelectField(
                self.label, choices=choices, description=self.help, default=value or "", validate_choice=False
            )
        if self.form in {"lines", "text"}:
            typed = "\n".join(value or []) if self.form == "lines" else value or ""
            return TextAreaField(self.label, description=self.help, default=typed, render_kw={"rows": 5})
        text = "" if value is None else str(value)
        if self.form == "line":
            return StringField(self.label, description=self.help, default=text)
        if self.form == "megabytes" and is_number(value):
            text = f"{value / MEGABYTE:g}"
        return StringField(self.label, description=self.help, default=text, render_kw={"inputmode": "decimal"})

    def read(self, data: Any) -> Any:
        """The setting out of the data of its field; wrong input stays as typed for `problem`."""
        if self.form == "flag":
            return bool(data)
        if self.form == "types":
            return [name for name in FILE_TYPES if name in (data or [])]
        text = clean(str(data or "")).strip()
        if self.form == "lines":
            return [" ".join(line.split()) for line in text.split("\n") if line.strip()]
        if self.form in {"text", "line", "choice"}:
            return (text if self.form == "text" else " ".join(text.split())) or None
        number = read_number(text)
        if number is None:
            return text or None
        return int(number * MEGABYTE) if self.form == "megabytes" else number

    def problem(self, value: Any) -> str:
        """What is wrong with a setting that was given: a sentence that names the fix, or an empty string."""
        if self.form in {"integer", "megabytes"} and not (is_whole(value) and value > 0):
            what = "a whole number" if self.form == "integer" else "a number"
            return f"Enter {what} above 0 for “{self.label}”, or leave it empty"
        if self.form == "number" and not is_number(value):
            return f"Enter a number for “{self.label}”, or leave it empty"
        if self.form == "choice" and value not in dict(self.options):
            return f"Choose one of the list for “{self.label}”"
        limits = {"text": LONGEST_SETTING, "line": LONGEST_LINE}
        over = len(value) - limits[self.form] if self.form in limits else 0
        return f"Shorten “{self.label}” by {plural(over, 'character')}" if over > 0 else ""


def read_all(specs: tuple[Setting, ...], data: Mapping[str, Any]) -> dict[str, Any]:
    """The settings out of the data of their fields; what was left empty is left out."""
    read = {spec.name: spec.read(data.get(spec.name)) for spec in specs}
    return {name: value for name, value in read.items() if value or is_number(value)}


def problems_of(specs: tuple[Setting, ...], settings: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with settings: setting name to a sentence that names the fix."""
    given = [(spec.name, spec.problem(settings[spec.name])) for spec in specs if settings.get(spec.name) is not None]
    return {name: sentence for name, sentence in given if sentence}


def checkboxes(choices: list[SelectChoice], **options: Any) -> Field:
    """Several of some choices, as checkboxes; what is not among them stays for the kind to judge."""
    options |= {"widget": ListWidget(prefix_label=False), "option_widget": CheckboxInput()}
    made: Field = SelectMultipleField(choices=choices, validate_choice=False, **options)
    return made


class KeepingList(SelectField):
    """A list of choices that also shows what was stored and is offered no more, as `words` say it."""

    def __init__(self, label: str, *, offered: list[SelectChoice], words: Callable[[str], str] = str, **more: Any):
        super().__init__(label, choices=offered, validate_choice=False, **more)
        self.offered, self.words = offered, words

    def process(self, *args: Any, **kwargs: Any) -> None:
        """Take up the data, and with it a choice that is missing."""
        super().process(*args, **kwargs)
        if self.data and self.data not in {choice.value for choice in self.offered}:
            self.choices = [*self.offered, SelectChoice(self.data, self.words(self.data))]


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
