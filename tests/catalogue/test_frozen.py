"""Forms as plain values: read once where they are published, anew where they are drafts."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.catalogue import frozen as module
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.frozen import FrozenQuestion, frozen, frozen_all
from portal.catalogue.status import Publication
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.queries import count_queries

SECTIONS = [
    ("First", [{"key": "a", "kind": "short_text", "label": "One"}, {"key": "b", "kind": "file", "label": "Two"}]),
    ("Second", [{"key": "c", "kind": "long_text", "label": "Three", "settings": {"max_words": 50}}]),
]


def made(state: Publication = Publication.PUBLISHED) -> Form:
    form = factories.published_form(factories.cycle(form=False), SECTIONS)
    if state is Publication.DRAFT:
        form = Form(cycle=form.cycle, number=2, state=Publication.DRAFT)
        form.sections = [Section(position=1, title="First", questions=[])]
        db.session.add(form)
    db.session.commit()
    return form


def test_a_published_form_is_read_once_and_is_what_the_rows_say(app: Flask, context: None) -> None:
    form = made()
    assert form.id
    with count_queries(app) as first:
        found = frozen(form)
    assert len(first) == 2
    with count_queries(app) as again:
        assert frozen(form) is found
    assert again == []
    rows = db.session.scalars(
        select(Question).join(Section).where(Section.form_id == form.id).order_by(Section.position, Question.position)
    ).all()
    names = FrozenQuestion.__dataclass_fields__
    assert [{name: getattr(one, name) for name in names} for one in found.questions] == [
        {name: getattr(row, name) for name in names} for row in rows
    ]
    assert [str(one) for one in found.questions] == ["One", "Two", "Three"]
    assert [(str(one), one.intro, len(one.questions)) for one in found.sections] == [
        ("First", "", 2),
        ("Second", "", 1),
    ]


def test_several_forms_take_two_queries_whatever_their_number(app: Flask, context: None) -> None:
    forms = [made() for _ in range(5)]
    known = frozen(forms[0])
    ids = [form.id for form in forms]
    with count_queries(app) as found:
        several = frozen_all(forms)
    assert len(found) == 2
    assert set(several) == set(ids)
    assert several[ids[0]] is known


def test_a_draft_is_read_anew_each_time(context: None) -> None:
    form = made(Publication.DRAFT)
    assert frozen(form).sections[0].questions == ()
    question = Question(key="a", kind="short_text", label="New", position=1, settings={})
    form.sections[0].questions.append(question)
    assert [one.label for one in frozen(form).questions] == ["New"]


def test_a_publication_that_was_rolled_back_is_forgotten(context: None) -> None:
    form = made(Publication.DRAFT)
    form.state, form.published_at = Publication.PUBLISHED, now()
    db.session.flush()
    assert frozen(form).questions == []
    db.session.rollback()
    form.sections[0].questions.append(Question(key="a", kind="short_text", label="New", position=1, settings={}))
    db.session.flush()
    form.state, form.published_at = Publication.PUBLISHED, now()
    db.session.flush()
    assert [one.label for one in frozen(form).questions] == ["New"]


def test_the_forms_kept_are_bounded(app: Flask, context: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 2)
    for form in [made() for _ in range(3)]:
        frozen(form)
    assert len(app.extensions["frozen_forms"]) <= 2
