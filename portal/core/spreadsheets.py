"""Cells of CSV files that no spreadsheet takes for a formula."""

from portal.core.text import clean

FORMULA = "=+-@\t\r\n＝＋－＠﹦﹢﹣﹫−"
SPACES = " \u00a0\u3000\ufeff\u200b"
BOM = "\ufeff"


def safe(value: object) -> str:
    """A value as a cell that no spreadsheet runs; None is empty."""
    text = "" if value is None else str(value)
    if not text.isprintable():
        text = clean(text)
    first = text.lstrip(SPACES)[:1]
    return f"'{text}" if first and first in FORMULA else text
