"""Numbers as people type and read them."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_DIGITS = 15
NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?", re.ASCII)


def read_decimal(text: str) -> Decimal | None:
    """`$1,250.50` as 1250.50, exactly; None for what is no number of at most fifteen digits."""
    text = text.strip().removeprefix("$").strip()
    if not NUMBER.fullmatch(text) or sum(char.isdigit() for char in text) > MAX_DIGITS:
        return None
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:  # nothing but a sign, or nothing at all
        return None


def read_number(text: str) -> int | float | None:
    """`1,250.50` as 1250.5 and `12` as 12; None for what is no number of at most fifteen digits."""
    number = read_decimal(text)
    if number is None:
        return None
    return int(number) if number == number.to_integral_value() else float(number)


def plain_number(number: float | Decimal) -> str:
    """A number with thousands separated and never an exponent: `1,250.5`; a decimal without closing zeros."""
    if isinstance(number, Decimal):
        words = f"{number:,f}"
        return words.rstrip("0").rstrip(".") if "." in words else words
    return f"{number:,}" if isinstance(number, int) else f"{Decimal(repr(number)):,f}"


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def dollars(cents: int) -> str:
    """`$1,250.50`, and `$20,000` where there are no cents."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}${whole:,}{f'.{rest:02d}' if rest else ''}"
