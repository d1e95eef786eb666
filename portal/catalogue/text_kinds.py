"""Question kinds that are answered in words: a line, several lines, an email address, a web address, a phone number."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumber, PhoneNumberFormat
from wtforms import EmailField, Field, StringField, TelField, TextAreaField

from portal.catalogue.kind_settings import Setting
from portal.catalogue.patient_identifiers import find, sentence
from portal.catalogue.question_kind import JsonValue, QuestionKind, QuestionLike
from portal.core.clock import now
from portal.core.text import clean, plural, word_count

MAX_LINE_CHARACTERS = 300
MAX_ADDRESS_CHARACTERS = 2000
HOME_REGION = "US"
NO_IDENTIFIERS = (
    "Write nothing by which a patient could be recognized: no names or initials, no dates more exact than a year, no "
    "ages over 89, no phone or record numbers, no addresses or towns. What we recognize of these is not saved, but we "
    "cannot recognize everything: read your text once more."
)
REFUSES = Setting(
    "refuses_identifiers", "Refuses patient identifiers", "flag", "Do not keep text that could identify a patient",
    note="For cases. Names, dates, numbers and addresses that are recognized are not saved, and people are told what "
    "to change. Not everything can be recognized, so ask for a statement to agree to as well.",
)  # fmt: skip


class Words(QuestionKind):
    """Text in people's own words, which can refuse what could identify a patient."""

    def refuses_identifiers(self, question: QuestionLike) -> bool:
        return bool(question.settings.get(REFUSES.name))

    def help(self, question: QuestionLike) -> str:
        said = [question.help, NO_IDENTIFIERS if self.refuses_identifiers(question) else ""]
        return " ".join(words for words in said if words)

    def identifiers(self, value: JsonValue, question: QuestionLike) -> str:
        """What could identify a patient, where the question refuses it, in a sentence; else an empty string."""
        if not self.refuses_identifiers(question) or self.is_empty(value):
            return ""
        text = str(value)
        return sentence(text, find(text, this_year=now().year), where=question.label)

    def unkept(self, value: JsonValue, question: QuestionLike) -> str:
        return super().unkept(value, question) or self.identifiers(value, question)

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        found = self.identifiers(value, question)
        return [found] if found else []

    def limits(self, question: QuestionLike) -> str:
        """How long the text may be, in words."""
        return ""

    def describe(self, question: QuestionLike) -> str:
        refused = "no patient identifiers" if self.refuses_identifiers(question) else ""
        return ", ".join(words for words in (self.label, self.limits(question), refused) if words)


class ShortText(Words):
    name, label, template = "short_text", "Short text", "answers/short_text.html"
    setting_specs = (
        Setting("max_chars", "Most characters", "integer", f"Empty means {MAX_LINE_CHARACTERS}."),
        REFUSES,
    )

    def limit(self, question: QuestionLike) -> int:
        return int(question.settings.get("max_chars") or MAX_LINE_CHARACTERS)

    def field(self, question: QuestionLike) -> Field:
        return StringField(question.label)

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        over = len(str(value)) - self.limit(question)
        long = [f"Shorten “{question.label}” by {plural(over, 'character')}"] if over > 0 else []
        return long + super().wrong(value, question)

    def limits(self, question: QuestionLike) -> str:
        given = question.settings.get("max_chars")
        return f"up to {plural(int(given), 'character')}" if given else ""

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.limit(question)}


