"""Question kinds for identifiers with a check digit.  A right check digit says nothing of who holds the number."""

import re
from collections.abc import Sequence
from typing import Any

from stdnum import luhn
from stdnum.iso7064 import mod_11_2
from wtforms import Field, StringField

from portal.catalogue.question_kind import JsonValue, QuestionKind, QuestionLike

NPI_PREFIX = "80840"


class Identifier(QuestionKind):
    """What they share: spaces and hyphens do not matter, and what is right says so as a check of its format only."""

    checked = "Its check digit is right. We do not look up whose number it is."

    def is_right(self, value: JsonValue) -> bool:
        """Whether the format and the check digit are right."""
        raise NotImplementedError


class Npi(Identifier):
    """National Provider Identifier: ten digits, the first 1 or 2, Luhn over `80840` and all ten.

    Source: CMS, Requirements for National Provider Identifier (NPI) and NPI check digit.
    """

    name, label, template, clinicians_only = "npi", "NPI", "answers/npi.html", True
    SHAPE = re.compile(r"[12][0-9]{9}")

    def field(self, question: QuestionLike) -> Field:
        return StringField(question.label, render_kw={"inputmode": "numeric"})

    def parse(self, raw: Sequence[str]) -> JsonValue:
        text = super().parse(raw)
        digits = re.sub(r"[\s-]", "", text or "")
        return digits if re.fullmatch(r"[0-9]{10}", digits) else text

    def is_right(self, value: JsonValue) -> bool:
        return isinstance(value, str) and bool(self.SHAPE.fullmatch(value)) and luhn.is_valid(NPI_PREFIX + value)

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        if self.is_right(value):
            return []
        if not re.fullmatch(r"[0-9]{10}", str(value)):
            return [f"Enter the ten digits of your NPI for “{question.label}”"]
        if str(value)[0] not in "12":
            return [f"Check the first digit of “{question.label}”: an NPI begins with 1 or 2"]
        return [f"Check the digits of “{question.label}”: this is not an NPI, one digit may be mistyped"]

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[12][0-9]{9}$"}


class Orcid(Identifier):
    """ORCID iD: sixteen characters in four groups, the last of them an ISO 7064 MOD 11-2 check character.

    Source: ORCID, Structure of the ORCID Identifier.
    """

    name, label, template = "orcid", "ORCID iD", "answers/orcid.html"
    ADDRESS = re.compile(r"(https?://)?(www\.)?orcid\.org/", re.IGNORECASE)

    def field(self, question: QuestionLike) -> Field:
        return StringField(question.label)

    def parse(self, raw: Sequence[str]) -> JsonValue:
        text = super().parse(raw)
        plain = re.sub(r"[\s-]", "", self.ADDRESS.sub("", text or "", count=1)).upper()
        if not re.fullmatch(r"[0-9]{15}[0-9X]", plain):
            return text
        return "-".join(plain[start : start + 4] for start in (0, 4, 8, 12))

    def is_right(self, value: JsonValue) -> bool:
        if not isinstance(value, str) or not re.fullmatch(r"([0-9]{4}-){3}[0-9]{3}[0-9X]", value):
            return False
        return bool(mod_11_2.is_valid(value.replace("-", "")))

    def wrong(self, value: JsonValue, question: QuestionLike) -> list[str]:
        if self.is_right(value):
            return []
        if not re.fullmatch(r"([0-9]{4}-){3}[0-9]{3}[0-9X]", str(value)):
            return [f"Enter an ORCID iD such as 0000-0002-1825-0097 for “{question.label}”"]
        return [f"Check the digits of “{question.label}”: this is not an ORCID iD, one digit may be mistyped"]

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "string", "pattern": "^([0-9]{4}-){3}[0-9]{3}[0-9X]$"}
