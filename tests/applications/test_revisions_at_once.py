"""What two requests at once may not break when a submitted application is edited: real connections, real commits."""

from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.applications import change_requests, queries, revision_actions
from portal.applications.models import Application
from portal.applications.refusals import NoDraft, WrongStep
from portal.applications.revision_models import ChangeRequest, Revision
from portal.applications.status import Status
from portal.core.clock import now
from portal.core.db import db, transaction
from portal.messaging.models import Message
from tests import factories
from tests.applications.conftest import complete_now, name_of, section_path
from tests.applications.test_concurrency import at_once, browsers, post

pytestmark = pytest.mark.slow


def edited(committed: Flask) -> tuple[int, Any]:
    """A submitted application, open for editing, with a changed title.  Out: its id, and its owner."""
    with committed.app_context():
        made = factories.application(factories.cycle(), factories.person(), status=Status.SUBMITTED)
        complete_now(made)
        db.session.flush()
        revision_actions.reopen(made, by=made.person, now=now())
        next(each for each in made.answers if each.question_key == "title").value = "New title"
        db.session.commit()
        return made.id, made.person


def test_two_resubmissions_at_once_make_one(committed: Flask) -> None:
    application_id, person = edited(committed)
    with committed.app_context():
        person = db.session.merge(person)
        sessions = browsers(committed, person, 3)
    path = f"/applications/{application_id}/submit"
    answers = at_once(*(lambda c=client, t=token: post(c, t, path) for client, token in sessions))
    assert set(answers) <= {303, 409}
    assert 303 in answers
    with committed.app_context():
        numbers = db.session.scalars(select(Revision.number).where(Revision.application_id == application_id)).all()
        assert sorted(numbers) == [1, 2]
        mails = select(Message).where(Message.template == "application_revised", Message.thing_id == application_id)
        assert len(db.session.scalars(mails).all()) == 1


def test_a_request_for_changes_and_a_withdrawal_at_once(committed: Flask) -> None:
    with committed.app_context():
        made = factories.application(factories.cycle(), factories.person(), status=Status.SUBMITTED)
        coordinator = factories.coordinator(made.cycle.opportunity)
        db.session.commit()
        application_id, section_id = made.id, made.form.sections[0].id
        ((applicant, token),) = browsers(committed, made.person, 1)
        ((staff, staff_token),) = browsers(committed, coordinator, 1)
    fields = {"sections": str(section_id), "reason": "Name the site", "due_at": "2199-01-01T10:00"}
    answers = at_once(
        lambda: post(applicant, token, f"/applications/{application_id}/withdraw"),
        lambda: post(staff, staff_token, f"/manage/applications/{application_id}/changes", **fields),
    )
    assert answers[0] == 303
    assert answers[1] in {303, 409}
    with committed.app_context():
        application = db.session.get(Application, application_id)
        assert application is not None
        assert application.status is Status.WITHDRAWN
        open_ones = db.session.scalars(
            select(ChangeRequest).where(
                ChangeRequest.application_id == application_id, ChangeRequest.cancelled_at.is_(None)
            )
        ).all()
        assert open_ones == []


def test_a_request_waits_for_the_withdrawal_and_then_finds_nothing(committed: Flask) -> None:
    """The order that a race can only sometimes show: the request begins before the withdrawal commits."""
    with committed.app_context():
        made = factories.application(factories.cycle(), factories.person(), status=Status.SUBMITTED)
        coordinator = factories.coordinator(made.cycle.opportunity)
        db.session.commit()
        application_id, section_id, by_id = made.id, made.form.sections[0].id, coordinator.id
    held, released = Event(), Event()

    def withdraw() -> None:
        from portal.applications.actions import withdraw

        with committed.app_context(), transaction():
            application = queries.by_id(application_id)
            assert application is not None
            withdraw(application, by=application.person, now=now())
            held.set()
            released.wait(5)

    def ask() -> str:
        held.wait(5)
        with committed.app_context():
            application = queries.whole(application_id)
            assert application is not None
            assert application.status is Status.SUBMITTED  # as this request has read it
            released.set()
            try:
                change_requests.ask(
                    application, section_ids=[section_id], reason="Why", due_at=now() + timedelta(days=1),
                    by=db.session.get_one(type(application.person), by_id), now=now(),
                )  # fmt: skip
            except WrongStep:
                return "refused"
            finally:
                db.session.rollback()
            return "asked"

    assert at_once(withdraw, ask)[1] == "refused"


def test_a_save_that_waits_while_the_deadline_passes_is_not_kept(committed: Flask) -> None:
    """The row is held while the deadline is moved: the save that waited for it asks the rule again."""
    application_id, person = edited(committed)
    with committed.app_context():
        person = db.session.merge(person)
        application = db.session.get_one(Application, application_id)
        path, name = section_path(application), name_of(application, "title")
        ((client, token),) = browsers(committed, person, 1)
    held = Event()

    def close() -> None:
        with committed.app_context(), transaction():
            application = queries.locked(application_id)
            assert application is not None
            application.cycle.closes_at = now() - timedelta(hours=1)
            db.session.flush()
            held.set()

    def save() -> int:
        held.wait(5)
        return post(client, token, path, **{name: "Too late"})

    assert at_once(close, save)[1] == 409
    with committed.app_context():
        application = db.session.get_one(Application, application_id)
        assert application.values["title"] == "New title"
        with pytest.raises(NoDraft):
            revision_actions.submit_again(application, by=application.person, now=now())
        db.session.rollback()
        assert revision_actions.drop_late(application_id, now=now())
        db.session.commit()
        assert db.session.get_one(Application, application_id).values["title"] == "Waiting-room stories"
