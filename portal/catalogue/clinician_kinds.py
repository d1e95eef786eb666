"""Question kinds for people who practice or work in the United States: a state license, and work authorization."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal.catalogue.choice_kinds import ChooseOne, YesNo
from portal.catalogue.date_kind import Date
from portal.catalogue.parts_kind import Part, PartsKind
from portal.catalogue.question_kind import Fault, JsonValue, QuestionLike
from portal.catalogue.text_kinds import ShortText

STATES = (
    "Alabama", "Alaska", "Arizona", "Arkansas", "California", "Colorado", "Connecticut", "Delaware",
    "District of Columbia", "Florida", "Georgia", "Hawaii", "Idaho", "Illinois", "Indiana", "Iowa", "Kansas",
    "Kentucky", "Louisiana", "Maine", "Maryland", "Massachusetts", "Michigan", "Minnesota", "Mississippi", "Missouri",
    "Montana", "Nebraska", "Nevada", "New Hampshire", "New Jersey", "New Mexico", "New York", "North Carolina",
    "North Dakota", "Ohio", "Oklahoma", "Oregon", "Pennsylvania", "Rhode Island", "South Carolina", "South Dakota",
    "Tennessee", "Texas", "Utah", "Vermont", "Virginia", "Washington", "West Virginia", "Wisconsin", "Wyoming",
    "American Samoa", "Guam", "Northern Mariana Islands", "Puerto Rico", "US Virgin Islands",
)  # fmt: skip
LICENSE_TYPES = ("Full", "Limited or training", "Temporary", "Inactive", "Other")
LICENSE_PARTS = (
    Part("state", ChooseOne(), "State or territory", settings={"choices": list(STATES)}),
    Part("number", ShortText(), "License number", settings={"max_chars": 40}),
    Part("type", ChooseOne(), "Type", settings={"choices": list(LICENSE_TYPES)}),
    Part("issued", Date(), "Issued on", before="issued "),
    Part("expires", Date(), "Expires on", before="expires "),
)


def license_faults(answer: Mapping[str, Any]) -> list[Fault]:
    """A license ends after it begins; both dates are right by themselves."""
    issued, expires = str(answer.get("issued") or ""), str(answer.get("expires") or "")
    if issued and expires and expires <= issued:
        return [Fault("expires", "Enter a day after “Issued on” for “Expires on”")]
    return []


class UsLicense(PartsKind):
    """Of a state or territory: number, type, days of issue and expiry."""

    name, label, template, clinicians_only = "us_license", "US license", "answers/us_license.html", True

    def parts(self, question: QuestionLike) -> Sequence[Part]:
        return LICENSE_PARTS

    def crossed(self, answer: Mapping[str, Any], question: QuestionLike) -> list[Fault]:
        return license_faults(answer)

    def missing(self, question: QuestionLike) -> str:
        return f"Enter your license for “{question.label}”"


AUTHORIZED = "Are you authorized to work in the United States?"
SPONSORSHIP = "Will you need sponsorship for a work visa, now or later?"


class WorkAuthorization(PartsKind):
    """Two questions and no third: nothing about citizenship, visa or country may be asked."""

    name, label, template = "work_authorization", "Work authorization", "answers/work_authorization.html"
    joint = "\n"
    PARTS = (
        Part("authorized", YesNo(), AUTHORIZED, before=f"{AUTHORIZED} "),
        Part("sponsorship", YesNo(), SPONSORSHIP, before=f"{SPONSORSHIP} "),
    )

    def parts(self, question: QuestionLike) -> Sequence[Part]:
        return self.PARTS

    def faults(self, value: JsonValue, question: QuestionLike) -> list[Fault]:
        if self.is_empty(value) and question.required:
            return [Fault(part.name, part.kind.missing(part)) for part in self.PARTS]
        return super().faults(value, question)

    def describe(self, question: QuestionLike) -> str:
        return "Two questions, yes or no"
