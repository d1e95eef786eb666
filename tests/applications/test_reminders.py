"""Reminders of a deadline: when, to whom, each once, and to nobody who switched them off."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import actions, jobs, reminders, revision_actions
from portal.applications.models import Application
from portal.applications.reminder_models import Before, Reminder
from portal.applications.reminders import WINDOWS
from portal.applications.status import Status
from portal.applications.team_models import Access
from portal.catalogue.status import Publication
from portal.core.clock import now
from portal.core.db import db, transaction
from portal.messaging.models import Message
from tests import factories
from tests.applications.conftest import complete_now
from tests.applications.test_extensions import extended
from tests.queries import count_queries

CLOSES = datetime(2026, 12, 8, 4, 59, tzinfo=UTC)
OPENED = CLOSES - timedelta(days=60)


def draft_of(person: Person, **fields: Any) -> Application:
    cycle = factories.cycle(opens_at=OPENED, closes_at=CLOSES)
    return factories.application(cycle, person, created_at=CLOSES - timedelta(days=20), **fields)


def run_at(moment: datetime) -> list[Message]:
    """Run the job at that moment.  Out: the mails of all its runs so far."""
    db.session.commit()
    with time_machine.travel(moment, tick=False):
        jobs.remind(0)
    return list(db.session.scalars(select(Message).where(Message.template == "deadline_reminder").order_by(Message.id)))


@pytest.fixture
def person(context: None) -> Iterator[Person]:
    with time_machine.travel(OPENED, tick=False):
        yield factories.person()


def test_three_reminders_each_once(person: Person) -> None:
    draft = draft_of(person)
    moments = [
        (timedelta(days=7, seconds=1), 0), (timedelta(days=7), 1), (timedelta(days=3), 1), (timedelta(days=2), 2),
        (timedelta(hours=7), 2), (timedelta(hours=6), 3), (timedelta(minutes=10), 3), (timedelta(0), 3),
    ]  # fmt: skip
    for before, count in moments:
        assert len(run_at(CLOSES - before)) == count, before
    rows = db.session.scalars(select(Reminder.before).where(Reminder.application_id == draft.id)).all()
    assert set(rows) == {Before.WEEK, Before.TWO_DAYS, Before.SIX_HOURS}
    first = run_at(CLOSES)[0]
    assert first.subject == f"Finish your application by Mon, Dec 7, 11:59 pm ET: {draft.cycle.opportunity.title}"
    assert "- About the project: not started" in first.text_body
    assert "- Documents: not started" in first.text_body
    assert (first.to_address, first.reply_to) == (person.email, "scholars@example.org")
    assert first.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_after_an_outage_only_the_nearest_one_goes(person: Person) -> None:
    draft_of(person)
    assert len(run_at(CLOSES - timedelta(hours=5))) == 1
    assert len(run_at(CLOSES - timedelta(hours=4))) == 1


def test_a_draft_begun_late_is_not_reminded_of_what_was_over(person: Person) -> None:
    draft = draft_of(person)
    draft.created_at = CLOSES - timedelta(days=5)
    assert run_at(CLOSES - timedelta(days=4)) == []
    assert len(run_at(CLOSES - timedelta(days=1))) == 1


def test_the_own_deadline_counts(person: Person) -> None:
    draft = draft_of(person)
    extended(draft.cycle, person, CLOSES + timedelta(days=7), granted_at=OPENED)
    assert run_at(CLOSES - timedelta(hours=1)) == []
    (mail,) = run_at(CLOSES + timedelta(hours=1))
    assert "by Mon, Dec 14, 11:59 pm ET" in mail.subject


def test_those_with_nothing_to_submit_get_none(person: Person) -> None:
    for status in (Status.SUBMITTED, Status.WITHDRAWN, Status.IN_REVIEW):
        draft_of(factories.person(), status=status, submitted_at=OPENED)
    draft_of(factories.person(), status=Status.WITHDRAWN, reference=None, submitted_at=None)
    draft_of(person, is_test=True)
    draft_of(factories.person(active=False))
    draft_of(factories.person(mail_off=["reminders"]))
    hidden = draft_of(factories.person())
    hidden.cycle.state = Publication.ARCHIVED
    unlisted = draft_of(factories.person())
    unlisted.cycle.opportunity.state = Publication.DRAFT
    rolling = draft_of(factories.person())
    rolling.cycle.closes_at = None
    for before in (6.9, 1.5, 0.1):
        assert run_at(CLOSES - timedelta(days=before)) == []
    draft_of(person)  # the job does write, to whom it concerns
    assert len(run_at(CLOSES - timedelta(days=0.1))) == 1


def test_a_complete_draft_is_told_to_submit(person: Person) -> None:
    draft = draft_of(person)
    complete_now(draft)
    (mail,) = run_at(CLOSES - timedelta(days=1))
    assert mail.subject.startswith("Submit your application by")
    assert "Everything is complete. Check your answers, then submit." in mail.text_body


def test_changes_that_were_not_submitted_are_reminded_of(person: Person) -> None:
    draft = draft_of(person)
    complete_now(draft)
    with time_machine.travel(CLOSES - timedelta(days=5), tick=False):
        actions.submit(draft, by=person, now=now())
        revision_actions.reopen(draft, by=person, now=now())
    (mail,) = run_at(CLOSES - timedelta(days=1))
    assert mail.subject.startswith("Submit your changes by Mon, Dec 7, 11:59 pm ET")
    assert "after that they are dropped" in mail.text_body
    assert len(run_at(CLOSES - timedelta(hours=1))) == 2
    draft.cycle.edits_until_deadline = False
    assert len(run_at(CLOSES - timedelta(hours=1))) == 2


def test_edits_that_nobody_can_submit_do_not_keep_others_waiting(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only named sections are open the reminder does not go; the first that are read are not of that kind."""
    monkeypatch.setattr(reminders, "AT_ONCE", 1)
    for who, edits in ((factories.person(), False), (person, None)):
        draft = draft_of(who)
        draft.cycle.edits_until_deadline = edits
        complete_now(draft)
        with time_machine.travel(CLOSES - timedelta(days=5), tick=False):
            actions.submit(draft, by=who, now=now())
            draft.editing_since = now()
    (mail,) = run_at(CLOSES - timedelta(days=1))
    assert mail.person_id == person.id


