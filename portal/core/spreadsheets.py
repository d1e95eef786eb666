"""CSV files that spreadsheets open as they are meant: every cell quoted, none of them run as a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

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


def pieces(headings: Sequence[str], batches: Iterable[Iterable[Iterable[str]]]) -> Iterator[bytes]:
    """The file in pieces, one for each batch of lines and one for the end: UTF-8 with a byte order mark.

    In: headings and cells as `safe` gives them.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    buffer.write(BOM)
    writer.writerow(headings)
    for batch in batches:
        writer.writerows(batch)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()
