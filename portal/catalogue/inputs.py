"""Form fields that staff pages need besides those of WTForms: moments in the portal's zone, text with limits."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from flask import current_app
from flask_wtf import FlaskForm
from wtforms import Field, Form, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import StopValidation, ValidationError
from wtforms.widgets import CheckboxInput, DateTimeLocalInput, ListWidget, TextInput

from portal.catalogue.numerals import plain_number, read_decimal, read_number
from portal.core.text import clean, plural

GAP = "The clocks go forward then, and this time does not exist. Choose a time one hour later."
UNREADABLE = "Choose a day and a time, such as Dec 7, 2026, 11:59 pm."


class Words:
    """WTForms' own sentences, said as fixes."""

    SENTENCES: ClassVar[dict[str, str]] = {
        "Not a valid choice.": "Choose one of the list.",
        "Invalid Choice: could not coerce.": "Choose one of the list.",
        "Invalid choice(s): one or more data inputs could not be coerced.": "Choose only from the list.",
        "Not a valid date value.": "Enter a date, such as 2026-12-07.",
    }

    def gettext(self, string: str) -> str:
        """Our words for WTForms' words."""
        return self.SENTENCES.get(string, string)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """The same for counted things."""
        if "not valid choices" in plural or "not a valid choice" in singular:
            return "Choose only from the list; %(value)s is not in it."
        return singular if n == 1 else plural


class StaffForm(FlaskForm):  # type: ignore[misc]
    """A form of a staff page."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def get_translations(self, _form: Any) -> Words:
            """Our sentences, whatever language the browser asks for."""
            return Words()


class Row(Form):
    """A line of a staff form, repeated."""

    class Meta(Form.Meta):  # type: ignore[misc]
        def get_translations(self, _form: Any) -> Any:
            """Our sentences, whatever language the browser asks for."""
            return Words()


def portal_zone() -> ZoneInfo:
    """The deployment's zone, in which staff set dates whatever their own zone is."""
    return ZoneInfo(current_app.config["SETTINGS"].time_zone)


def moment_in(text: str, zone: ZoneInfo) -> datetime:
    """What a date-and-time box sends, as a moment in UTC.

    An hour that the clocks show twice is taken the first time.  Raises ValueError, with a sentence, for what is no
    time and for an hour that the clocks leave out.
    """
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(UNREADABLE) from error
    if local.tzinfo is not None or not 2000 <= local.year <= 2199:
        raise ValueError(UNREADABLE)
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError(GAP)
    return moment


class MomentField(Field):
    """A day and time in the portal's zone; its data is a moment in UTC or None."""

    widget = DateTimeLocalInput()
    data: datetime | None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.astimezone(portal_zone()).strftime("%Y-%m-%dT%H:%M") if self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            self.data = moment_in(text, portal_zone())


class _NumberField(Field):
    """A number in a plain box, as people write and paste it: `250,000` and `$1,250.50` too.

    A box of the type "number" would drop such text without a word, and change its number when the wheel turns over it.
    """

    widget = TextInput()
    inputmode: ClassVar[str]
    wrong: ClassVar[str]

    def __init__(self, label: str, validators: list[Any] | None = None, **options: Any) -> None:
        super().__init__(label, validators, **{"render_kw": {"inputmode": self.inputmode}} | options)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else plain_number(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].strip() if valuelist else ""
        self.data = None
        if typed:
            self.data = self.read(typed)
            if self.data is None:
                raise ValueError(self.wrong.format(self.label.text))

    def read(self, typed: str) -> Any:
        raise NotImplementedError


class AmountField(_NumberField):
    """A decimal number; its data is a Decimal or None."""

    data: Decimal | None
    inputmode = "decimal"
    wrong = "Enter “{}” as a number in digits, such as 1200.50."

    def read(self, typed: str) -> Decimal | None:
        """The number, or None for what is none."""
        return read_decimal(typed)


class WholeField(_NumberField):
    """A whole number; its data is an int or None."""

    data: int | None
    inputmode = "numeric"
    wrong = "Enter “{}” as a whole number in digits."

    def read(self, typed: str) -> int | None:
        """The number, or None for what is no whole one."""
        number = read_number(typed)
        return number if isinstance(number, int) else None


def limited(most: int) -> Callable[[Form, Field], None]:
    """A validator: text of at most so many characters, with a sentence that says by how many to shorten it."""

    def check(_form: Form, field: Field) -> None:
        over = len(field.data or "") - most
        if over > 0:
            raise ValidationError(f"Shorten “{field.label.text}” by {plural(over, 'character')}: {most:,} fit.")

    return check


def needed_with(other: str, sentence: str) -> Callable[[Form, Field], None]:
    """A validator: what may be empty while another field of the line is, and is asked for otherwise."""

    def check(form: Form, field: Field) -> None:
        if not any(str(raw).strip() for raw in field.raw_data or []) and str(form[other].data or "").strip():
            field.errors = []
            raise StopValidation(sentence)

    return check


def _tidy(value: Any) -> Any:
    return clean(value).strip() if isinstance(value, str) else value


def line(label: str, *, most: int = 300, validators: Iterable[Any] = (), **options: Any) -> StringField:
    """One line of text."""
    return StringField(label, [limited(most), *validators], filters=[_tidy], **options)


def text(label: str, *, most: int = 20_000, rows: int = 4, **options: Any) -> TextAreaField:
    """Several lines of text, Markdown where the help says so."""
    return TextAreaField(label, [limited(most)], filters=[_tidy], render_kw={"rows": rows}, **options)


def row_id(value: Any) -> int:
    """The id of a row, or of one as a form sends it.  Raises ValueError."""
    return int(getattr(value, "id", value))


def choices_of(words: Any) -> list[SelectChoice]:
    """Choices out of an enum whose members have a label."""
    return [SelectChoice(word.value, word.label) for word in words]


class CheckboxesField(SelectMultipleField):
    """Several of some choices, as checkboxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()
