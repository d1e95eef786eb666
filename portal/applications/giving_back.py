"""What somebody typed that cannot be saved any more, with the names of its fields, to copy."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from portal.accounts import kept
from portal.applications.marks import read_marks, stamp
from portal.applications.queries import newest_form
from portal.applications.sheet import field_name
from portal.catalogue.fields import kind_of
from portal.catalogue.form_models import Form, Section
from portal.catalogue.frozen import FrozenForm, FrozenQuestion, frozen
from portal.core.db import db

Sent = Mapping[str, Sequence[str]]
Typed = list[tuple[str, str]]


def form_of(section_id: int, *, cycle_id: int, own_form_id: int | None) -> FrozenForm | None:
    """The version that a page with this section shows, of the form of a cycle; also one that was replaced since.

    In: the form of the application if it is there.  A version that was never public is nobody else's to read.
    """
    query = select(Form).join(Section, Section.form_id == Form.id)
    found = db.session.scalar(query.where(Section.id == section_id, Form.cycle_id == cycle_id))
    if found is None or (found.published_at is None and found.id != own_form_id):
        return None
    return frozen(found)


def answers(sent: Sent, form: FrozenForm) -> Typed:
    """The answers that differ from those that the page was made from: the others are saved, in a team by others too."""
    seen = read_marks(" ".join(sent.get("seen", ())))
    found = []
    for question in form.questions:
        kind, name = kind_of(question), field_name(question)
        if kind.is_file or not any(field == name or field.startswith(f"{name}-") for field in sent):
            continue
        value = kind.read(sent, name, question)
        if (text := kind.display(value, question)) and stamp(value) != seen.get(question.id):
            found.append((question.label, text))
    return found


def body(sent: Sent, label: str) -> Typed:
    """The one text of a form that has one, such as a comment; its field may carry the prefix of its section."""
    texts = (values[0] for name, values in sent.items() if name == "body" or name.endswith("-body"))
    return [(label, text) for text in texts if text.strip()]


def _refuses(question: FrozenQuestion, typed: Sequence[str]) -> bool:
    kind = kind_of(question)
    return kind.refuses_identifiers(question) and bool(kind.unkept(kind.parse(typed), question))


def withhold(address: Mapping[str, Any], fields: kept.Fields) -> tuple[kept.Fields, list[str]]:
    """Leave out of a form that is kept for its sender what no answer of it would keep, such as patient identifiers.

    In: the values of its address, and its fields.  Out: the fields to keep, and the texts left out.  Without its mark
    a question is not saved when the rest is sent again, so that what is stored of it stays.
    """
    section_id = int(address.get("section_id", 0))
    form = db.session.scalar(select(Form).join(Section).where(Section.id == section_id)) if section_id else None
    if form is None:
        return fields, []
    newest = newest_form(form.cycle_id)
    today = {question.key: question for question in frozen(newest).questions} if newest else {}
    sent: dict[str, list[str]] = {}
    for field, text in fields:
        sent.setdefault(field, []).append(text)
    texts: list[str] = []
    for question in frozen(form).questions:
        name, asked = field_name(question), {question, today.get(question.key, question)}
        if name not in sent or not any(_refuses(each, sent[name]) for each in asked):
            continue
        texts += sent.pop(name)
        marks = " ".join(sent.get("seen", ())).split()
        sent["seen"] = [" ".join(mark for mark in marks if mark.partition(":")[0] != str(question.id))]
    return [(field, text) for field, values in sent.items() for text in values], texts


kept.withholding.append(withhold)
