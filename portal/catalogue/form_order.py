"""Putting the sections and questions of a draft in another order, all at once: what dragging sends."""

import re
from collections import Counter
from collections.abc import Mapping

from portal.accounts.models import Person
from portal.catalogue.form_actions import hold, keeping_conditions
from portal.catalogue.form_models import Form
from portal.catalogue.refusals import ChangedMeanwhile
from portal.core import audit
from portal.core.db import db

_TOKEN = re.compile(r"([sq])([0-9]{1,18})", re.ASCII)
Order = list[tuple[int, list[int]]]


def read_order(text: str) -> Order:
    """`s12 q3 q5 s13` as [(12, [3, 5]), (13, [])].  Raises ValueError for anything else."""
    found: Order = []
    for token in text.split():
        match = _TOKEN.fullmatch(token)
        if match is None or (match[1] == "q" and not found):
            raise ValueError(token)
        if match[1] == "s":
            found.append((int(match[2]), []))
        else:
            found[-1][1].append(int(match[2]))
    return found


def reorder(form: Form, order: Order, *, by: Person) -> bool:
    """Put sections and questions into this order; questions may pass from one section into another.

    In: each section's id with the ids of its questions.  Out: whether anything moved.  Raises Frozen,
    ChangedMeanwhile where the order does not hold exactly what the draft holds now, and Refused where a question would
    stand before the one it depends on.
    """
    hold(form)
    sections = {section.id: section for section in form.sections}
    questions = {question.id: question for question in form.questions}
    asked = [key for _, keys in order for key in keys]
    if Counter(key for key, _ in order) != Counter(sections.keys()) or Counter(asked) != Counter(questions.keys()):
        raise ChangedMeanwhile
    before = [(section.id, [question.id for question in section.questions]) for section in form.sections]
    if before == order:
        return False
    where = {key: section_id for section_id, keys in before for key in keys}
    with keeping_conditions(form):
        for place, (section_id, keys) in enumerate(order, 1):
            sections[section_id].position = place
            for position, key in enumerate(keys, 1):
                questions[key].position = position
                if where[key] != section_id:
                    questions[key].section = sections[section_id]
    db.session.expire(form, ["sections"])
    for section in sections.values():
        db.session.expire(section, ["questions"])
    audit.record(by, "form.reordered", form, moved=_moved(before, order, questions))
    return True


def _moved(before: Order, after: Order, questions: Mapping[int, object]) -> list[str]:
    """The labels of what stands under another section now, else nothing: the order speaks for itself."""
    was = {key: section_id for section_id, keys in before for key in keys}
    return [str(questions[key]) for section_id, keys in after for key in keys if was[key] != section_id]