class LongText(Words):
    """Limited by words or by characters; line ends and spaces between words count as characters."""

    name, label, template = "long_text", "Long text", "answers/long_text.html"
    setting_specs = (
        Setting("max_words", "Most words", "integer", "Empty means no limit."),
        Setting("max_chars", "Most characters", "integer", "Instead of words. Empty means no limit."),
        REFUSES,
    )

    def field(self, question: QuestionLike) -> Field:
        return TextAreaField(question.label)

    def parse(self, raw: Sequence[str]) -> JsonValue:
        text = clean(raw[0]).strip("\n") if raw else ""
        return text if text.strip() else None

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        found = (
            (word_count(str(value)), question.settings.get("max_words"), "word"),
            (len(str(value)), question.settings.get("max_chars"), "character"),
        )
        long = [
            f"Shorten “{question.label}” by {plural(count - int(limit), what)}"
            for count, limit, what in found
            if limit and count > int(limit)
        ]
        return long + super().wrong(value, question)

    def limits(self, question: QuestionLike) -> str:
        words, chars = question.settings.get("max_words"), question.settings.get("max_chars")
        if words:
            return f"up to {plural(int(words), 'word')}"
        return f"up to {plural(int(chars), 'character')}" if chars else ""

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        chars = question.settings.get("max_chars")
        return {"type": "string"} | ({"maxLength": int(chars)} if chars else {})

    def settings_problems(self, settings: Mapping[str, Any]) -> dict[str, str]:
        found = super().settings_problems(settings)
        if not found and settings.get("max_words") and settings.get("max_chars"):
            found["max_chars"] = "Limit words or characters, and leave the other empty"
        return found


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


class WebAddress(QuestionKind):
    """Of http or https only; an address typed without either gets https."""

    name, label, template = "web_address", "Web address", "answers/web_address.html"
    HOST = re.compile(r"[^\W_]([\w-]{0,61}[^\W_])?(\.[^\W_]([\w-]{0,61}[^\W_])?)*\.[^\W\d_]{2,63}")

    def field(self, question: QuestionLike) -> Field:
        # Not of type url: a browser would refuse `example.org/me`, which we complete.
        return StringField(question.label, render_kw={"inputmode": "url"})

    def parse(self, raw: Sequence[str]) -> JsonValue:
        text = super().parse(raw)
        return f"https://{text}" if text and self.HOST.fullmatch(re.split(r"[/?#:]", text, maxsplit=1)[0]) else text

    def is_right(self, value: JsonValue) -> bool:
        """Whether a value is an address that a page may link to."""
        if not isinstance(value, str) or len(value) > MAX_ADDRESS_CHARACTERS or not value.isprintable():
            return False
        try:
            found = urlsplit(value)
            _ = found.port  # raises for what is no port
        except ValueError:
            return False
        plain = found.scheme in {"http", "https"} and "@" not in found.netloc and not re.search(r"[\s\\<>\"]", value)
        return plain and bool(self.HOST.fullmatch(found.hostname or ""))

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        if self.is_right(value):
            return []
        return [f"Enter a web address such as https://example.org/me for “{question.label}”"]

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "pattern": "^https?://"}


class Phone(QuestionKind):
    """Stored as `+16175550100`, with `;ext=12` where there is an extension; as typed where it is no number.

    Numbers without a country code are taken for the United States.  Of those the whole plan is checked; of other
    countries, whose plans change, only the length.
    """

    name, label, template = "phone", "Phone number", "answers/phone.html"

    def field(self, question: QuestionLike) -> Field:
        return TelField(question.label)

    def parse(self, raw: Sequence[str]) -> JsonValue:
        text = super().parse(raw)
        number = self.number(text)
        if number is None:
            return text
        plain = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        return f"{plain};ext={number.extension}" if number.extension else plain

    @staticmethod
    def number(text: JsonValue) -> PhoneNumber | None:
        """The number that a text is, or None."""
        if not isinstance(text, str) or len(text) > 60:
            return None
        try:
            found = phonenumbers.parse(text, HOME_REGION)
        except phonenumbers.NumberParseException:
            return None
        is_home = found.country_code == 1
        right = phonenumbers.is_valid_number(found) if is_home else phonenumbers.is_possible_number(found)
        return found if right else None

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        if self.number(value):
            return []
        return [f"Enter a phone number such as (617) 555-0100 or +256 700 123456 for “{question.label}”"]

    def display(self, value: JsonValue, question: QuestionLike) -> str:
        number = self.number(value)
        if number is None:
            return super().display(value, question)
        form = PhoneNumberFormat.NATIONAL if number.country_code == 1 else PhoneNumberFormat.INTERNATIONAL
        return str(phonenumbers.format_number(number, form))

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "string", "pattern": "^\\+[0-9]{6,15}(;ext=[0-9]+)?$"}
