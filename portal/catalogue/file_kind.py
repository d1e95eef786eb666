"""The question kind that is answered with files."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from flask_wtf.file import FileField
from wtforms import Field

from portal.catalogue.kind_settings import DEFAULT_FILE_TYPES, FILE_TYPES, Setting
from portal.catalogue.question_kind import JsonValue, QuestionKind, QuestionLike
from portal.core.text import file_size, plural


class FileLike(Protocol):
    """What the file kind reads of a document."""

    @property
    def filename(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def pages(self) -> int | None: ...


class File(QuestionKind):
    """The files themselves are documents of the application: here a value is the list of those not removed."""

    name, label, template, is_file = "file", "File", "answers/file.html", True
    setting_specs = (
        Setting("types", "Kinds of files", "types"),
        Setting("max_bytes", "Largest file, in MB", "megabytes", "Empty means the limit of this portal."),
        Setting("max_files", "Most files", "integer", "Empty means one."),
        Setting("max_pages", "Most pages", "integer", "Counted in PDF files. Word files have no fixed pages."),
    )

    def types(self, question: QuestionLike) -> list[str]:
        """Names of the kinds of files this question takes, keys of `FILE_TYPES`."""
        chosen = question.settings.get("types") or DEFAULT_FILE_TYPES
        return [name for name in FILE_TYPES if name in chosen]

    def max_files(self, question: QuestionLike) -> int:
        return int(question.settings.get("max_files") or 1)

    def field(self, question: QuestionLike) -> Field:
        accept = ",".join(extension for name in self.types(question) for extension in FILE_TYPES[name].extensions)
        made: Field = FileField(question.label, render_kw={"accept": accept})
        return made

    def parse(self, raw: Sequence[str]) -> JsonValue:
        return None

    def raw(self, value: JsonValue) -> list[str]:
        return []

    def missing(self, question: QuestionLike) -> str:
        return f"Upload a file for “{question.label}”"

    def too_many_pages(self, filename: str, pages: int | None, question: QuestionLike) -> str:
        """Why a file has more pages than this question takes, or an empty string."""
        most = question.settings.get("max_pages")
        if not most or pages is None or pages <= int(most):
            return ""
        limit = plural(int(most), "page")
        return f"Shorten {filename} by {plural(pages - int(most), 'page')}: “{question.label}” takes up to {limit}"

    def wrong(self, value: Iterable[FileLike], question: QuestionLike) -> list[str]:
        sentences = (self.too_many_pages(file.filename, file.pages, question) for file in value)
        return [sentence for sentence in sentences if sentence]

    def display(self, value: Iterable[FileLike] | None, question: QuestionLike) -> str:
        return "; ".join(f"{file.filename}, {file_words(file)}" for file in value or ())

    def types_words(self, question: QuestionLike) -> str:
        """`PDF or Word (.docx)`."""
        *first, last = [FILE_TYPES[name].label for name in self.types(question)]
        return f"{', '.join(first)} or {last}" if first else last

    def describe(self, question: QuestionLike) -> str:
        limit, most = question.settings.get("max_bytes"), self.max_files(question)
        pages = question.settings.get("max_pages")
        parts = [f"{self.label}: {self.types_words(question)}"]
        parts += [f"up to {plural(int(pages), 'page')}"] if pages else []
        parts += [f"up to {file_size(int(limit))}"] if limit else []
        parts += [f"up to {most} files"] if most > 1 else []
        return ", ".join(parts)

    def schema(self, question: QuestionLike) -> dict[str, Any]:
        return {"type": "null"}


def file_words(file: FileLike) -> str:
    """`6 pages, 410 KB`."""
    return f"{plural(file.pages, 'page')}, {file_size(file.size)}" if file.pages else file_size(file.size)
