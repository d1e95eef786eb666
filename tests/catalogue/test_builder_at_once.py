"""Two people at one form at the same moment, on a database of its own with real connections and real commits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from portal.catalogue import form_actions
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.status import Publication
from portal.core.audit import Event
from portal.core.db import db
from tests import factories as make
from tests.page_client import PageClient

pytestmark = pytest.mark.slow
ROUNDS = 6
Call = Callable[[], int]


@dataclass
class Desk:
    """A draft with two sections of two questions, and two admins who are signed in."""

    app: Flask
    form: int
    cycle: int
    sections: list[int]
    questions: list[int]
    marks: dict[int, str]
    section_mark: str
    posts: list[Callable[..., int]]


def desk(app: Flask) -> Desk:
    with app.app_context():
        cycle = make.cycle(form=False, state=Publication.DRAFT)
        form = form_actions.new_form_version(cycle, by=None)
        form_actions.add_section(form, by=None, title="Second")
        for section in form.sections:
            for label in ("One", "Two"):
                form_actions.add_question(section, by=None, kind="short_text", label=label, required=True)
        db.session.commit()
        sections = [section.id for section in form.sections]
        questions = [question.id for question in form.questions]
        marks = {question.id: form_actions.fingerprint(question) for question in form.questions}
        section_mark = form_actions.fingerprint(form.sections[0])
        posts = []
        for _ in range(2):
            client = PageClient(app).sign_in(make.admin())
            token = client.token()
            posts.append(
                lambda path, c=client, t=token, **fields: c.raw.post(path, data={"csrf_token": t, **fields}).status_code
            )
        return Desk(app, form.id, cycle.id, sections, questions, marks, section_mark, posts)


def at_once(*calls: Call) -> list[int]:
    """Run the calls at the same moment.  Out: their answers, in order of size."""
    barrier = Barrier(len(calls))

    def run(call: Call) -> int:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(run, calls))


def removals(form: int) -> int:
    verbs = ("form.question_removed", "form.section_removed")
    return db.session.scalar(
        sa.select(sa.func.count()).select_from(Event).where(Event.thing_id == form, Event.verb.in_(verbs))
    )


def places(form: int) -> list[tuple[int, list[int]]]:
    """The places of sections and questions, which number them without a gap or a doublet wherever they stand."""
    whole = db.session.get_one(Form, form)
    return [(section.position, [question.position for question in section.questions]) for section in whole.sections]


@pytest.mark.parametrize("noun", ["question", "section"])
def test_what_both_remove_is_removed_once(committed: Flask, noun: str) -> None:
    for _ in range(ROUNDS):
        here = desk(committed)
        key = here.questions[0] if noun == "question" else here.sections[0]
        path = f"/admin/{noun}s/{key}/remove"
        answers = at_once(*(lambda p=post, t=path: p(t) for post in here.posts))
        assert answers in ([303, 404], [303, 409])
        with committed.app_context():
            assert db.session.get(Question if noun == "question" else Section, key) is None
            assert removals(here.form) == 1


@pytest.mark.parametrize("other", ["save", "move", "order", "add", "section"])
def test_a_question_that_goes_while_the_other_works(committed: Flask, other: str) -> None:
    for _ in range(ROUNDS):
        here = desk(committed)
        key = here.questions[1]
        fields: dict[str, Any] = {"label": "Mine", "kind": "short_text", "required": "y", "profile_field": ""}
        fields["version"] = here.marks[key]
        tokens = f"s{here.sections[0]} q{key} q{here.questions[0]} s{here.sections[1]} "
        tokens += " ".join(f"q{question}" for question in here.questions[2:])
        path, sent = {
            "save": (f"/admin/questions/{key}", fields),
            "move": (f"/admin/questions/{key}/move/up", {}),
            "order": (f"/admin/forms/{here.form}/order", {"order": tokens}),
            "add": (f"/admin/sections/{here.sections[0]}/questions/new", fields),
            "section": (f"/admin/sections/{here.sections[0]}", {"title": "Mine", "version": here.section_mark}),
        }[other]
        first, second = here.posts
        gone = f"/admin/{'sections' if other in {'add', 'section'} else 'questions'}/"
        gone += f"{here.sections[0] if other in {'add', 'section'} else key}/remove"
        answers = at_once(lambda f=first, g=gone: f(g), lambda s=second, p=path, x=sent: s(p, **x))
        assert 303 in answers
        assert set(answers) <= {303, 404, 409}
        with committed.app_context():
            for position, questions in places(here.form):
                assert position >= 1
                assert len(questions) == len(set(questions))


def test_a_version_is_published_once_and_nothing_slips_in(committed: Flask) -> None:
    for _ in range(ROUNDS):
        here = desk(committed)
        first, second = here.posts
        answers = at_once(
            lambda f=first, h=here: f(f"/admin/forms/{h.form}/publish"),
            lambda s=second, h=here: s(f"/admin/questions/{h.questions[0]}/remove"),
        )
        assert answers in ([303, 303], [303, 409])
        with committed.app_context():
            form = db.session.get_one(Form, here.form)
            assert form.state is Publication.PUBLISHED
            assert len(form.questions) == (3 if answers == [303, 303] else 4)


def test_two_new_versions_are_one(committed: Flask) -> None:
    for _ in range(ROUNDS):
        here = desk(committed)
        assert here.posts[0](f"/admin/forms/{here.form}/publish") == 303
        path = f"/admin/cycles/{here.cycle}/form-versions"
        assert at_once(*(lambda p=post, t=path: p(t) for post in here.posts)) == [303, 303]
        with committed.app_context():
            found = db.session.scalars(sa.select(Form.number).where(Form.cycle_id == here.cycle)).all()
            assert sorted(found) == [1, 2]
