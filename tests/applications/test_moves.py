"""The status machine: every status x step x person, and that nothing but `move` changes a status."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import actions
from portal.applications.models import Application, StatusEvent
from portal.applications.refusals import WrongStep
from portal.applications.status import STEPS, By, Status, find_step
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from tests import factories

pytestmark = pytest.mark.usefixtures("context")

PEOPLE: dict[str, Callable[[Application], Person | None]] = {
    "applicant": lambda application: application.person,
    "coordinator": lambda application: factories.coordinator(application.cycle.opportunity),
    "admin": lambda application: factories.admin(),
    "other coordinator": lambda application: factories.coordinator(factories.opportunity()),
    "reviewer": lambda application: factories.reviewer(application.cycle.opportunity),
    "stranger": lambda application: factories.person("Ada", "Nwosu"),
    "portal": lambda application: None,
}
ALLOWED = {By.APPLICANT: {"applicant"}, By.COORDINATOR: {"coordinator", "admin"}, By.PORTAL: {"portal"}}
LETTER = {"subject": "Your application", "body": "Dear Maren"}
MAILED = {step.mail for step in STEPS if step.mail} - {"decision_letter"}


@pytest.fixture(autouse=True)
def without_letter(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Mail of the moves is only noted here; the letter's own template belongs to selection."""
    written: list[str] = []
    monkeypatch.setattr(actions, "write", lambda template, **_: written.append(template))
    return written


@pytest.mark.parametrize("source", Status)
def test_matrix(source: Status) -> None:
    application = factories.application(status=source)
    people = {name: make(application) for name, make in PEOPLE.items()}
    for target in Status:
        step = find_step(source, target)
        for name, who in people.items():
            nested = db.session.begin_nested()
            if step is not None and name in ALLOWED[step.by]:
                if target is Status.SUBMITTED and source is Status.DRAFT:
                    application.reference, application.submitted_at = "AAA-27-0001", now()
                    with db.session.no_autoflush:
                        actions.move(application, target, by=who, now=now())
                else:
                    actions.move(application, target, by=who, now=now())
                assert application.status is target
                assert application.events[-1].target is target
            else:
                with pytest.raises(WrongStep):
                    actions.move(application, target, by=who, now=now())
                assert application.status is source
            nested.rollback()
            db.session.expire_all()


def test_a_move_stores_its_event_and_its_trail(without_letter: list[str]) -> None:
    application = factories.application(status=Status.ELIGIBLE)
    coordinator = factories.coordinator(application.cycle.opportunity)
    at = datetime(2027, 1, 4, 12, tzinfo=UTC)
    event = actions.move(application, Status.IN_REVIEW, by=coordinator, now=at, reason="All\x00 there")
    assert (event.source, event.target, event.actor_id, event.at, event.reason) == (
        Status.ELIGIBLE, Status.IN_REVIEW, coordinator.id, at, "All there",
    )  # fmt: skip
    assert application.changed_at == at
    assert without_letter == ["application_in_review"]
    line = db.session.scalars(select(audit.Event)).one()
    assert (line.verb, line.thing_name) == ("application.moved", application.reference)
    assert line.facts == {"source": "eligible", "target": "in_review", "reason": "All there"}


def test_a_coordinator_does_not_move_an_application_of_their_own() -> None:
    opportunity = factories.opportunity()
    coordinator = factories.coordinator(opportunity)
    own = factories.application(factories.cycle(opportunity), coordinator, status=Status.SUBMITTED)
    with pytest.raises(WrongStep):
        actions.move(own, Status.ELIGIBLE, by=coordinator, now=now())


def test_only_move_changes_a_status() -> None:
    application = factories.application(status=Status.SUBMITTED)
    with pytest.raises(RuntimeError, match=r"changes by actions\.move only"):
        application.status = Status.OFFERED
    assert application.status is Status.SUBMITTED
    assert Application(status=Status.OFFERED).status is Status.OFFERED


def test_events_cannot_be_changed() -> None:
    application = factories.application(status=Status.SUBMITTED)
    event = db.session.scalars(select(StatusEvent).where(StatusEvent.application_id == application.id)).first()
    assert event is not None
    event.reason = "other"
    with pytest.raises(Exception, match="append-only"):
        db.session.flush()
    db.session.rollback()


@pytest.mark.parametrize("template", sorted(MAILED))
def test_the_mail_of_a_move_tells_what_happens_next(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    step = next(step for step in STEPS if step.mail == template)
    source = Status.ELIGIBLE if template == "application_withdrawn" else step.source
    application = factories.application(status=source)
    application.cycle.decisions_by = date(2099, 1, 29)
    who = application.person if step.by is By.APPLICANT else factories.coordinator(application.cycle.opportunity)
    if source is Status.DRAFT:
        application.reference, application.submitted_at = "AAA-27-0001", now()
    with db.session.no_autoflush:
        actions.move(application, step.target, by=who, now=now())
    message = db.session.scalars(select(Message)).one()
    assert message.template == template
    assert message.to_address == application.person.email
    assert message.reply_to == "scholars@example.org"
    assert application.reference in message.subject
    for body in (message.text_body, message.html_body):
        assert f"/applications/{application.id}" in body
        assert application.cycle.opportunity.title in body
        if template != "application_withdrawn":
            assert "Jan 29, 2099" in body
