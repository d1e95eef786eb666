"""What an uploaded file is, by its content: its kind, its pages, and why it cannot be taken.  Knows no database."""

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

import filetype
import pikepdf
from pikepdf.settings import set_qpdf_limits

from portal.catalogue.kind_settings import FILE_TYPES
from portal.core.text import clean, file_size

HEAD_BYTES = 8192
SENT_BYTES = 1024 * 1024  # of a form that is too large: its texts are shorter than this
LONGEST_NAME = 120
CONTENT_TYPES_BYTES = 1024 * 1024
OLE_SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")
WORD_MAIN = b"wordprocessingml.document.main+xml"
MACRO_MARKS = (b"macroEnabled", b"vbaProject")
MACRO_EXTENSIONS = frozenset({".docm", ".dotm"})
PDF_BYTES = 64 * 1024 * 1024  # what one stream of a PDF may unpack to; those that pages are counted by hold far less
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


# For the whole process: a PDF of one megabyte can hold a gigabyte of zeros.
set_qpdf_limits(
    flate_max_memory=PDF_BYTES,
    png_max_memory=PDF_BYTES,
    run_length_max_memory=PDF_BYTES,
    tiff_max_memory=PDF_BYTES,
    doc_max_warnings=1000,
)


class BadFile(Exception):
    """A file that cannot be taken.  `reason` is a sentence that names it and the fix, `advice` says how."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice


@dataclass(frozen=True)
class Inspected:
    """What a file turned out to be.  `pages` is known for PDF only."""

    filename: str
    media_type: str
    pages: int | None


def inspect(stream: BinaryIO, filename: str, *, allowed: Sequence[str], max_bytes: int, takes: str) -> Inspected:
    """Look at a file from its beginning; the stream stands at its beginning afterwards.

    In: a seekable stream, the name a person's browser sent, the allowed names out of `FILE_TYPES`, the limit, and in
    words what is taken (`PDF or Word (.docx)`).  Raises BadFile.
    """
    name = plain_name(filename)
    limits = f"Take {takes}, up to {file_size(max_bytes)}."
    size = stream.seek(0, 2)
    stream.seek(0)
    if size == 0:
        raise BadFile(f"Replace {name}: it is empty", limits)
    if size > max_bytes:
        raise BadFile(
            f"Replace {name}: it is larger than {file_size(max_bytes)}", "Save a smaller copy and upload that."
        )
    try:
        kind = _kind(stream, name)
        pages = _pages(stream, name) if kind == "pdf" else None
    finally:
        stream.seek(0)
    if kind not in allowed:
        raise BadFile(f"Replace {name}: this question takes {takes}", limits)
    return Inspected(with_extension(name, kind), FILE_TYPES[kind].media_type, pages)


def last_sent_name(head: bytes) -> str:
    """The name of the last file that the beginning of a form names, and so the one that fills the rest; or nothing."""
    names = re.findall(rb'; filename="([^"\r\n]+)"', head)
    return plain_name(names[-1].decode(errors="replace")) if names else ""


def plain_name(filename: str) -> str:
    """The last part of a name without what could mislead: control characters, slashes, changes of direction."""
    text = _DIRECTIONS.sub("", clean(filename)).replace("\\", "/").rpartition("/")[2]
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split()).strip(". ")
    path = PurePosixPath(text or "file")
    if len(path.suffix) > 10:
        return path.name[:LONGEST_NAME].strip(". ")
    return path.stem[: LONGEST_NAME - len(path.suffix)] + path.suffix


def with_extension(name: str, kind: str) -> str:
    """The name with an extension that tells the truth; no longer than names are."""
    right = FILE_TYPES[kind].extensions
    return name if name.lower().endswith(right) else name[: LONGEST_NAME - len(right[0])].rstrip(". ") + right[0]


def _kind(stream: BinaryIO, name: str) -> str:
    """A name out of `FILE_TYPES`, or an empty string for anything else."""
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    if head.startswith(OLE_SIGNATURE) and name.lower().endswith(".docx"):
        raise _locked(name)  # Word wraps a document with a password into the container of its old format
    if head.startswith(b"PK"):
        return "docx" if _is_plain_word(stream, name) else ""
    guessed = filetype.guess(head)
    mime = guessed.mime if guessed is not None else ""
    return next((kind for kind, known in FILE_TYPES.items() if known.media_type == mime), "")


def _is_plain_word(stream: BinaryIO, name: str) -> bool:
    """Whether a ZIP file is a Word document without macros."""
    if PurePosixPath(name.lower()).suffix in MACRO_EXTENSIONS:
        return False
    try:
        with zipfile.ZipFile(stream) as archive:
            if any("vbaproject" in entry.lower() for entry in archive.namelist()):
                return False
            with archive.open("[Content_Types].xml") as part:
                types = part.read(CONTENT_TYPES_BYTES)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        return False
    return WORD_MAIN in types and not any(mark in types for mark in MACRO_MARKS)


def _pages(stream: BinaryIO, name: str) -> int:
    try:
        with pikepdf.open(stream) as pdf:
            pages = len(pdf.pages)
    except pikepdf.PasswordError as error:
        raise _locked(name) from error
    except (pikepdf.PdfError, ValueError, RuntimeError, RecursionError) as error:
        raise _broken(name) from error
    if pages == 0:
        raise _broken(name)
    return pages


def _locked(name: str) -> BadFile:
    return BadFile(f"Replace {name}: it has a password", "Save it again without a password, then upload that copy.")


def _broken(name: str) -> BadFile:
    return BadFile(f"Replace {name}: it cannot be opened", "Save it again as a PDF, then upload that copy.")
