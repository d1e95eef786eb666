"""Answers of an application as JSON that leaves the portal, and back into a draft: the same values come back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.saving import is_typed, save_section, stamp
from portal.applications.sheet import field_name, sheet
from portal.catalogue.fields import kind_of
from portal.catalogue.frozen import FrozenQuestion, frozen


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