def test_each_who_may_edit_is_reminded_as_what_they_are(person: Person) -> None:
    draft = draft_of(person)
    draft.cycle.team_max = 9
    ren, off, gone = (factories.person(given, "Member") for given in ("Ren", "Off", "Gone"))
    off.mail_off = ["reminders"]
    since: dict[str, Any] = {"joined_at": CLOSES - timedelta(days=15), "invited_at": CLOSES - timedelta(days=16)}
    factories.member(draft, ren, **since)
    factories.member(draft, off, **since)
    left = factories.member(draft, gone, **since)
    factories.member(draft, factories.person(active=False), **since)
    factories.member(draft, factories.person("Reads"), Access.COMMENT, **since)
    factories.member(draft, email="asked@example.org")
    assert [mail.person_id for mail in run_at(CLOSES - timedelta(days=7))] == [person.id, ren.id, gone.id]
    left.ended_at = CLOSES - timedelta(days=6)
    late = factories.person("Late", "Comer")
    factories.member(draft, late, joined_at=CLOSES - timedelta(days=5), invited_at=CLOSES - timedelta(days=6))
    assert len(run_at(CLOSES - timedelta(days=4))) == 3, "nobody twice, and nobody of what was over as they joined"
    mails = run_at(CLOSES - timedelta(days=1))
    assert [mail.person_id for mail in mails[3:]] == [person.id, ren.id, late.id]
    lead, member = mails[0], mails[1]
    title = draft.cycle.opportunity.title
    assert lead.subject == f"Finish your application by Mon, Dec 7, 11:59 pm ET: {title}"
    assert member.subject == f"Your team's draft is due Mon, Dec 7, 11:59 pm ET: {title}"
    says = f"You can edit it until then. You cannot submit it: {person.full_name} leads the team and can."
    for body in (member.text_body, member.html_body):
        assert says in body
        assert "About the project: not started" in body
        assert "Submit it by" not in body
    assert says not in lead.text_body
    assert member.headers["List-Unsubscribe"] != lead.headers["List-Unsubscribe"]
    rows = db.session.execute(select(Reminder.before, Reminder.person_id).where(Reminder.person_id == ren.id)).all()
    assert {row.before for row in rows} == {Before.WEEK, Before.TWO_DAYS}


