"""Saving a section of a draft: everything typed is kept, right or wrong; two tabs cannot overwrite each other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Protocol

from sqlalchemy.dialects.postgresql import insert

from portal.accounts.models import Person
from portal.applications import companions, scanning
from portal.applications.actions import refresh_index
from portal.applications.inspection import BadFile, inspect, plain_name
from portal.applications.later import closed
from portal.applications.marks import is_typed, stamp
from portal.applications.models import Answer, Application, Document
from portal.applications.refusals import AskedLater, NoDraft, NotYours
from portal.applications.rules import may_write, unlocked
from portal.applications.sheet import current_documents, field_name, given_documents
from portal.applications.status import Status
from portal.applications.team_models import TeamChange
from portal.catalogue.fields import kind_of
from portal.catalogue.file_kind import File
from portal.catalogue.frozen import FrozenQuestion, FrozenSection, frozen
from portal.core import audit, storage
from portal.core.db import db


class Upload(Protocol):
    """A file as a form sent it: a name and a seekable stream."""

    @property
    def filename(self) -> str | None: ...
    @property
    def stream(self) -> Any: ...


@dataclass(frozen=True)
class Conflict:
    """A question that another tab answered differently meanwhile; `mine` was not stored."""

    question: FrozenQuestion
    mine: Any
    theirs: Any


@dataclass(frozen=True)
class Refused:
    """An answer that is not kept, with what was typed, which is nowhere else, and why."""

    question: FrozenQuestion
    typed: Any
    reason: str


@dataclass(frozen=True)
class RefusedFile:
    """A file that was not kept, and why; `is_outage` when nothing is wrong with the file."""

    question: FrozenQuestion
    reason: str
    advice: str = ""
    is_outage: bool = False


@dataclass
class Saved:
    """What became of a save: all that is not listed as a conflict, as refused or as a refused file was kept.

    `changed` holds the keys of questions whose answers are others now.

    `marks` are those of the answers that are stored now as they were sent, by question id.  `news` is what else came of
    it, as a flash is written.
    """

    marks: dict[int, str] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    files: list[RefusedFile] = field(default_factory=list)
    stored_keys: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    news: list[str] = field(default_factory=list)


def save_section(
    application: Application,
    section: FrozenSection,
    *,
    by: Person,
    now: datetime,
    typed: Mapping[str, Sequence[str]],
    uploads: Mapping[str, Sequence[Upload]],
    seen: Mapping[int, str] | None,
    remove: int | None = None,
) -> Saved:
    """Save what a form sent for one section.

    In: the application as `queries.held` gives it; raw input by field name; files by field name; the marks of the
    values that the form was made from, which also say which questions it covers (None covers all of the section and
    overwrites); a document to remove.  Out: what was not kept.  Raises NotYours, NoDraft when the draft is none any
    more, or nothing that the section's owner edits, and AskedLater where all of it is asked later.
    """
    if not may_write(by, application):
        raise NotYours(str(application))
    later = _asked_later(application, section, by=by, now=now)
    saved = Saved()
    try:
        for question in (each for each in section.questions if each not in later):
            name = field_name(question)
            if kind_of(question).is_file:
                _save_files(application, question, by=by, now=now, uploads=uploads.get(name, ()), saved=saved)
            elif is_typed(question) and (seen is None or question.id in seen):
                mine = kind_of(question).read(typed, name, question)
                _save_answer(application, question, mine, now=now, seen=seen or {}, saved=saved)
        for document in application.documents:
            if remove is not None and document.id == remove:
                remove_document(document, by=by, now=now)
                saved.changed.add(document.question_key)
        application.saved_at, application.saved_by_id = now, by.id
        note_changes(application, saved.changed, by=by, now=now)
        if application.status is Status.DRAFT:  # what was submitted is found by what it says until it is submitted anew
            refresh_index(application)
        db.session.flush()
        saved.news = [
            f"“{each.label}” is asked later, only of those invited.|What this page had for it was not saved."
            for each in later
        ]
        saved.news += companions.tell_saved(application, saved.changed, by)
    except BaseException:
        forget_stored(saved.stored_keys)
        raise
    return saved


def _asked_later(
    application: Application, section: FrozenSection, *, by: Person, now: datetime
) -> list[FrozenQuestion]:
    """The questions of a section that a newer form asks later, where an old tab still has them; the others are saved.

    Raises what `must_be_written` raises, and AskedLater where it is all of them.
    """
    must_be_written(application, section.id, by=by, now=now)
    shut = {each.id for each in closed(application, frozen(application.form), now)}
    found = [question for question in section.questions if question.section_id in shut]
    if found and len(found) == len(section.questions):
        raise AskedLater(application, section.title)
    return found


def must_be_written(application: Application, section_id: int, *, by: Person, now: datetime) -> None:
    """Refuse a write in a section that cannot be written in: in a draft all can but those asked later, in an edit what
    is unlocked.

    Raises AskedLater, NoDraft.
    """
    for section in closed(application, frozen(application.form), now):
        if section.id == section_id:
            raise AskedLater(application, section.title)
    if application.status is Status.DRAFT:
        return
    if application.editing_since is None or section_id not in unlocked(by, application, now):
        raise NoDraft(application)


def _save_answer(
    application: Application,
    question: FrozenQuestion,
    mine: Any,
    *,
    now: datetime,
    seen: Mapping[int, str],
    saved: Saved,
) -> None:
    row = next((answer for answer in application.answers if answer.question_key == question.key), None)
    current = row.value if row else None
    base = seen.get(question.id, stamp(current))
    if mine == current:
        saved.marks[question.id] = stamp(mine)
        return
    if stamp(mine) == base:
        return  # unchanged here; if another tab changed it meanwhile, that stays
    if problem := kind_of(question).unkept(mine, question):
        saved.refused.append(Refused(question, mine, problem))
    elif stamp(current) != base:
        saved.conflicts.append(Conflict(question, mine, current))
    else:
        _store(application, question, row, mine, now)
        saved.changed.add(question.key)
        saved.marks[question.id] = stamp(mine)


def _store(application: Application, question: FrozenQuestion, row: Answer | None, value: Any, now: datetime) -> None:
    if row is None:
        application.answers.append(Answer(question_key=question.key, value=value, saved_at=now))
    elif value is None:
        application.answers.remove(row)
    else:
        row.value, row.saved_at = value, now


def note_changes(application: Application, keys: Collection[str], *, by: Person, now: datetime) -> None:
    """Keep for the team who changed which answers; nothing is kept for somebody who applies alone."""
    if not keys or not application.cycle.takes_teams or not application.members:
        return
    rows = [
        {"application_id": application.id, "question_key": key, "person_id": by.id, "at": now} for key in sorted(keys)
    ]
    written = insert(TeamChange).values(rows)
    db.session.execute(
        written.on_conflict_do_update(
            index_elements=["application_id", "question_key", "person_id"], set_={"at": written.excluded.at}
        )
    )


def _save_files(
    application: Application,
    question: FrozenQuestion,
    *,
    by: Person,
    now: datetime,
    uploads: Sequence[Upload],
    saved: Saved,
) -> None:
    for upload in uploads:
        if not upload.filename:
            continue
        try:
            document = add_document(application, question, upload.stream, upload.filename, by=by, now=now)
        except BadFile as bad:
            saved.files.append(RefusedFile(question, bad.reason, bad.advice))
        except storage.StorageDown:
            reason = f"Upload {plain_name(upload.filename)} again in a few minutes: it could not be stored"
            saved.files.append(RefusedFile(question, reason, "Your answers are saved.", is_outage=True))
        else:
            saved.stored_keys.append(document.storage_key)
            saved.changed.add(question.key)


def add_document(
    application: Application, question: FrozenQuestion, stream: BinaryIO, filename: str, *, by: Person, now: datetime
) -> Document:
    """Look at a file, store it, and make it an answer to the question.

    Where the question takes one file, the new one replaces the old.  Raises BadFile, and StorageDown.
    """
    kind = kind_of(question)
    assert isinstance(kind, File)
    limit = max_bytes(question)
    found = inspect(stream, filename, allowed=kind.types(question), max_bytes=limit, takes=kind.types_words(question))
    if problem := kind.too_many_pages(found.filename, found.pages, question):
        raise BadFile(problem, "Save a shorter copy and upload that.")
    present, most = current_documents(application, question), kind.max_files(question)
    if most > 1 and len(present) >= most:
        raise BadFile(
            f"Remove a file before you add {found.filename}: “{question.label}” takes up to {most}",
            "Nothing was uploaded.",
        )
    stored = storage.put(stream, max_bytes=limit)
    for old in given_documents(application, question) if most == 1 else ():
        remove_document(old, by=by, now=now)
    document = Document(
        question_key=question.key,
        storage_key=stored.key,
        filename=found.filename,
        media_type=found.media_type,
        size=stored.size,
        sha256=stored.sha256,
        pages=found.pages,
        uploaded_at=now,
        uploaded_by_id=by.id,
    )
    application.documents.append(document)
    scanning.begin(document)
    return document


def max_bytes(question: FrozenQuestion) -> int:
    """The largest file a question takes: its own limit, never above the deployment's."""
    portal_limit = storage.limit()
    return min(int(question.settings.get("max_bytes") or portal_limit), portal_limit)


def remove_document(document: Document, *, by: Person, now: datetime) -> None:
    """Take a file out of a draft, or out of a section of an edit that is unlocked; its bytes go a day later.

    Raises NotYours, NoDraft, AskedLater.
    """
    application = document.application
    if not may_write(by, application):
        raise NotYours(str(document))
    questions = frozen(application.form).questions
    section = next((each.section_id for each in questions if each.key == document.question_key), 0)
    must_be_written(application, section, by=by, now=now)
    if document.removed_at is None:
        document.removed_at = now
        audit.record(by, "document.removed", document, application=document.application_id)


def forget_stored(keys: Sequence[str]) -> None:
    """Delete files whose save was rolled back; what cannot be deleted now stays, unreachable."""
    for key in keys:
        try:
            storage.delete(key)
        except storage.StorageDown:
            continue
