"""The form that answers are typed into, the same for applications and profiles, and the buttons of its rows."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Field

from portal.catalogue.fields import kind_of
from portal.catalogue.parts_kind import RowsField, RowsKind
from portal.catalogue.question_kind import Fault, JsonValue

Asked = tuple[str, Any, JsonValue]
"""A question as a form holds it: the name of its field, the question, and the value that fills it."""


def answers_form(
    asked: Iterable[Asked], *, besides: Mapping[str, tuple[Field, str]] | None = None, one_more: str = ""
) -> FlaskForm:
    """A form of these questions, filled with their values.

    In: other fields by name, each with what it holds, and the name of a field with rows that shows an empty one more.
    """
    besides = besides or {}
    fields: dict[str, Any] = {name: field for name, (field, _) in besides.items()}
    filled: MultiDict[str, str] = MultiDict({name: text for name, (_, text) in besides.items()})
    rows: dict[str, int] = {}
    for name, question, value in asked:
        kind = kind_of(question)
        fields[name] = kind.field(question)
        for key, raw in kind.sent(value, name, question).items():
            filled.setlist(key, raw)
        if isinstance(kind, RowsKind):
            rows[name] = kind.rows_shown(value, question, one_more=name == one_more)
            if note := kind.note_field(question):
                fields[f"{name}-note"] = note
    made: FlaskForm = type("AnswersForm", (FlaskForm,), fields)(formdata=filled)
    for name, count in rows.items():
        made[name].pad(count)
        made[name].note = made[f"{name}-note"] if f"{name}-note" in fields else None
    return made


def place_faults(field: Any, faults: Iterable[Fault]) -> None:
    """Write each fault beside the control that it is about."""
    for fault in faults:
        found = field
        for step in fault.at.split("-") if fault.at else ():
            found = found.entries[int(step)] if step.isdigit() else found.form[step]
        if hasattr(found, "form"):  # the whole of an answer of parts is said at its first part
            found = next(iter(found.form))
        found.errors = [*found.errors, fault.sentence]
        if fault.at and isinstance(field, RowsField):
            field.errors = [*field.errors, {}]  # so that whoever looks for errors looks into the rows


def pressed(button: str, names: Sequence[str]) -> tuple[str, str, str]:
    """Which button of which row was pressed: the name of the field, what to do, and the number of the row.

    In: what the form sent as `entries`, and the names of its fields with rows.  Empty strings for no such button.
    """
    found = re.fullmatch(r"([a-z0-9_]{1,40}):([a-z]{1,10}):([0-9]{0,6})", button)
    return (found[1], found[2], found[3]) if found and found[1] in names else ("", "", "")
