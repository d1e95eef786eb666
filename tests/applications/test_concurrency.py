"""What two requests at once may not break, on a database of its own with real connections and real commits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal.applications.models import Application
from portal.applications.status import Status
from portal.core import audit
from portal.core.db import db
from portal.messaging.models import Message
from tests import factories
from tests.applications.conftest import complete_now, name_of, section_path
from tests.page_client import PageClient

pytestmark = pytest.mark.slow


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at the same moment.  Out: their results in order."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def browsers(app: Flask, person: Any, count: int) -> list[tuple[PageClient, str]]:
    """Signed-in sessions of one person with their tokens, ready to post."""
    clients = [PageClient(app).sign_in(person) for _ in range(count)]
    return [(client, client.token()) for client in clients]


def post(client: PageClient, token: str, path: str, **fields: Any) -> int:
    return client.raw.post(path, data={"csrf_token": token, **fields}).status_code


def test_starts_at_once_end_in_one_draft(committed: Flask) -> None:
    with committed.app_context():
        person, cycle = factories.person(), factories.cycle()
        db.session.commit()
        path, person_id = f"/applications/start/{cycle.id}", person.id
        sessions = browsers(committed, person, 4)
    answers = at_once(*(lambda c=client, t=token: post(c, t, path) for client, token in sessions))
    assert answers == [303] * 4
    with committed.app_context():
        assert len(db.session.scalars(select(Application).where(Application.person_id == person_id)).all()) == 1


def test_submissions_at_once_make_one_each_with_numbers_without_gaps(committed: Flask) -> None:
    with committed.app_context():
        cycle = factories.cycle(code="ONE-27")
        drafts = [factories.application(cycle, factories.person()) for _ in range(3)]
        for draft in drafts:
            complete_now(draft)
        db.session.commit()
        version = cycle.version
        calls = [
            (client, token, f"/applications/{draft.id}/submit")
            for draft in drafts
            for client, token in browsers(committed, draft.person, 2)
        ]
        ids = [draft.id for draft in drafts]
    answers = at_once(*(lambda c=client, t=token, p=path: post(c, t, p) for client, token, path in calls))
    assert set(answers) <= {303, 409}
    assert answers.count(303) >= 3
    with committed.app_context():
        found = db.session.scalars(select(Application).where(Application.id.in_(ids))).all()
        assert {application.status for application in found} == {Status.SUBMITTED}
        assert sorted(application.reference or "" for application in found) == [
            "ONE-27-0001", "ONE-27-0002", "ONE-27-0003",
        ]  # fmt: skip
        assert found[0].cycle.version == version
        mails = db.session.scalars(select(Message.thing_id).where(Message.template == "application_received")).all()
        assert sorted(mails) == sorted(ids)


def test_saves_at_once_lose_nothing(committed: Flask) -> None:
    with committed.app_context():
        draft = factories.application(factories.cycle(), factories.person())
        db.session.commit()
        path, names = section_path(draft), (name_of(draft, "title"), name_of(draft, "proposal"))
        draft_id, sessions = draft.id, browsers(committed, draft.person, 2)
        seen = " ".join(f"{name[1:]}:-" for name in names)
    fields = [{names[0]: "One", names[1]: ""}, {names[0]: "", names[1]: "Two"}]
    answers = at_once(
        *(
            lambda c=client, t=token, f=typed: post(c, t, path, seen=seen, to="tasks", **f)
            for (client, token), typed in zip(sessions, fields, strict=True)
        )
    )
    assert answers == [303, 303]
    with committed.app_context():
        application = db.session.get(Application, draft_id)
        assert application is not None
        assert application.values == {"title": "One", "proposal": "Two"}


def test_a_failed_submission_leaves_no_gap(committed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.applications import actions

    with committed.app_context():
        draft = factories.application(factories.cycle(code="GAP-27"), factories.person())
        complete_now(draft)
        db.session.commit()
        path, draft_id = f"/applications/{draft.id}/submit", draft.id
        ((client, token),) = browsers(committed, draft.person, 1)
    monkeypatch.setattr(actions, "write", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        post(client, token, path)
    monkeypatch.undo()
    assert post(client, token, path) == 303
    with committed.app_context():
        application = db.session.get(Application, draft_id)
        assert application is not None
        assert application.reference == "GAP-27-0001"


def test_a_staff_read_is_recorded_though_a_get_saves_nothing(committed: Flask) -> None:
    with committed.app_context():
        application = factories.application(factories.cycle(), factories.person(), status=Status.SUBMITTED)
        document = factories.document(application)
        coordinator = factories.coordinator(application.cycle.opportunity)
        db.session.commit()
        path = f"/applications/{application.id}/documents/{document.id}"
        client, who, what = PageClient(committed).sign_in(coordinator), coordinator.id, document.id
    assert client.raw.get(path).status_code == 200
    with committed.app_context():
        line = db.session.scalars(select(audit.Event).where(audit.Event.verb == "document.read")).one()
        assert (line.actor_id, line.thing_id) == (who, what)
        assert db.session.execute(text("SELECT count(*) FROM audit_event")).scalar_one() > 0
