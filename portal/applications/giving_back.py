"""What somebody typed that cannot be saved any more, with the names of its fields, to copy."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from portal.applications.marks import read_marks, stamp
from portal.applications.sheet import field_name
from portal.catalogue.fields import kind_of
from portal.catalogue.form_models import Form, Section
from portal.catalogue.frozen import FrozenForm, frozen
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
