"""The words of a file, read by a process of its own that is held to limits (`word_reader.py`)."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portal.applications.scan_states import TextFound
from portal.core.text import clean

READER = Path(__file__).with_name("word_reader.py")
SECONDS = 40.0
KINDS = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}


@dataclass(frozen=True)
class Words:
    """What was read out of a file; `is_cut` when there was more than is kept.  A PDF's pages end with a form feed."""

    found: TextFound
    body: str = ""
    is_cut: bool = False


def words_of(path: Path, media_type: str, *, seconds: float = SECONDS) -> Words:
    """The words of a PDF or Word file.

    In: the file, its type, and how long reading may take.  Whatever goes wrong with the file is an answer and no
    error: broken, hostile or endless files are `UNREADABLE`.
    """
    with tempfile.TemporaryFile(prefix="portal-") as output:
        command = [sys.executable, "-I", str(READER), str(path), KINDS[media_type]]
        try:
            # No environment: whoever takes the reader over finds no secrets in it.
            done = subprocess.run(  # noqa: S603 - our own module, and a path that we made
                command, env={}, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL, timeout=seconds,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Words(TextFound.UNREADABLE)
        output.seek(0)
        return _answer(output.read()) if done.returncode == 0 else Words(TextFound.UNREADABLE)


def _answer(output: bytes) -> Words:
    """What the reader printed, cleaned as everything is that people typed."""
    try:
        answer = json.loads(output)
        raw, is_cut = str(answer["text"]), bool(answer["cut"])
    except (ValueError, KeyError, TypeError):
        return Words(TextFound.UNREADABLE)
    pages = raw.encode("utf-8", "replace").decode().replace("\ufffe", "").replace("\u00ad", "").split("\f")
    text = "\f".join(clean(page).strip() for page in pages)
    return Words(TextFound.TEXT, text, is_cut) if text.strip() else Words(TextFound.NONE)