def test_a_member_is_told_that_the_lead_has_to_submit(person: Person) -> None:
    draft = draft_of(person)
    complete_now(draft)
    ren = factories.person("Ren")
    factories.member(draft, ren, joined_at=OPENED, invited_at=OPENED)
    _, mail = run_at(CLOSES - timedelta(days=1))
    assert f"Everything is complete. Only {person.full_name} has to submit." in mail.text_body
    with time_machine.travel(CLOSES - timedelta(hours=20), tick=False):
        actions.submit(draft, by=person, now=now())
        revision_actions.reopen(draft, by=person, now=now())
        draft.editing_since = CLOSES - timedelta(days=3)
    *_, mail = run_at(CLOSES - timedelta(hours=19))
    assert mail.person_id == ren.id
    assert mail.subject.startswith("Your team's changes are due Mon, Dec 7, 11:59 pm ET")
    assert "If they are not by Mon, Dec 7, 11:59 pm ET, they are dropped" in mail.text_body


def test_a_whole_team_is_reminded_with_the_queries_of_one(app: Flask, person: Person) -> None:
    def reading(members: int) -> int:
        draft = draft_of(person, is_test=False)
        draft.cycle.team_max = 20
        for _ in range(members):
            factories.member(draft, factories.person(), joined_at=OPENED, invited_at=OPENED)
        db.session.commit()
        key = draft.id
        db.session.expire_all()
        with count_queries(app) as statements:
            assert reminders.remind(key, WINDOWS[0], now=CLOSES - timedelta(days=6)) == members + 1
        return sum(
            statement.lstrip().startswith("SELECT") and "procrastinate" not in statement for statement in statements
        )

    with time_machine.travel(CLOSES - timedelta(days=6), tick=False):
        reading(1)  # what a process reads once
        assert reading(1) == reading(7)


def test_what_was_submitted_meanwhile_is_left_alone(person: Person) -> None:
    """The job reads its list first: between that and the mail the draft may be gone or submitted."""
    at, week = CLOSES - timedelta(days=6), WINDOWS[0]
    draft = draft_of(person)
    complete_now(draft)
    db.session.flush()
    with time_machine.travel(at, tick=False):
        assert reminders.due(now=at) == [(draft.id, week)]
        actions.submit(draft, by=person, now=at)
        assert not reminders.remind(draft.id, week, now=at)
        assert not reminders.remind(2**40, week, now=at)
    assert db.session.query(Reminder).count() == 0


def test_a_failure_leaves_neither_mail_nor_row(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    draft_of(person)
    at = CLOSES - timedelta(days=6)
    monkeypatch.setattr(reminders, "write_if_wanted", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_at(at)
    assert db.session.query(Reminder).count() == 0
    monkeypatch.undo()
    assert len(run_at(at)) == 1


@pytest.mark.slow
def test_two_workers_write_one(committed: Flask) -> None:
    with committed.app_context(), time_machine.travel(OPENED, tick=False):
        draft = draft_of(factories.person())
        db.session.commit()
        draft_id = draft.id

    def work(_: int) -> bool:
        with committed.app_context(), transaction():
            return bool(reminders.remind(draft_id, WINDOWS[0], now=CLOSES - timedelta(days=6)))

    with time_machine.travel(CLOSES - timedelta(days=6), tick=False), ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(work, range(4))) == [False, False, False, True]
    with committed.app_context():
        mails = select(Message).where(Message.template == "deadline_reminder", Message.thing_id == draft_id)
        assert len(db.session.scalars(mails).all()) == 1
