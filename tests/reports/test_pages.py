"""The dashboard, the list of cycles, an application's file and the figures of a cycle."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from portal.accounts.models import Person
from portal.accounts.status import Role
from portal.applications.models import Application, Note
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.catalogue.status import Publication
from portal.core.access import can
from portal.core.branding import brand
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.actions import write
from portal.messaging.models import Message
from portal.messaging.status import Delivery
from portal.reports import queries
from portal.review.models import Assignment
from portal.review.status import AssignmentState
from portal.selection.models import Decision
from portal.selection.status import Outcome
from tests import factories
from tests.catalogue.counting import count_queries
from tests.page_client import PageClient

Maker = Callable[..., Application]
Reviewing = Callable[..., Assignment]


def message(about: object, thing_id: int, subject: str, state: Delivery = Delivery.SENT) -> Message:
    row = Message(
        template="x", to_address="maren@example.org", to_name="Maren", reply_to="", subject=subject, text_body="",
        html_body="", headers={}, thing_type=about, thing_id=thing_id, message_id=f"<{subject}@x>", state=state,
        created_at=now(), sent_at=now() if state is Delivery.SENT else None, search_text="",
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


# dashboard


def test_dashboard_says_what_waits(staff: PageClient, cycle: Cycle, make: Maker, review: Reviewing) -> None:
    make("Ana", "Quispe", Status.ELIGIBLE)
    make("Maren", "Okafor-Lind", Status.PANEL)
    make("Ren", "Nakagawa", Status.DECIDED)
    make("Signe", "Brandvold", Status.DRAFT)
    late = make("Oskar", "Lindqvist", Status.IN_REVIEW)
    for _ in range(2):
        review(late, overdue=True)
    message("application", late.id, "Your application is in review", Delivery.FAILED)
    page = staff.get("/manage")
    intake = "Winickoff Scholars, spring 2027"
    assert page.all("//section[@aria-labelledby='todo']//li") == [
        f"1 application needs a reviewer: {intake}. Assign reviewers for {intake}",
        f"2 reviews are overdue: {intake}. See who is behind in {intake}",
        f"1 application is ready to decide: {intake}. Open the decision board of {intake}",
        f"1 letter has not been sent: {intake}. See decided applications of {intake}",
        f"Email not delivered: “Your application is in review” to maren@example.org. Open {late.reference}",
    ]
    assert page.all("//tbody/tr/td")[2:10] == ["1", "4", "1", "1", "2", "1", "1", "0"]
    assert page.click("Assign reviewers").all("//tbody//th") == ["Quispe, Ana"]


def test_reviewers_are_asked_for_once_reviews_begin(staff: PageClient, cycle: Cycle, make: Maker) -> None:
    asked = "1 application needs a reviewer"
    make("Ana", "Quispe", Status.ELIGIBLE)
    unread = factories.cycle(cycle.opportunity, rubric=False, closes_at=now() - timedelta(days=1))
    make("Ren", "Nakagawa", Status.ELIGIBLE, of=unread)
    assert asked not in staff.get("/manage").text
    cycle.closes_at = now() - timedelta(minutes=1)
    db.session.commit()
    page = staff.get("/manage")
    assert [line.split(":")[0] for line in page.all("//section[@aria-labelledby='todo']//li")] == [asked]


def test_dashboard_shows_only_what_runs_and_is_ones_own(staff: PageClient, cycle: Cycle) -> None:
    other = factories.cycle(name="elsewhere")
    for name, fields in {
        "upcoming": {"opens_at": now() + timedelta(days=1)},
        "hidden": {"state": Publication.DRAFT, "opens_at": None, "closes_at": None},
        "finished": {"closes_at": now() - timedelta(days=2)},
    }.items():
        factories.cycle(cycle.opportunity, name=name, **fields)
    page = staff.get("/manage")
    assert page.all("//tbody//th") == ["Winickoff Scholars, spring 2027"]
    assert len(staff.get("/manage/cycles").all("//tbody//th")) == 4
    assert other.name not in staff.get("/manage/cycles").text


def test_dashboard_without_anything(client: PageClient) -> None:
    page = client.sign_in(factories.coordinator(factories.opportunity())).get("/manage")
    assert "No intake is running" in page.text
    assert "There is no cycle yet" in page.click("See all cycles").text


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"state": Publication.DRAFT}, None, "Not public"),
        ({"opens_at": timedelta(days=1)}, None, "Not open yet"),
        ({}, None, "Open"),
        ({"closes_at": timedelta(days=6)}, None, "Closing"),
        ({"closes_at": None}, None, "Open, rolling"),
        ({"closes_at": timedelta(days=-1)}, Status.IN_REVIEW, "In review"),
        ({"closes_at": timedelta(days=-1)}, Status.PANEL, "Deciding"),
        ({"closes_at": timedelta(days=-1)}, Status.OFFERED, "Finished"),
        ({"state": Publication.ARCHIVED}, Status.NOT_SELECTED, "Finished"),
    ],
)
def test_phases(context: None, fields: dict[str, object], status: Status | None, words: str) -> None:
    moved = {key: now() + value if isinstance(value, timedelta) else value for key, value in fields.items()}
    cycle = factories.cycle(**moved)
    assert queries.phase(cycle, {status: 1} if status else {}, now())[1] == words


def test_reviewers_go_to_their_reviews(client: PageClient, cycle: Cycle) -> None:
    page = client.sign_in(factories.reviewer(cycle.opportunity)).get("/manage")
    assert (page.status, page.location) == (303, "/review")
    assert client.get("/manage/cycles").status == 404


def test_flat_queries_on_the_dashboard_and_the_list(staff: PageClient, cycle: Cycle, make: Maker) -> None:
    staff.get("/manage/cycles")
    numbers = []
    for n in (0, 2, 30):
        for _ in range(n):
            factories.cycle(cycle.opportunity, form=False, rubric=False)
        for path in ("/manage", "/manage/cycles"):
            db.session.commit()
            with count_queries() as count:
                assert staff.get(path).status == 200
            numbers.append(count.n)
    assert numbers == [numbers[0], numbers[1]] * 3
    assert max(numbers) <= 12


def test_all_cycles_have_pages(staff: PageClient, cycle: Cycle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "CYCLES_PAGE", 2)
    for name in ("b", "c"):
        factories.cycle(
            cycle.opportunity, name=name, seats=None, closes_at=None, opens_at=None, state=Publication.DRAFT
        )
    page = staff.get("/manage/cycles")
    assert page.all("//tbody//th") == ["Winickoff Scholars, c", "Winickoff Scholars, b"]
    assert page.click("Next").all("//tbody//th") == ["Winickoff Scholars, spring 2027"]
    assert page.click("Next").click("Previous").all("//tbody//th") == page.all("//tbody//th")


# who sees what


def test_rules_and_lists_agree(context: None) -> None:
    unit = factories.unit()
    cycles = [factories.cycle(factories.opportunity(unit)) for _ in range(2)] + [factories.cycle()]
    people: list[Person] = [
        factories.admin(),
        factories.coordinator(unit),
        factories.coordinator(cycles[0].opportunity),
        factories.reviewer(unit),
        factories.person(),
    ]
    seen = []
    for who in people:
        listed = set(db.session.scalars(queries.visible_to(who)))
        assert listed == {cycle for cycle in cycles if can(who, "queue.read", cycle)}
        assert listed == {cycle for cycle in cycles if can(who, "report.read", cycle)}
        assert bool(can(who, "queue.enter")) is bool(listed)
        seen.append(len(listed))
    assert seen == [3, 2, 1, 0, 0]


def test_other_peoples_cycles_and_files_are_not_found(
    client: PageClient, cycle: Cycle, make: Maker, coordinator: Person
) -> None:
    application = make("Ana", "Quispe")
    paths = [f"/manage/cycles/{cycle.id}{end}" for end in ("", "/figures", "/export.csv")]
    paths.append(f"/manage/applications/{application.id}")
    strangers = [
        factories.coordinator(factories.opportunity()), factories.reviewer(cycle.opportunity), application.person
    ]  # fmt: skip
    for who in strangers:
        client.sign_in(who)
        assert [client.get(path).status for path in paths] == [404] * 4
    client.sign_in(coordinator)
    assert [client.get(path).status for path in paths] == [200] * 4
    client.sign_out()
    assert [client.get(path).status for path in paths] == [303] * 4


# file


def test_the_file_of_an_application(staff: PageClient, coordinator: Person, make: Maker, review: Reviewing) -> None:
    before = make("Aa", "Abel")
    application = make(
        "Maren", "Okafor-Lind", Status.PANEL, title="Waiting-room stories",
        answers={"title": "Waiting-room stories", "proposal": "Listen <b>first</b>"},
    )  # fmt: skip
    after = make("Zz", "Zimmer")
    make("Zy", "Zimmer", Status.DRAFT)
    document = factories.document(application)
    review(application, "4.5")
    db.session.add(Note(application_id=application.id, author_id=coordinator.id, body="Called her", created_at=now()))
    decision = Decision(application_id=application.id, outcome=Outcome.OFFER, subject="s", body="b",
                        decided_by_id=coordinator.id, decided_at=now())  # fmt: skip
    db.session.add(decision)
    db.session.flush()
    message("application", application.id, "We have your application")
    message("decision", decision.id, "Your letter", Delivery.FAILED)
    page = staff.get(f"/manage/applications/{application.id}")
    assert page.one("//h1") == "Maren Okafor-Lind"
    assert page.title.startswith(f"Maren Okafor-Lind, {application.reference}")
    assert page.all("//section[@class='answers']//dd")[:2] == ["Waiting-room stories", "Listen <b>first</b>"]
    link = f"/applications/{application.id}/documents/{document.id}"
    assert page.one("//section[@class='answers']//a/@href") == link
    assert page.all("//h2") == [
        "Applicant", "About the project", "Documents", "Stage", "Submissions", "Reviews", "Decision", "Messages",
        "Notes", "History",
    ]  # fmt: skip
    assert "Called her" in page.text
    history = page.all("//section[@aria-labelledby='history']//li/b|//section[@aria-labelledby='history']//li/span")
    assert "Panel" in history
    assert "Your letter" in history
    assert page.one("//a[@rel='prev']/@href") == f"/manage/applications/{before.id}"
    assert page.one("//a[@rel='next']/@href") == f"/manage/applications/{after.id}"
    assert staff.get(f"/manage/applications/{before.id}").all("//a[@rel='prev']") == []
    assert staff.get(f"/manage/applications/{after.id}").all("//a[@rel='next']") == []


def test_reading_a_file_is_recorded(
    staff: PageClient, coordinator: Person, make: Maker, reads: list[tuple[object, ...]]
) -> None:
    application = make("Ana", "Quispe")
    staff.get(f"/manage/applications/{application.id}")
    assert reads == [(coordinator.id, "application.read", application.id, {})]


def test_drafts_have_no_file(staff: PageClient, make: Maker) -> None:
    draft = make("Ana", "Quispe", Status.DRAFT)
    assert staff.get(f"/manage/applications/{draft.id}").status == 404
    assert staff.get("/manage/applications/999999999").status == 404


def test_admins_open_the_mail_from_the_file(client: PageClient, make: Maker) -> None:
    application = make("Ana", "Quispe")
    sent = message("application", application.id, "We have your application")
    page = client.sign_in(factories.admin()).get(f"/manage/applications/{application.id}")
    assert page.all("//section[@aria-labelledby='history']//a/@href") == [f"/admin/mail/{sent.id}"]


def test_flat_queries_on_the_file(staff: PageClient, make: Maker, review: Reviewing) -> None:
    key = make("Maren", "Okafor-Lind", Status.IN_REVIEW).id
    staff.get(f"/manage/applications/{key}")  # the process keeps the form, which is frozen
    numbers = []
    for n in (1, 2, 20):
        application = db.session.get_one(Application, key)
        for i in range(n):
            review(application, "4", by=factories.reviewer(application.cycle.opportunity, f"R{i}"))
            factories.document(application)
            message("application", key, f"m{n}-{i}")
        db.session.commit()
        db.session.expunge_all()  # a request finds nothing in its session
        brand()  # read again every ten seconds, whatever page is asked for
        with count_queries() as count:
            assert staff.get(f"/manage/applications/{key}").status == 200
        numbers.append(count.n)
    assert len(set(numbers)) == 1
    assert numbers[0] <= 12


# figures


@time_machine.travel("2027-01-07T14:00:00Z", tick=False)
def test_figures_of_a_cycle(client: PageClient, context: None) -> None:
    opportunity = factories.opportunity(title="Winickoff Scholars")
    last = factories.cycle(opportunity, name="2026", opens_at=now() - timedelta(days=400),
                           closes_at=now() - timedelta(days=350))  # fmt: skip
    cycle = factories.cycle(opportunity, name="2027", reviews_due_at=now() + timedelta(days=20), reviewers_each=1)
    for days in (399, 352):
        factories.application(last, factories.person(), status=Status.NOT_SELECTED,
                              submitted_at=now() - timedelta(days=days))  # fmt: skip
    made = [
        factories.application(cycle, factories.person(), status=status)
        for status in (Status.DRAFT, Status.SUBMITTED, Status.IN_REVIEW, Status.PANEL, Status.WITHDRAWN)
    ]
    reviewer = factories.reviewer(opportunity, "Rosalind", "Hale")
    for application, score in ((made[2], None), (made[3], "4.3")):
        db.session.add(
            Assignment(
                application=application, reviewer=reviewer, assigned_at=now(), due_at=now() - timedelta(days=1),
                state=AssignmentState.SUBMITTED if score else AssignmentState.ASSIGNED, score=score,
                submitted_at=now() if score else None,
            )
        )  # fmt: skip
        db.session.flush()
        from portal.review.actions import summarise

        summarise(application)
    page = client.sign_in(factories.coordinator(opportunity)).get(f"/manage/cycles/{cycle.id}/figures")
    tables = [page.all(f"(//figure)[{i}]//table//tr[td]") for i in range(1, 5)]
    assert tables[0] == ["Started5", "Submitted4", "Eligible2", "Fully reviewed1", "Panel or later1"]
    assert tables[1] == ["Wed, Jan 64"]
    assert tables[2] == ["R. Hale111"]
    assert tables[3][6:8] == ["40", "4.51"]
    labels = page.all("//svg[@role='img']/@aria-label")
    assert labels[0] == "Funnel: 5 started, 4 submitted, 2 eligible, 1 fully reviewed, 1 panel or later"
    assert labels[1] == "Running total of submissions: 4 in this cycle so far. 2026 had 1 at the same point."
    assert labels[2] == "Reviewer load. R. Hale 1 done, 1 to do, 1 overdue."
    assert labels[3] == "Histogram of 1 score: 4.5, 1 time; mean 4.3"
    assert "1 review is overdue, with R. Hale." in page.text
    assert "3 more than at this point of 2026." in page.text
    assert "Reviews complete 1 of 2 due Wed, Jan 27" in page.text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"closes_at": None},
        {"opens_at": timedelta(days=2)},
        {"opens_at": None, "closes_at": None, "state": Publication.DRAFT, "seats": None},
        {"opens_at": timedelta(days=-40), "closes_at": timedelta(days=-10)},
    ],
)
def test_figures_of_an_empty_cycle(client: PageClient, context: None, fields: dict[str, object]) -> None:
    moved = {key: now() + value if isinstance(value, timedelta) else value for key, value in fields.items()}
    cycle = factories.cycle(**moved)
    page = client.sign_in(factories.coordinator(cycle.opportunity)).get(f"/manage/cycles/{cycle.id}/figures")
    assert page.status == 200
    assert "Nobody has been assigned yet" in page.text
    assert "No review is in yet" in page.text
    assert "No draft is open." in page.text


def test_a_mail_about_an_application_stands_in_its_history(staff: PageClient, make: Maker) -> None:
    application = make("Ana", "Quispe")
    write("invitation", to=("Ana", "ana@example.org"), about=application, invited_by="Ines", link="http://x",
          valid_words="one day")  # fmt: skip
    page = staff.get(f"/manage/applications/{application.id}")
    assert "to ana@example.org" in page.text
    assert "Waiting to go" in page.text


def test_memberships_of_two_kinds_still_lead_to_the_dashboard(client: PageClient, cycle: Cycle) -> None:
    who = factories.coordinator(cycle.opportunity)
    factories.membership(who, Role.REVIEWER, unit=cycle.opportunity.unit)
    assert client.sign_in(who).get("/manage").status == 200
