"""Answers of an application as JSON that leaves the portal, and back into a draft: the same values come back, and the
same files out of a folder.

The copy of one's own data holds them; an operator takes them out and brings them in by commands, such as from another
portal or for somebody who wrote on paper.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import queries, transfer_files
from portal.applications.marks import is_typed, stamp
from portal.applications.models import Application
from portal.applications.refusals import AskedLater, NoDraft
from portal.applications.saving import forget_stored, remove_document, save_section
from portal.applications.sheet import field_name, given_documents, sheet
from portal.applications.status import Status
from portal.catalogue.fields import kind_of
from portal.catalogue.frozen import FrozenQuestion, FrozenSection, frozen
from portal.core import audit
from portal.core.db import db


class NoApplication(Exception):
    """There is none of this number or reference."""


class NotAnswers(Exception):
    """What no form of this version could have sent.  `problems` are sentences by question, or by place in the list of
    files."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


def export_answers(application: Application) -> dict[str, Any]:
    """The answers to the questions that are asked, by question key, as the kinds' JSON schemas describe them.

    Files are not among them: `transfer_files.write` takes them out.  Nor is what may identify a patient.
    """
    rows = [row for part in sheet(application) for row in part.rows if is_typed(row.question) and row.is_answered]
    return {row.question.key: row.kind.export(row.value) for row in rows if not row.is_held_back}


def import_answers(
    application: Application,
    data: Mapping[str, Any],
    *,
    by: Person,
    now: datetime,
    files: Any = (),
    folder: Path | None = None,
) -> None:
    """Put exported answers and files into a draft; questions that are not named keep theirs.

    In: the application as `queries.held` gives it, what `export_answers` gave, the list that `transfer_files.write`
    gave and its folder.  All or nothing.  Raises NotAnswers (also for what is asked later), what saving raises, and
    OSError where a file cannot be read.
    """
    questions = {question.key: question for question in frozen(application.form).questions if is_typed(question)}
    values, problems = _load(questions, data)
    incoming, unfit = transfer_files.find(application, files, folder)
    if problems | unfit:
        raise NotAnswers(problems | unfit)
    stored: list[str] = []
    try:
        with db.session.begin_nested():
            for section in frozen(application.form).sections:
                here = [each for each in incoming if each.question in section.questions]
                _save(application, section, values, here, by=by, now=now, stored=stored)
    except AskedLater as later:
        forget_stored(stored)
        raise NotAnswers({"": str(later)}) from None
    except BaseException:
        forget_stored(stored)
        raise


def _save(
    application: Application,
    section: FrozenSection,
    values: Mapping[str, Any],
    incoming: Sequence[transfer_files.Incoming],
    *,
    by: Person,
    now: datetime,
    stored: list[str],
) -> None:
    """Save what is for one section; the keys of stored files go on the list.  Files take the place of those before."""
    named = [question for question in section.questions if question.key in values]
    if not named and not incoming:
        return
    typed: dict[str, list[str]] = {}
    for question in named:
        typed |= kind_of(question).sent(values[question.key], field_name(question), question)
    seen = {question.id: stamp(application.values.get(question.key)) for question in named}
    for question in {each.question.id: each.question for each in incoming}.values():
        for document in given_documents(application, question):
            remove_document(document, by=by, now=now)
    with transfer_files.opened(incoming) as uploads:
        saved = save_section(application, section, by=by, now=now, typed=typed, uploads=uploads, seen=seen)
    stored += saved.stored_keys
    if problems := transfer_files.refused(application, incoming, saved):
        raise NotAnswers(problems)


def find(number: str) -> Application:
    """An application by its reference, or by the number in its address.  Raises NoApplication."""
    query = select(Application.id).where(Application.reference == number)
    if number.isascii() and number.isdecimal() and len(number) < 19:
        query = select(Application.id).where(Application.id == int(number))
    found = queries.held(key) if (key := db.session.scalar(query)) else None
    if found is None:
        raise NoApplication(number)
    return found


def take_out(number: str, *, folder: Path | None = None) -> dict[str, Any]:
    """What `bring_in` takes, with what it is of; its files too where a folder for them is named.

    Raises NoApplication, and what `transfer_files.write` raises.
    """
    application = find(number)
    files = {"files": transfer_files.write(application, folder)} if folder is not None else {}
    audit.record(None, "application.answers_exported", application, files=len(files.get("files", ())))
    return {
        "application": application.reference or application.id,
        "listing": application.cycle.opportunity.title,
        "cycle": application.cycle.name,
        "form_version": application.form.number,
        "answers": export_answers(application),
    } | files


def bring_in(number: str, data: Any, *, now: datetime, folder: Path | None = None) -> Application:
    """Put answers and files into somebody's draft on their behalf, as `take_out` gave them or a copy of one's own data
    has them.

    Raises NoApplication, NotAnswers, NoDraft for what was submitted, and OSError where a file cannot be read.
    """
    application = find(number)
    answers = data.get("answers") if isinstance(data, Mapping) else None
    if not isinstance(answers, Mapping):
        raise NotAnswers({"": "The file has no object named “answers”"})
    if application.status is not Status.DRAFT:
        raise NoDraft(application)
    files = data.get("files", [])
    import_answers(application, answers, by=application.person, now=now, files=files, folder=folder)
    audit.record(None, "application.answers_imported", application, questions=sorted(answers), files=len(files))
    return application


def _load(questions: Mapping[str, FrozenQuestion], data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for key, given in data.items():
        question = questions.get(key)
        if question is None:
            problems[key] = f"This form has no question “{key}”"
            continue
        try:
            values[key] = kind_of(question).load(given, question)
        except ValueError as error:
            problems[key] = str(error)
            continue
        if sentence := kind_of(question).unkept(values[key], question):
            problems[key] = sentence
    return values, problems
