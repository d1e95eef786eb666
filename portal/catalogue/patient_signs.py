"""What patient identifiers are, in words, and what the expressions that find them share.

Every repeat in an expression is bounded, and none can share out the same text in many ways: a test counts them, so
that the time that a search takes grows with the length of the text alone.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """What was found, in words, and what to write instead."""

    DATE = "a date more exact than a year", "Write the year, or how many weeks before"
    AGE = "an age over 89", "Write “90 or older”"
    EMAIL = "an email address", "Leave it out"
    WEB = "a web address", "Leave it out"
    DEVICE = "the network address of a device", "Leave it out"
    SOCIAL = "a social security number", "Leave it out"
    PHONE = "a phone or fax number", "Leave it out"
    ADDRESS = "an address, or a place smaller than a state", "Write the state, or what kind of place it is"
    NUMBER = "a number that may stand for one person", "Leave it out; with an amount, write its unit"
    NAME = "a name", "Write “the patient”, or who it is to the patient"

    @property
    def words(self) -> str:
        return self.value[0]

    @property
    def advice(self) -> str:
        return self.value[1]


Match = re.Match[str]
Check = Callable[[Match, int], bool]


class Rule(NamedTuple):
    """An expression that finds identifiers of a kind, and what a match must be besides, given the present year."""

    kind: Kind
    pattern: re.Pattern[str]
    check: Check


YEAR = r"(?:19|20)\d\d"
NEW = r"(?<!\d)(?<!\d[./-])"  # where a number begins that is no part of another
_UNIT = re.compile(
    r"\s{0,2}(?:[%/×x*]|(?:mg|mcg|[uµμ]g|g|gm|kg|lbs?|pounds?|ml|cc|dl|l|liters?|units?|iu|u|meq|mmol|mm|mmhg|cm|m|meters?"
    r"|feet|ft|miles?|km|inch(?:es)?|percent|tabs?|tablets?|pills?|caps?|capsules?|puffs?|doses?|drops?|grams?|days?"
    r"|nights?|weeks?|wks?|months?|mos?|hours?|hrs?|mins?|minutes?|years?|yrs?|times|copies|cells|cfu|points?|kcal"
    r"|calories|bpm|beats|steps|dollars|patients?|people|persons|episodes?|visits?|cases?|floors?|flights?|blocks?)"
    r"(?![A-Za-z]))",
    re.IGNORECASE,
)


def rule(kind: Kind, expression: str, check: Check | None = None) -> Rule:
    """A rule whose matches all count, or those that pass a check."""
    return Rule(kind, re.compile(expression), check or _anything)


def _anything(_match: Match, _this_year: int) -> bool:
    return True


def digits(text: str) -> int:
    """How many digits a text has."""
    return sum(char.isdigit() for char in text)


def is_amount(match: Match) -> bool:
    """Whether a unit follows."""
    return _UNIT.match(match.string, match.end()) is not None


def is_no_amount(match: Match, _this_year: int) -> bool:
    """The same the other way round, as a check."""
    return not is_amount(match)
