"""Reads the words out of one PDF or Word file: run as a process of its own, since what is in a file may be hostile.

The process takes limits of memory, time and output on itself before it opens the file, has nothing of the portal's
in its environment, and imports nothing of the portal.  Called as `word_reader.py PATH pdf|docx`, it prints JSON:
`{"text": …, "cut": whether there was more}`.
"""

import contextlib
import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import docx
import pypdfium2
from docx.oxml.ns import qn

MEMORY_BYTES = 1024**3
CPU_SECONDS = 20
OUTPUT_BYTES = 4 * 1024 * 1024
MOST_PAGES = 400
MOST_CHARACTERS = 400_000


def confine() -> None:
    """Give up the right to much memory, time and output; nothing can take it back."""
    limits = (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
    )
    for what, most in limits:
        with contextlib.suppress(ValueError, OSError):  # a system that does not know this limit has the others
            resource.setrlimit(what, (most, most))


def pages(path: Path) -> Iterator[str]:
    """The text of each page of a PDF."""
    pdf = pypdfium2.PdfDocument(path)
    for number in range(len(pdf)):
        page = pdf[number]
        words = page.get_textpage()
        yield words.get_text_bounded()
        words.close()
        page.close()


def paragraphs(path: Path) -> Iterator[str]:
    """The paragraphs of a Word document in order, those inside of tables too."""
    with path.open("rb") as file:
        for paragraph in docx.Document(file).element.body.iter(qn("w:p")):
            yield paragraph.text


def collect(parts: Iterator[str], separator: str) -> tuple[str, bool]:
    """Parts joined until there are enough; and whether any were left out."""
    found: list[str] = []
    size = 0
    for number, part in enumerate(parts):
        if size >= MOST_CHARACTERS or (separator == "\f" and number >= MOST_PAGES):
            return separator.join(found)[:MOST_CHARACTERS], True
        found.append(part)
        size += len(part) + 1
    text = separator.join(found)
    return text[:MOST_CHARACTERS], len(text) > MOST_CHARACTERS


def read(path: Path, kind: str) -> tuple[str, bool]:
    """The words of a file of that kind, and whether there were more than are kept."""
    return collect(pages(path), "\f") if kind == "pdf" else collect(paragraphs(path), "\n")


if __name__ == "__main__":
    confine()
    text, cut = read(Path(sys.argv[1]), sys.argv[2])
    json.dump({"text": text, "cut": cut}, sys.stdout)
