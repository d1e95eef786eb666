"""Files of an application in a folder outside the portal, and out of one into a draft: the same bytes and names.

What leaves is named by numbers there, since a name that somebody chose may not fit a file system; the list beside it
holds the real names.  What comes in is looked at, stored and scanned as any upload.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from portal.applications.models import Application, Document
from portal.applications.saving import Saved
from portal.applications.sheet import field_name, given_documents, sheet
from portal.catalogue.fields import kind_of
from portal.catalogue.file_kind import File
from portal.catalogue.frozen import FrozenQuestion, frozen
from portal.catalogue.kind_settings import FILE_TYPES
from portal.core import storage
from portal.core.text import plural

SHA256 = re.compile(r"[0-9a-f]{64}")


class Damaged(Exception):
    """The store lost the bytes of a file, or has others than were uploaded: `filename` says of which."""

    def __init__(self, filename: str) -> None:
        super().__init__(filename)
        self.filename = filename


@dataclass(frozen=True)
class Incoming:
    """A file that comes in: the question it answers, its name, where it is, and the SHA-256 of its bytes."""

    question: FrozenQuestion
    filename: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class _Opened:
    """The same as `save_section` takes uploads."""

    filename: str
    stream: BinaryIO


def described(document: Document, path: str) -> dict[str, Any]:
    """What a list of files says of one: `find` reads it again."""
    names = ("filename", "media_type", "size", "sha256", "pages")
    return {"question": document.question_key, "path": path} | {name: getattr(document, name) for name in names}


def write(application: Application, folder: Path) -> list[dict[str, Any]]:
    """Write the files that answer questions into a folder, readable by this account alone.  Out: the list of them.

    All or nothing.  Raises Damaged, StorageDown, and OSError: FileExistsError where a file of that name is there.
    """
    documents = [document for part in sheet(application) for row in part.rows for document in row.documents]
    extensions = {each.media_type: each.extensions[0] for each in FILE_TYPES.values()}
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    listed = []
    with _undone() as written:
        for document in documents:
            path = folder / f"{document.id}{extensions.get(document.media_type, '')}"
            with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                written.append(path)
                _copy(document, file)
            listed.append(described(document, path.name))
    return listed


@contextmanager
def _undone() -> Iterator[list[Path]]:
    """A list of files that go again where the block fails."""
    written: list[Path] = []
    try:
        yield written
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def _copy(document: Document, file: BinaryIO) -> None:
    digest = hashlib.sha256()
    try:
        for chunk in storage.get(document.storage_key):
            digest.update(chunk)
            file.write(chunk)
    except storage.Missing:
        raise Damaged(document.filename) from None
    if digest.hexdigest() != document.sha256:
        raise Damaged(document.filename)


def find(application: Application, listed: Any, folder: Path | None) -> tuple[list[Incoming], dict[str, str]]:
    """Read a list of files, and look for each in the folder.  Out: those found, and sentences by place in the list."""
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return [], {"files": "“files” is not a list"}
    if listed and folder is None:
        return [], {"files": f"The file names {plural(len(listed), 'file')}: name their folder with --files"}
    questions = {each.key: each for each in frozen(application.form).questions if kind_of(each).is_file}
    found, problems = [], {}
    for n, entry in enumerate(listed):
        try:
            assert folder is not None  # there is something in the list
            found.append(_incoming(entry, questions, folder))
        except ValueError as error:
            problems[f"files[{n}]"] = str(error)
    for key, number in Counter(one.question.key for one in found).items():
        kind = kind_of(questions[key])
        assert isinstance(kind, File)
        if number > (most := kind.max_files(questions[key])):
            problems[key] = f"“{questions[key].label}” takes {plural(most, 'file')}, and the list has {number}"
    return found, problems


def _incoming(entry: Any, questions: Mapping[str, FrozenQuestion], folder: Path) -> Incoming:
    """One entry of a list of files.  Raises ValueError with a sentence."""
    if not isinstance(entry, Mapping):
        raise ValueError("Each of “files” is an object with question, filename, path and sha256")
    texts = {name: entry.get(name) for name in ("question", "filename", "path", "sha256")}
    for name, value in texts.items():
        if not isinstance(value, str) or not value:
            raise ValueError(f"Each of “files” needs a text named “{name}”")
    key, filename, given, sha256 = (str(value) for value in texts.values())
    if key not in questions:
        raise ValueError(f"This form has no question “{key}” that takes files")
    if not SHA256.fullmatch(sha256):
        raise ValueError(f"“{sha256[:80]}” is no SHA-256: it has 64 digits of 0 to 9 and a to f")
    try:
        path = (folder / given).resolve()
        is_there = path.is_file()
    except (ValueError, OSError, RuntimeError):  # a NUL, a name too long for the file system, links in a circle
        raise ValueError(f"“{given[:200]}” is no path of a file") from None
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"“{given[:200]}” leads out of the folder of the files")
    if not is_there:
        raise ValueError(f"“{given[:200]}” is not in the folder of the files")
    return Incoming(questions[key], filename, path, sha256)


@contextmanager
def opened(incoming: Sequence[Incoming]) -> Iterator[dict[str, list[_Opened]]]:
    """The files as `save_section` takes them, by field; closed afterwards.  Raises OSError."""
    with ExitStack() as stack:
        uploads: dict[str, list[_Opened]] = {}
        for each in incoming:
            stream = stack.enter_context(each.path.open("rb"))
            uploads.setdefault(field_name(each.question), []).append(_Opened(each.filename, stream))
        yield uploads


def refused(application: Application, incoming: Sequence[Incoming], saved: Saved) -> dict[str, str]:
    """Why files cannot stay, as sentences by question: they were refused, or have other bytes than the list says."""
    problems = {each.question.key: f"“{each.question.label}”: {each.reason}" for each in saved.files}
    for key in {each.question.key for each in incoming} - problems.keys():
        wanted = [each for each in incoming if each.question.key == key]
        for each, document in zip(wanted, given_documents(application, wanted[0].question), strict=True):
            if document.sha256 != each.sha256:
                problems[key] = f"“{each.path.name}” has other bytes than the list says: its SHA-256 differs"
    return problems
