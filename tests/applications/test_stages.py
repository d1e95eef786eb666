"""Days by which a cycle promises its stages: what applicants read, when it is late, and new dates."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from portal.accounts.models import Person
from portal.applications import actions, jobs, stage_actions, stages
from portal.applications.models import Application
from portal.applications.progress import timeline
from portal.applications.stage_models import StageNotice
from portal.applications.stages import LABELS, STAGES
from portal.applications.status import Status
from portal.catalogue.cycle_dates import STAGE_DATES, out_of_order
from portal.catalogue.models import Cycle
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from tests import factories
from tests.page_client import Page, PageClient
from tests.queries import count_queries

NOW = datetime(2026, 11, 23, 17, tzinfo=UTC)
DATES = {
    "eligibility_by": date(2026, 12, 1),
    "reviews_by": date(2026, 12, 7),
    "meeting_by": date(2026, 12, 14),
    "decisions_by": date(2026, 12, 21),
}
WAITING = (Status.SUBMITTED, Status.ELIGIBLE, Status.IN_REVIEW, Status.PANEL, Status.DECIDED)
NOTE = "A reviewer fell ill. You do not need to do anything."


def at(day: date) -> Any:
    """Noon in Boston on a day."""
    return time_machine.travel(datetime(day.year, day.month, day.day, 17, tzinfo=UTC), tick=False)


def cycle_with(**dates: Any) -> Cycle:
    return factories.cycle(opens_at=NOW - timedelta(days=30), closes_at=NOW + timedelta(days=1), **dates)


@pytest.fixture
def cycle(context: None) -> Any:
    with time_machine.travel(NOW, tick=False):
        yield cycle_with(**DATES)


def applied(cycle: Cycle, status: Status, *names: str, **fields: Any) -> Application:
    person = factories.person(*names) if names else None
    fields = {"submitted_at": NOW - timedelta(days=1), "changed_at": NOW} | fields
    return factories.application(cycle, person, status=status, **fields)


def staff_page(client: PageClient, cycle: Cycle) -> Page:
    db.session.commit()
    return client.sign_in(factories.coordinator(cycle.opportunity)).get(f"/manage/cycles/{cycle.id}/new-dates")


def mails() -> list[Message]:
    return list(
        db.session.scalars(sa.select(Message).where(Message.template == "stage_dates_changed").order_by(Message.id))
    )


# what applicants read


@pytest.mark.parametrize(
    ("status", "column"),
    [
        (Status.SUBMITTED, "eligibility_by"),
        (Status.ELIGIBLE, "reviews_by"),
        (Status.IN_REVIEW, "reviews_by"),
        (Status.PANEL, "decisions_by"),
        (Status.DECIDED, "decisions_by"),
    ],
)
def test_each_status_waits_for_its_stage_and_is_late_from_the_day_after(
    cycle: Cycle, status: Status, column: str
) -> None:
    application = applied(cycle, status)
    by = DATES[column]
    for today, is_late in ((by, False), (by + timedelta(days=1), True)):
        promise = stages.promise_of(application, today=today)
        assert promise is not None
        assert (promise.stage.column, promise.by, promise.is_late) == (column, by, is_late)


@pytest.mark.parametrize("status", sorted(set(Status) - set(WAITING)))
def test_nothing_is_promised_before_and_after(cycle: Cycle, status: Status) -> None:
    application = applied(cycle, status) if status is not Status.DRAFT else factories.application(cycle)
    assert stages.promise_of(application, today=date(2027, 12, 1)) is None


def test_a_missing_date_gives_way_to_the_next_and_the_meeting_is_nobodys(cycle: Cycle) -> None:
    cycle.eligibility_by = cycle.reviews_by = None
    for status in WAITING:
        promise = stages.promise_of(applied(cycle, status), today=date(2026, 12, 1))
        assert promise is not None
        assert promise.stage.column == "decisions_by"
    cycle.decisions_by = None
    assert stages.promise_of(applied(cycle, Status.IN_REVIEW), today=date(2026, 12, 30)) is None


def test_a_day_before_one_applied_promised_nothing(client: PageClient, context: None) -> None:
    with time_machine.travel(NOW, tick=False):
        rolling = factories.cycle(
            opens_at=NOW - timedelta(days=90), closes_at=None, is_rolling=True, decisions_by=date(2026, 11, 1)
        )
        late = applied(rolling, Status.SUBMITTED, submitted_at=NOW - timedelta(days=40))
        fresh = applied(rolling, Status.SUBMITTED, submitted_at=NOW - timedelta(days=2))
        assert "We are late." in client.sign_in(late.person).get(f"/applications/{late.id}").text
        page = client.sign_in(fresh.person).get(f"/applications/{fresh.id}")
        assert "We are late." not in page.text
        assert "Decision letter" in page.text
        found = stages.late_in([rolling], {rolling.id: {Status.SUBMITTED: 2}}, today=date(2026, 11, 23))
        assert [(one.stage.column, one.waiting) for one in found[rolling.id]] == [("decisions_by", 1)]


def read(client: PageClient, application: Application, day: date, path: str = "") -> Page:
    """The page of an application, or another one, as its owner reads it that day."""
    db.session.commit()
    with at(day):
        return client.sign_in(application.person).get(path or f"/applications/{application.id}")


def test_the_page_and_the_dashboard_say_by_when_and_then_that_it_is_late(client: PageClient, cycle: Cycle) -> None:
    application = applied(cycle, Status.IN_REVIEW)
    late = "We said reviews would be done by Mon, Dec 7. We are late."
    lines = "//ol[contains(@class, 'steps')]/li"
    for path in ("", "/applications"):
        page = read(client, application, date(2026, 12, 7), path)
        assert late not in page.text
        assert page.all(lines)[-3:] == [
            "In review. Reviewers read each application against the same rubric. Reviews done by Dec 7.",
            "Selection meeting, by Dec 14",
            "Decision letter, by Dec 21",
        ]
        page = read(client, application, date(2026, 12, 15), path)
        assert late in page.text
        assert "To know sooner, write to Ines Calloway-Brandt at scholars@example.org" in page.text
        assert page.all(lines)[-3:] == [
            "In review. Reviewers read each application against the same rubric.",
            "Selection meeting, late, we said by Dec 14",
            "Decision letter, by Dec 21",
        ]
    page = read(client, application, date(2026, 12, 15))
    assert "In review. Your application is with its reviewers." in page.text
    assert "We send decision letters by Mon, Dec 21." in page.text
    page = read(client, application, date(2026, 12, 22))
    assert "late, we said by Mon, Dec 21" in page.text
    assert "We send decision letters by" not in page.text


def test_the_day_is_that_of_the_portal_whatever_the_readers_zone(client: PageClient, cycle: Cycle) -> None:
    application = applied(cycle, Status.IN_REVIEW, "Kiri", "Tane")
    application.person.time_zone = "Pacific/Auckland"
    for moment, is_late in (
        (datetime(2026, 12, 8, 4, 59, tzinfo=UTC), False),
        (datetime(2026, 12, 8, 5, tzinfo=UTC), True),
    ):
        with time_machine.travel(moment, tick=False):  # 11:59 pm of Dec 7 in Boston, and a minute later
            page = client.sign_in(application.person).get("/applications")
            assert ("We are late." in page.text) is is_late


@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2026, 12, 15), date(2026, 12, 22)])
def test_a_decision_is_in_no_word_of_a_page(client: PageClient, cycle: Cycle, day: date) -> None:
    """The pages of who waits for the meeting and of who was decided on are the same, with and without new dates."""
    both = [applied(cycle, status, "Maren", "Okafor-Lind") for status in (Status.PANEL, Status.DECIDED)]
    for notice in (None, "meeting_by", "decisions_by"):
        if notice:
            said(cycle, {notice: ["2026-11-30", DATES[notice].isoformat()]})
        for path in ("", "/applications"):
            seen = [read(client, one, day, path).one("//main").replace(one.reference or "", "REF") for one in both]
            assert "Selection meeting" in seen[0]
            assert (NOTE in seen[0]) is (notice is not None)
            assert ("We are late." in seen[0]) is (day > DATES["decisions_by"])
            assert seen[0] == seen[1]


@given(columns=st.sets(st.sampled_from(sorted(STAGE_DATES)), min_size=1))
def test_who_waits_for_a_letter_is_told_like_who_waits_for_the_meeting(columns: set[str]) -> None:
    found = stages.concerned(columns)
    assert (Status.PANEL in found) is (Status.DECIDED in found)
    assert Status.SUBMITTED in found
    assert (Status.IN_REVIEW in found) is bool(columns - {"eligibility_by"})
    assert found <= set(WAITING)


# the coordinator's dashboard


def test_the_dashboard_lists_cycles_that_are_late(client: PageClient, cycle: Cycle) -> None:
    applied(cycle, Status.SUBMITTED)
    applied(cycle, Status.IN_REVIEW)
    applied(cycle, Status.DECIDED)
    applied(cycle, Status.OFFERED)
    staff = factories.coordinator(cycle.opportunity)
    lines = "//section[@aria-labelledby='todo']//li"
    with at(date(2026, 12, 1)):
        client.sign_in(staff)
        assert not [line for line in client.get("/manage").all(lines) if line.startswith("Late")]
    where = f"{cycle.opportunity.title}, {cycle.name}"
    with at(date(2026, 12, 22)):
        page = client.sign_in(staff).get("/manage")
        [line] = [line for line in page.all(lines) if line.startswith("Late")]
        assert line == (
            f"Late: {where}. Eligibility checked by Tue, Dec 1 (1 application waits), "
            "Reviews done by Mon, Dec 7 (2 applications wait), Selection meeting by Mon, Dec 14 (2 applications wait), "
            f"Decision letters by Mon, Dec 21 (3 applications wait). Applicants read that we are late. "
            f"Set new dates for {where}"
        )
        assert page.click("Set new dates").one("//h1") == "New dates"


def test_late_cycles_cost_one_query_however_many(app: Flask, client: PageClient, cycle: Cycle) -> None:
    counts = []
    with at(date(2026, 12, 22)):
        client.sign_in(factories.coordinator(cycle.opportunity))
        for more in (1, 3):
            for _ in range(more):
                other = factories.cycle(
                    cycle.opportunity, opens_at=NOW - timedelta(days=30), closes_at=NOW + timedelta(days=1), **DATES
                )
                for status in WAITING:
                    applied(other, status)
            db.session.commit()
            client.get("/manage")
            with count_queries(app) as found:
                page = client.get("/manage")
            counts.append((len(page.text.split("Applicants read that we are late.")) - 1, len(found)))
    assert [n for n, _ in counts] == [1, 4]
    assert counts[0][1] == counts[1][1]


def test_notes_cost_the_same_however_many_applications(app: Flask, client: PageClient, person: Person) -> None:
    counts = []
    with time_machine.travel(NOW, tick=False):
        for more in (1, 4):
            for _ in range(more):
                made = factories.application(cycle_with(**DATES), person, status=Status.IN_REVIEW)
                said(made.cycle, {"reviews_by": [None, "2026-12-07"]})
            db.session.commit()
            client.sign_in(person).get("/applications")
            with count_queries(app) as found:
                page = client.get("/applications")
            counts.append((page.text.count("New dates, "), len(found)))
    assert [n for n, _ in counts] == [1, 5]
    assert counts[0][1] == counts[1][1]


def said(cycle: Cycle, changes: dict[str, Any], **fields: Any) -> StageNotice:
    by = factories.coordinator(cycle.opportunity)
    db.session.execute(sa.update(StageNotice).where(StageNotice.cycle_id == cycle.id).values(replaced_at=now()))
    made = StageNotice(**{"cycle_id": cycle.id, "changes": changes, "note": NOTE, "by_id": by.id, "at": now()} | fields)
    db.session.add(made)
    db.session.flush()
    return made


# new dates


def test_new_dates_are_checked_set_told_and_read(client: PageClient, cycle: Cycle) -> None:
    maren = applied(cycle, Status.IN_REVIEW, "Maren", "Okafor-Lind")
    ana = applied(cycle, Status.DECIDED, "Ana", "Quispe")
    quiet = applied(cycle, Status.ELIGIBLE, "Ren", "Nakagawa")
    quiet.person.mail_off = ["progress"]
    gone = applied(cycle, Status.IN_REVIEW, "Signe", "Brandvold")
    gone.person.active = False
    for status in (Status.OFFERED, Status.WITHDRAWN, Status.NOT_SELECTED, Status.WAITLISTED):
        applied(cycle, status)
    factories.application(cycle)
    page = staff_page(client, cycle)
    assert "No new dates yet" in page.text
    check = page.submit(button="Check", reviews_by="2026-12-10", decisions_by="2026-12-23", note=NOTE)
    assert (check.status, check.one("//h1")) == (200, "Check new dates")
    assert "2 emails. Nothing has happened yet." in check.text
    assert check.all("//section[@aria-labelledby='told']//li") == [
        f"{who.person.full_name}, {who.reference}, {who.person.email}" for who in (maren, ana)
    ]
    assert "1 person has switched these emails off and reads it on the page." in check.text
    assert check.all("//section[@aria-labelledby='changes']//li") == [
        "Reviews done by: Thu, Dec 10, before: Mon, Dec 7",
        "Decision letters by: Wed, Dec 23, before: Mon, Dec 21",
    ]
    assert NOTE in check.text
    assert (cycle.reviews_by, mails(), db.session.query(StageNotice).count()) == (DATES["reviews_by"], [], 0)

    done = check.submit(button="Set the dates and send 2 emails")
    assert done.flashes == ["New dates set. Applicants read them on their page. 2 emails on the way."]
    assert "0 emails written, 2 still to go" in done.text
    notice = db.session.scalars(sa.select(StageNotice)).one()
    assert (cycle.reviews_by, cycle.decisions_by) == (date(2026, 12, 10), date(2026, 12, 23))
    assert mails() == []
    [args] = db.session.scalars(
        sa.text("SELECT args FROM procrastinate_jobs WHERE task_name = 'applications.tell_new_dates'")
    )
    jobs.tell_new_dates(**args)
    jobs.tell_new_dates(**args)
    assert [(mail.to_address, mail.reply_to) for mail in mails()] == [
        (maren.person.email, "scholars@example.org"), (ana.person.email, "scholars@example.org"),
    ]  # fmt: skip
    first = mails()[0]
    assert first.subject == f"New dates: {cycle.opportunity.title}, {cycle.name}"
    assert "- Reviews done by: Thu, Dec 10\n- Decision letters by: Wed, Dec 23" in first.text_body
    assert NOTE in first.text_body
    assert first.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    db.session.refresh(notice)
    assert (notice.told, notice.to_tell) == (2, [])
    event = db.session.scalars(sa.select(audit.Event).where(audit.Event.verb == "cycle.dates_changed")).one()
    assert event.facts["changes"] == {
        "reviews_by": ["2026-12-07", "2026-12-10"], "decisions_by": ["2026-12-21", "2026-12-23"],
    }  # fmt: skip
    assert (event.facts["note"], event.facts["mails"]) == (NOTE, 2)
    again = client.get(f"/manage/cycles/{cycle.id}/new-dates")
    assert "2 emails written" in again.text
    for who in (maren, ana, quiet):
        text = client.sign_in(who.person).get("/applications").text
        assert NOTE in text
        assert "New dates, Mon, Nov 23. Reviews done by Thu, Dec 10. Decision letters by Wed, Dec 23." in text
        assert NOTE in client.get(f"/applications/{who.id}").text


def test_only_whom_it_concerns(cycle: Cycle) -> None:
    by_status = {status: applied(cycle, status) for status in WAITING}
    for column, statuses in {
        "eligibility_by": {Status.SUBMITTED},
        "reviews_by": {Status.SUBMITTED, Status.ELIGIBLE, Status.IN_REVIEW},
        "meeting_by": set(WAITING),
        "decisions_by": set(WAITING),
    }.items():
        found = stage_actions.audience(cycle, {column: [None, "2026-12-30"]})
        assert {one.id for one in found.told} == {by_status[status].id for status in statuses}
        notice = said(cycle, {column: [None, "2026-12-30"]})
        for one in by_status.values():
            db.session.expire(one)
        shown = stages.outlooks(list(by_status.values()), now=now())
        assert {key for key, outlook in shown.items() if outlook.notice is notice} == {
            by_status[status].id for status in statuses
        }


def test_a_note_from_before_one_applied_is_not_ones_own(cycle: Cycle) -> None:
    said(cycle, {"decisions_by": [None, "2026-12-30"]}, at=NOW - timedelta(days=3))
    before = applied(cycle, Status.SUBMITTED, submitted_at=NOW - timedelta(days=4))
    after = applied(cycle, Status.SUBMITTED, submitted_at=NOW - timedelta(days=2))
    shown = stages.outlooks([before, after], now=now())
    assert shown[before.id].notice is not None
    assert shown[after.id].notice is None


def test_a_list_that_changed_meanwhile_is_shown_again(client: PageClient, cycle: Cycle) -> None:
    applied(cycle, Status.IN_REVIEW, "Maren", "Okafor-Lind")
    check = staff_page(client, cycle).submit(button="Check", decisions_by="2026-12-23", note=NOTE)
    applied(cycle, Status.IN_REVIEW, "Ana", "Quispe")
    db.session.commit()
    again = check.submit(button="Set the dates and send 1 email")
    assert again.status == 422
    assert again.errors == [
        "The list of people, or a date, changed while you had this page open. Check again what will go out."
    ]
    assert "2 emails. Nothing has happened yet." in again.text
    assert (db.session.query(StageNotice).count(), cycle.decisions_by) == (0, DATES["decisions_by"])
    done = again.submit(button="Set the dates and send 2 emails")
    assert done.flashes == ["New dates set. Applicants read them on their page. 2 emails on the way."]
    twice = again.submit(button="Set the dates and send 2 emails")
    assert twice.flashes == ["The dates are as they were. They had been set already, and nothing was sent now."]
    assert db.session.query(StageNotice).count() == 1


def test_the_check_page_leads_back_with_what_was_typed(client: PageClient, cycle: Cycle) -> None:
    check = staff_page(client, cycle).submit(button="Check", decisions_by="2026-12-23", note=NOTE)
    assert "Nobody is written to." in check.text
    back = check.submit(button="Change something", change="1")
    assert (back.status, back.one("//h1"), back.errors) == (200, "New dates", [])
    typed = back.form(button="Check")
    assert (typed["decisions_by"], typed["note"].strip()) == ("2026-12-23", NOTE)
    done = check.submit(button="Set the dates")
    assert done.flashes == ["New dates set. Applicants read them on their page. No email went."]


def test_mistakes_keep_what_was_typed(client: PageClient, cycle: Cycle) -> None:
    page = staff_page(client, cycle)
    assert page.form(button="Check")["meeting_by"] == "2026-12-14"
    same = page.submit(button="Check", note=NOTE)
    assert (same.status, same.errors) == (422, ["Change a date: all of them are as they were."])
    assert same.form(button="Check")["note"].strip() == NOTE
    wrong = page.submit(button="Check", meeting_by="2026-12-02", decisions_by="soon", note="")
    assert wrong.status == 422
    assert "Choose a day that is not before “Reviews done by”." in wrong.errors
    assert "Write why the dates change, and what it means for applicants." in wrong.errors
    assert wrong.form(button="Check")["decisions_by"] == "soon"
    long = page.submit(button="Check", decisions_by="2026-12-23", note="x" * 2003)
    assert long.errors == ["Shorten “Note to applicants” by 3 characters: 2,000 fit."]
    over = page.submit(button="Check", eligibility_by="2026-11-22", note=NOTE)
    assert (over.status, over.errors) == (422, ["Choose today or a later day: a new date cannot be over already."])
    assert page.submit(button="Check", eligibility_by="2026-11-23", note=NOTE).one("//h1") == "Check new dates"
    forged = client.post(f"/manage/cycles/{cycle.id}/new-dates/set", {"decisions_by": "2026-12-23", "note": ""})
    assert forged.status == 422
    assert cycle.decisions_by == DATES["decisions_by"]


def test_only_coordinators_of_the_listing(client: PageClient, cycle: Cycle) -> None:
    path = f"/manage/cycles/{cycle.id}/new-dates"
    for who in (factories.coordinator(factories.opportunity()), factories.reviewer(cycle.opportunity)):
        client.sign_in(who)
        assert client.get(path).status == 404
        assert client.post(f"{path}/set", {"note": NOTE}).status == 404
    client.sign_in(factories.coordinator(cycle.opportunity))
    assert client.get(path).status == 200


def test_mail_goes_only_to_those_who_still_wait(cycle: Cycle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_actions, "AT_ONCE", 2)
    waits = [applied(cycle, Status.IN_REVIEW) for _ in range(5)]
    notice = said(cycle, {"reviews_by": [None, "2026-12-10"]}, to_tell=[one.id for one in waits] + [10**15])
    actions.withdraw(waits[0], by=waits[0].person, now=now())
    actions.move(waits[1], Status.PANEL, by=notice.by, now=now())
    waits[2].person.mail_off = ["progress"]
    db.session.flush()
    jobs.tell_new_dates(notice.id)
    assert [mail.thing_id for mail in mails()] == [waits[3].id, waits[4].id]
    db.session.refresh(notice)
    assert (notice.told, notice.to_tell) == (2, [])
    jobs.tell_new_dates(10**15)


def test_test_applications_are_left_out(cycle: Cycle) -> None:
    applied(cycle, Status.SUBMITTED, is_test=True, reference=f"{cycle.code}-T001")
    real = applied(cycle, Status.SUBMITTED)
    db.session.flush()
    found = stage_actions.audience(cycle, {"decisions_by": [None, "2026-12-30"]})
    assert [one.id for one in found.told] == [real.id]
    late = stages.late_in([cycle], {cycle.id: {Status.SUBMITTED: 2}}, today=date(2027, 1, 1))
    assert {one.waiting for one in late[cycle.id]} == {1}


# the cycle's editor and the database


@given(
    days=st.fixed_dictionaries(
        {name: st.none() | st.integers(0, 4).map(lambda n: date(2026, 12, 1 + n)) for name in STAGE_DATES}
    )
)
def test_order_is_what_each_pair_says(days: dict[str, date | None]) -> None:
    known = [day for name in STAGE_DATES if (day := days[name])]
    assert (out_of_order(days) is None) is (known == sorted(known))


def test_the_database_keeps_the_order(context: None) -> None:
    cycle = factories.cycle()
    names = list(STAGE_DATES)
    for early, late in product(names, names):
        values = dict.fromkeys(names) | {early: date(2026, 12, 2), late: date(2026, 12, 1)}
        statement = sa.update(Cycle).where(Cycle.id == cycle.id).values(**values)
        if names.index(early) >= names.index(late):
            db.session.execute(statement)
            continue
        with pytest.raises(IntegrityError, match="ck_cycle_stage_dates"), db.session.begin_nested():
            db.session.execute(statement)


def test_labels_and_stages_are_the_cycles_dates() -> None:
    assert list(LABELS) == list(STAGE_DATES) == [stage.column for stage in STAGES]


def test_timeline_before_eligibility(cycle: Cycle) -> None:
    application = applied(cycle, Status.SUBMITTED)
    assert [(stop.title, stop.note) for stop in timeline(application)][1:] == [
        ("Eligibility checked", "by Dec 1"),
        ("In review", "done by Dec 7"),
        ("Selection meeting", "by Dec 14"),
        ("Decision letter", "by Dec 21"),
    ]
