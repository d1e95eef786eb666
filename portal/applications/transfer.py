"""Answers of an application as JSON that leaves the portal, and back into a draft: the same values come back.

The copy of one's own data holds them; an operator takes them out and brings them in by commands, such as from another
portal or for somebody who wrote on paper.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import queries
from portal.applications.marks import is_typed, stamp
from portal.applications.models import Application
from portal.applications.refusals import NoDraft
from portal.applications.saving import save_section
from portal.applications.sheet import field_name, sheet
from portal.applications.status import Status
from portal.catalogue.fields import kind_of
from portal.catalogue.frozen import FrozenQuestion, frozen
from portal.core import audit
from portal.core.db import db


class NoApplication(Exception):
    """There is none of this number or reference."""


class NotAnswers(Exception):
    """JSON that no form of this version could have sent.  `problems` are sentences by question key."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


def export_answers(application: Application) -> dict[str, Any]:
    """The answers to the questions that are asked, by question key, as the kinds' JSON schemas describe them.

    Files are not among them.
    """
    rows = [row for part in sheet(application) for row in part.rows if is_typed(row.question) and row.is_answered]
    return {row.question.key: row.kind.export(row.value) for row in rows}


def import_answers(application: Application, data: Mapping[str, Any], *, by: Person, now: datetime) -> None:
    """Put exported answers into a draft; questions that are not named keep theirs.

    In: the application as `queries.held` gives it, and what `export_answers` gave.  All or nothing.  Raises
    NotAnswers, and what saving raises.
    """
    questions = {question.key: question for question in frozen(application.form).questions if is_typed(question)}
    values, problems = _load(questions, data)
    if problems:
        raise NotAnswers(problems)
    stored = application.values
    for section in frozen(application.form).sections:
        named = [question for question in section.questions if question.key in values]
        typed: dict[str, list[str]] = {}
        for question in named:
            typed |= kind_of(question).sent(values[question.key], field_name(question), question)
        seen = {question.id: stamp(stored.get(question.key)) for question in named}
        if seen:
            save_section(application, section, by=by, now=now, typed=typed, uploads={}, seen=seen)


def find(number: str) -> Application:
    """An application by its reference, or by the number in its address.  Raises NoApplication."""
    query = select(Application.id).where(Application.reference == number)
    if number.isascii() and number.isdecimal() and len(number) < 19:
        query = select(Application.id).where(Application.id == int(number))
    found = queries.held(key) if (key := db.session.scalar(query)) else None
    if found is None:
        raise NoApplication(number)
    return found


def take_out(number: str) -> dict[str, Any]:
    """What `bring_in` takes, with what it is of.  Raises NoApplication."""
    application = find(number)
    audit.record(None, "application.answers_exported", application)
    return {
        "application": application.reference or application.id,
        "listing": application.cycle.opportunity.title,
        "cycle": application.cycle.name,
        "form_version": application.form.number,
        "answers": export_answers(application),
    }


def bring_in(number: str, data: Any, *, now: datetime) -> Application:
    """Put answers into somebody's draft on their behalf, as `take_out` gave them or a copy of one's own data has them.

    Raises NoApplication, NotAnswers, and NoDraft for what was submitted.
    """
    application = find(number)
    answers = data.get("answers") if isinstance(data, Mapping) else None
    if not isinstance(answers, Mapping):
        raise NotAnswers({"": "The file has no object named “answers”"})
    if application.status is not Status.DRAFT:
        raise NoDraft(application)
    import_answers(application, answers, by=application.person, now=now)
    audit.record(None, "application.answers_imported", application, questions=sorted(answers))
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
        if sentence := kind_of(question).too_long(values[key], question):
            problems[key] = sentence
    return values, problems
