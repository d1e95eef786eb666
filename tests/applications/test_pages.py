"""The applicant's pages: dashboard, timeline, check, submission, withdrawal, and that none grows with its rows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import actions, panel
from portal.applications.models import Application
from portal.applications.progress import Draft, saved_words, timeline
from portal.applications.refusals import NoDraft, NotYours
from portal.applications.sheet import sheet
from portal.applications.status import RELEASED, Status
from portal.catalogue.models import CycleDate
from portal.core.clock import now
from portal.core.db import db
from portal.core.pages import FILTERS
from portal.messaging.actions import write
from portal.messaging.models import Message
from tests import factories
from tests.applications.conftest import complete_now, name_of, section_path
from tests.page_client import PageClient
from tests.queries import count_queries

MOST_QUERIES = 12


def test_dashboard_of_somebody_who_has_not_begun(client: PageClient, person: Person) -> None:
    page = client.sign_in(person).get("/applications")
    assert page.one("//h1") == "My applications"
    assert "You have no applications yet" in page.text
    assert page.click("Find an opportunity").path == "/"


@time_machine.travel("2026-11-23T12:42:00+00:00", tick=False)
def test_dashboard(client: PageClient, person: Person) -> None:
    closes = datetime(2026, 12, 8, 4, 59, tzinfo=UTC)
    listing = factories.opportunity(title="Winickoff Scholars Program")
    draft = factories.application(factories.cycle(listing, closes_at=closes), person, answers={"title": "x"})
    draft.saved_at = now()
    complete_now(ready := factories.application(factories.cycle(closes_at=None), person))
    in_review = factories.application(
        factories.cycle(factories.opportunity(title="Global Scholars"), code="GPC-27"), person, status=Status.IN_REVIEW
    )
    factories.application(factories.cycle(), person, status=Status.NOT_SELECTED)
    factories.application(factories.cycle(), person, status=Status.WITHDRAWN)
    factories.application(factories.cycle(factories.opportunity(title="Somebody else’s")), factories.person())
    write("application_in_review", to=person, about=in_review, application=in_review, cycle=in_review.cycle,
          opportunity=in_review.cycle.opportunity)  # fmt: skip
    page = client.sign_in(person).get("/applications")
    assert page.all("//h2") == ["Two things need you", "Drafts", "Submitted", "Past", "Messages"]
    assert page.all("//*[contains(@class, 'todo')]//li") == [
        f"Submit your {ready.cycle.opportunity.title} draft",
        "Finish your Winickoff Scholars Program draft by Mon, Dec 7, 11:59 pm ET",
    ]
    assert "Draft, 14 days left" in page.text
    assert "Last saved Mon, Nov 23, 7:42 am ET." in page.text
    assert "0 of 2 sections complete" in page.text
    assert page.click("Continue: About the project").path == section_path(draft)
    assert page.click("Check and submit").path == f"/applications/{ready.id}/check"
    assert page.all("//*[contains(@class, 'rows')]//*[contains(@class, 'status')]") == ["Withdrawn", "Not selected"]
    assert page.all("//aside//li//a") == [f"Your application {in_review.reference} is now in review"]
    assert "Somebody else’s" not in page.text


def test_messages_belong_to_their_reader(client: PageClient, person: Person) -> None:
    own = factories.application(by=person, status=Status.IN_REVIEW)
    message = write(
        "application_in_review",
        to=person,
        about=own,
        application=own,
        cycle=own.cycle,
        opportunity=own.cycle.opportunity,
    )
    path = f"/applications/messages/{message.id}"
    page = client.sign_in(person).get(path)
    assert page.one("//h1") == message.subject
    assert "Reviewers have started to read" in page.text
    assert page.click("Open the application").path == f"/applications/{own.id}"
    assert client.sign_in(factories.person()).get(path).status == 404
    message.thing_type = "person"
    db.session.commit()
    assert client.sign_in(person).get(path).status == 404


# timeline


def stops(application: Application) -> list[tuple[str, str, str]]:
    return [(stop.title, stop.state, stop.note) for stop in timeline(application)]


def moved(application: Application, *targets: Status) -> Application:
    staff = factories.coordinator(application.cycle.opportunity)
    for target in targets:
        actions.move(application, target, by=staff, now=now(), mail_context={"subject": "s", "body": "b"})
    return application


DATES = {
    "Selection meeting": date(2027, 1, 18),
    "First half-day": date(2027, 3, 1),
    "Interviews": date(2027, 1, 11),
    "Information session": date(2026, 10, 1),
}


@pytest.fixture
def submitted(in_autumn: None, person: Person, monkeypatch: pytest.MonkeyPatch) -> Application:
    monkeypatch.setattr(actions, "write", lambda *_, **__: None)
    cycle = factories.cycle(decisions_by=date(2027, 1, 29))
    for label, day in DATES.items():
        db.session.add(CycleDate(cycle_id=cycle.id, label=label, starts_on=day))
    return factories.application(cycle, person, status=Status.SUBMITTED)


def test_timeline_on_the_way(submitted: Application) -> None:
    assert stops(moved(submitted, Status.ELIGIBLE, Status.IN_REVIEW)) == [
        ("Submitted", "done", FILTERS["day_time"](submitted.submitted_at)),
        ("Eligibility checked", "done", "Nov 23"),
        ("In review.", "now", "Reviewers read each application against the same rubric."),
        ("Interviews", "", "Jan 11, 2027"),
        ("Selection meeting", "", "Jan 18, 2027"),
        ("Decision letter", "", "by Jan 29, 2027"),
        ("First half-day", "", "Mar 1, 2027"),
    ]


def test_a_step_back_takes_its_stop_back(submitted: Application) -> None:
    assert [stop[:2] for stop in stops(moved(submitted, Status.ELIGIBLE, Status.SUBMITTED))][:3] == [
        ("Submitted.", "now"),
        ("Eligibility checked", ""),
        ("In review", ""),
    ]


def test_a_decision_is_invisible_until_its_letter_has_gone(submitted: Application) -> None:
    panel_stops = stops(moved(submitted, Status.ELIGIBLE, Status.PANEL))
    decided = stops(moved(submitted, Status.DECIDED))
    assert [stop[:2] for stop in decided] == [stop[:2] for stop in panel_stops]
    after = stops(moved(submitted, Status.NOT_SELECTED))
    assert after[-1][:2] == ("Decision letter", "now")
    assert after[-1][2].endswith(": Not selected")


def test_a_withdrawn_application_ends_its_timeline(submitted: Application) -> None:
    moved(submitted, Status.ELIGIBLE)
    actions.withdraw(submitted, by=submitted.person, now=now(), reason="Moved away")
    assert [stop[:2] for stop in stops(submitted)] == [
        ("Submitted", "done"),
        ("Eligibility checked", "done"),
        ("Withdrawn", "now"),
    ]
    assert submitted.events[-1].reason == "Moved away"


def test_a_withdrawal_after_the_wait_list_keeps_the_letter(submitted: Application) -> None:
    moved(submitted, Status.DECIDED, Status.WAITLISTED)
    actions.withdraw(submitted, by=submitted.person, now=now())
    assert stops(submitted)[-2][:2] == ("Decision letter", "done")


# one application


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.DRAFT])
def test_show(client: PageClient, person: Person, status: Status) -> None:
    application = factories.application(by=person, status=status, answers={"title": "Stories"})
    page = client.sign_in(person).get(f"/applications/{application.id}")
    assert page.one("//dd[@class='ref']") == application.reference
    assert page.one("//dl[contains(@class, 'facts')]//*[contains(@class, 'status')]") == status.public_label
    assert page.all("//h2") == ["What happens next", "About the project", "Documents"]
    if status is not Status.DECIDED:
        assert "Decided" not in page.text
    can_withdraw = "Withdraw application" in page.text
    assert can_withdraw is (status not in {Status.OFFERED, Status.NOT_SELECTED, Status.WITHDRAWN})


@pytest.mark.parametrize("status", sorted(RELEASED))
def test_show_leads_to_the_letter(client: PageClient, person: Person, status: Status) -> None:
    application = factories.application(by=person, status=status)
    message = write(
        "application_in_review", to=person, about=application, application=application, cycle=application.cycle,
        opportunity=application.cycle.opportunity,
    )  # fmt: skip
    message.template = "decision_letter"
    page = client.sign_in(person).get(f"/applications/{application.id}")
    assert page.click("Read your letter").path == f"/applications/messages/{message.id}"


def test_staff_read_a_submitted_application_without_its_buttons(client: PageClient, person: Person) -> None:
    application = factories.application(by=person, status=Status.SUBMITTED, answers={"title": "Stories"})
    client.sign_in(factories.coordinator(application.cycle.opportunity))
    page = client.get(f"/applications/{application.id}")
    assert (page.status, page.one("//h1")) == (200, person.full_name)
    assert "Withdraw" not in page.text
    assert client.get(f"/applications/{application.id}/withdraw").status == 403


def test_check_lists_every_problem_with_its_link(client: PageClient, draft: Application) -> None:
    page = client.sign_in(draft.person).get(f"/applications/{draft.id}/check")
    assert page.errors == ["Answer “Project title”", "Answer “What do you want to do?”", "Upload a file for “Your CV”"]
    assert page.title.startswith("Error: ")
    assert "Three things to fix before you can submit" in page.text
    links = page.all("//*[contains(@class, 'err-sum')]//a/@href")
    assert links[2] == f"{section_path(draft, 1)}?check=1#{name_of(draft, 'cv')}"
    assert client.get(links[2]).all(f"//*[@id='{name_of(draft, 'cv')}']") == [""]
    assert "Submit application" not in page.text
    forced = client.post(f"/applications/{draft.id}/submit")
    assert (forced.status, len(forced.errors)) == (422, 3)
    assert draft.status is Status.DRAFT


def test_submitting_twice_makes_one_submission(client: PageClient, complete: Application) -> None:
    client.sign_in(complete.person)
    page = client.get(f"/applications/{complete.id}/check")
    first = page.submit(button="Submit application")
    second = page.submit(button="Submit application")
    assert first.status == 200
    assert (second.status, second.one("//h1")) == (409, "You have applied already")
    db.session.expire_all()
    assert complete.cycle.last_number == 1
    assert len(db.session.scalars(select(Message)).all()) == 1
    assert actions.submit(complete, by=complete.person, now=now()) is complete
    assert complete.cycle.last_number == 1


def test_a_receipt_names_when_decisions_come(client: PageClient, complete: Application) -> None:
    complete.cycle.decisions_by = date(2099, 1, 29)
    client.sign_in(complete.person)
    page = client.get(f"/applications/{complete.id}/check")
    assert "We send decision letters by Thu, Jan 29, 2099." in page.text
    done = page.submit(button="Submit application")
    assert "We send decision letters by Thu, Jan 29, 2099." in done.text
    assert "by Thu, Jan 29, 2099" in db.session.scalars(select(Message.text_body)).one()


@pytest.mark.parametrize("act", [actions.submit, lambda *args, now, **kw: actions.delete_draft(*args, **kw)])
def test_actions_are_the_owners_and_for_drafts(complete: Application, act: Callable[..., object]) -> None:
    with pytest.raises(NotYours):
        act(complete, by=factories.person(), now=now())
    withdrawn = factories.application(by=complete.person, status=Status.WITHDRAWN)
    with pytest.raises(NoDraft):
        act(withdrawn, by=complete.person, now=now())


def test_withdraw(client: PageClient, person: Person) -> None:
    application = factories.application(by=person, status=Status.IN_REVIEW)
    client.sign_in(person)
    page = client.get(f"/applications/{application.id}").click("Withdraw application")
    assert page.one("//h1") == "Withdraw your application"
    long = page.submit(button="Withdraw application", reason="x" * 2001)
    assert (long.status, long.errors) == (422, ["Shorten this to 2,000 characters"])
    assert long.form(button="Withdraw application")["reason"].strip() == "x" * 2001
    done = page.submit(button="Withdraw application", reason="A new post <b>elsewhere</b>")
    assert done.flashes == ["Your application is withdrawn. Nothing more happens with it."]
    db.session.expire_all()
    assert application.status is Status.WITHDRAWN
    assert application.events[-1].reason == "A new post <b>elsewhere</b>"
    assert db.session.scalars(select(Message.subject)).all() == [
        f"You withdrew your application {application.reference}"
    ]
    again = page.submit(button="Withdraw application")
    assert (again.status, again.one("//h1")) == (409, "You withdrew this application")


def test_withdrawing_a_decided_application(client: PageClient, person: Person) -> None:
    application = factories.application(by=person, status=Status.OFFERED)
    page = client.sign_in(person).get(f"/applications/{application.id}/withdraw")
    assert (page.status, page.one("//h1")) == (409, "This application has been decided")


def test_delete_asks_first_and_refuses_what_was_submitted(client: PageClient, complete: Application) -> None:
    client.sign_in(complete.person)
    page = client.get("/applications").click("Delete draft")
    assert page.one("//h1") == "Delete your draft"
    client.post(f"/applications/{complete.id}/submit")
    late = page.submit(button="Delete draft")
    assert (late.status, late.one("//h1")) == (409, "You have applied already")


def test_start_leads_to_the_draft_that_exists(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    for call in (client.get, client.post):
        page = call(f"/applications/start/{draft.cycle_id}")
        assert (page.status, page.location) == (303, f"/applications/{draft.id}")


def test_the_deadline_panel_in_the_grace(client: PageClient, complete: Application) -> None:
    complete.cycle.closes_at = now() - timedelta(minutes=2)
    page = client.sign_in(complete.person).get(f"/applications/{complete.id}")
    assert "Submit now: this page stops taking answers within minutes." in page.text
    assert page.click("Check your answers").submit(button="Submit application").status == 200
    assert complete.status is Status.SUBMITTED


def test_rolling_cycles_say_so(client: PageClient, person: Person) -> None:
    cycle = factories.cycle(closes_at=None, minutes_to_apply=20)
    client.sign_in(person)
    start = client.get(f"/applications/start/{cycle.id}")
    assert "We review applications as they arrive." in start.text
    assert "It takes about 20 minutes." in start.text
    tasks = start.submit(button="Start application")
    assert "We review applications as they arrive." in tasks.text
    assert "We review applications as they arrive." in tasks.click("About the project").text
    draft = db.session.scalars(select(Application)).one()
    assert Draft(draft, sheet(draft)).badge == ("warn", "Draft")


def test_saved_words() -> None:
    with time_machine.travel("2026-11-23T12:42:00+00:00", tick=False):
        assert saved_words(None) == ""


@time_machine.travel("2026-11-23T12:42:00+00:00", tick=False)
@pytest.mark.usefixtures("context")
def test_saved_words_name_the_day() -> None:
    assert saved_words(now()) == "Saved at 7:42 am ET."
    assert saved_words(now() - timedelta(days=2)) == "Saved Nov 21, 7:42 am ET."


def test_only_reviewers_questions_for_reviewers(person: Person) -> None:
    cycle = factories.cycle(form=False)
    hidden = {"key": "phone", "kind": "short_text", "label": "Phone", "for_reviewers": False}
    shown = {"key": "title", "kind": "short_text", "label": "Title"}
    factories.published_form(cycle, [("Contact", [hidden]), ("Project", [shown, {**hidden, "key": "fax"}])])
    application = factories.application(cycle, person)
    assert [part.section.title for part in sheet(application)] == ["Contact", "Project"]
    assert [[row.question.key for row in part.rows] for part in sheet(application, for_reviewers=True)] == [["title"]]


def test_the_listing_knows_where_one_stands(client: PageClient, draft: Application) -> None:
    with client.app.test_request_context():
        found = panel.standing(draft.person, draft.cycle_id)
        assert found is not None
        assert (found.state, found.url, found.label) == ("draft", f"/applications/{draft.id}", "Continue application")
        assert panel.standing(factories.person(), draft.cycle_id) is None


# queries


def test_pages_run_the_same_number_of_queries_for_any_number_of_rows(client: PageClient, person: Person) -> None:
    def load(count: int) -> None:
        for n in range(count):
            factories.document(
                application := factories.application(by=person, status=list(Status)[n % 10], answers={"title": "x"})
            )
            write("application_in_review", to=person, about=application, application=application,
                  cycle=application.cycle, opportunity=application.cycle.opportunity)  # fmt: skip
        db.session.commit()

    client.sign_in(person)
    client.get("/applications")
    counts = []
    for more in (10, 20):
        load(more)
        client.get("/applications")  # the process keeps the forms, which are frozen
        with count_queries(client.app) as found:
            assert client.get("/applications").status == 200
        counts.append(len(found))
    assert counts[0] == counts[1] <= MOST_QUERIES, found


@pytest.mark.parametrize("place", ["tasks", "section", "check", "show"])
def test_each_page_of_an_application_runs_few_queries(client: PageClient, person: Person, place: str) -> None:
    counts = []
    for size in (1, 12):
        cycle = factories.cycle(form=False)
        sections = [
            (
                f"Part {n}",
                [{"key": f"a{n}_{m}", "kind": "short_text", "label": "A", "required": False} for m in range(size)],
            )
            for n in range(size)
        ]
        factories.published_form(cycle, sections)
        status = Status.SUBMITTED if place == "show" else Status.DRAFT
        application = factories.application(cycle, person, status=status)
        for _ in range(size):
            factories.document(application, "a0_0")
        path = {"section": section_path(application), "check": f"/applications/{application.id}/check"}.get(
            place, f"/applications/{application.id}"
        )
        client.sign_in(person).get(path)
        with count_queries(client.app) as found:
            assert client.get(path).status == 200
        counts.append(len(found))
    assert counts[0] == counts[1] <= MOST_QUERIES, found


def test_a_section_of_sixty_questions_takes_few_queries_to_show_and_to_save(client: PageClient, person: Person) -> None:
    cycle = factories.cycle(form=False)
    asked = [{"key": f"a{n}", "kind": "short_text", "label": f"A {n}", "required": False} for n in range(60)]
    factories.published_form(cycle, [("Only", asked)])
    application = factories.application(cycle, person, answers={"a1": "One", "a2": "Two"})
    path, names = section_path(application), [name_of(application, f"a{n}") for n in range(60)]
    page = client.sign_in(person).get(path)
    db.session.expunge_all()
    with count_queries(client.app) as shown:
        assert client.get(path).status == 200
    assert len(shown) <= 6, shown
    for most, typed in ((6, {}), (7, {names[0]: "Zero"}), (9, {names[0]: "", names[1]: "1", names[3]: "3"})):
        fields = page.form(button="Save and continue") | typed
        db.session.expunge_all()
        with count_queries(client.app) as saved:
            assert client.post(path, fields | {"to": "tasks"}).status == 303
        assert len(saved) <= most, saved
        page = client.get(path)
    assert client.get(path).form(button="Save and continue")[names[3]] == "3"


def test_the_check_page_repeats_what_gaps_ask_for(client: PageClient, person: Person) -> None:
    cycle = factories.cycle(form=False)
    asked = {"key": "jobs", "kind": "group", "label": "Employment", "settings": {"of": "employment"}}
    factories.published_form(cycle, [("Work", [asked])])
    rows = [
        {"title": title, "employer": "Chelsea", "dates": dates}
        for title, dates in (
            ("Physician", {"start": "2017-02", "present": True}),
            ("Resident", {"start": "2013-07", "end": "2016-06"}),
        )
    ]
    draft = factories.application(cycle, person, answers={"jobs": {"rows": rows}})
    page = client.sign_in(person).get(f"/applications/{draft.id}/check")
    assert page.errors == []  # it is asked for, and may be left out
    assert "Nothing in “Employment” covers Jul 2016 to Jan 2017." in page.text
    assert "Submit application" in page.text
