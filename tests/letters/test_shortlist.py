"""Letters for a shortlist: whom the mails go to, writers whom the staff add, and what everybody is told of them."""

from datetime import timedelta

import pytest
from flask import Flask

from portal.applications.status import Status
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.letters import shortlist
from portal.letters.models import LetterRequest
from portal.letters.refusals import Refused
from portal.letters.status import Mode, State
from portal.messaging import actions, bounces
from portal.messaging.status import BounceKind
from tests import factories
from tests.letters import factories as made
from tests.letters.conftest import Here
from tests.letters.test_asking import mails, requests
from tests.letters.test_staff import asked
from tests.letters.test_writing import Desk, stand, token_in
from tests.page_client import PageClient
from tests.queries import count_queries

CHIARA = {"name": "Dr. Chiara Moretti", "address": "chiara@clinic.example", "relation": "Chief of her clinic"}


@pytest.fixture
def staff(client: PageClient, here: Here) -> PageClient:
    here.plan.mode = Mode.SHORTLIST
    return client.sign_in(here.coordinator)


def test_a_shortlist_is_asked_after_a_page_that_names_each_mail(staff: PageClient, here: Here) -> None:
    one = asked(here, State.NAMED, name="Ada")
    two = made.request(one.application, "Bo", state=State.NAMED)
    left = asked(here, State.NAMED, name="Not chosen")
    path = f"/manage/cycles/{here.cycle.id}/letters/ask?id={one.application_id}"
    page = staff.get(path)
    assert "1 application, 2 emails. Nothing has happened yet." in page.text
    for request in (one, two):
        assert f"One email to {request.writer_name}, {request.writer_address}." in page.text
    assert mails("letter_requested") == []
    page = page.submit(button="Send 2 emails")
    assert page.flashes == ["2 emails on the way. Each writer has a link of their own."]
    assert [mail.to_address for mail in mails("letter_requested")] == [one.writer_address, two.writer_address]
    db.session.expire_all()
    assert (one.state, two.state, left.state) == (State.ASKED, State.ASKED, State.NAMED)
    assert (
        staff.post(path.partition("?")[0], {"id": str(one.application_id)}).follow().flashes[0].startswith("0 emails")
    )


def add_path(request: LetterRequest) -> str:
    return f"/manage/applications/{request.application_id}/letters/add"


def test_the_staff_add_a_writer_of_their_own_and_see_the_mail_before_it_goes(staff: PageClient, here: Here) -> None:
    named = asked(here, State.NAMED, name="Ada")
    other = asked(here, State.NAMED, name="Bo")
    application = named.application
    chosen = f"?id={application.id}&id={other.application_id}"
    page = staff.get(f"/manage/cycles/{here.cycle.id}/letters/ask{chosen}").click("Add a writer yourself")
    assert "The applicant is not asked to give up the right to read this letter" in page.text
    page = page.submit("/add", **CHIARA)
    assert page.flashes == ["Dr. Chiara Moretti is added. Nobody was written to. Check below, then send."]
    assert "2 applications, 3 emails. Nothing has happened yet." in page.text  # both are chosen still
    assert "One email to Dr. Chiara Moretti, chiara@clinic.example." in page.text
    assert "You ask for it, so the applicant was not asked to give up the right to read it." in page.text
    assert mails("letter_requested") == []
    [_, added] = requests(application)
    assert (added.by_staff, added.waived, added.waiver_words, added.state) == (True, False, "", State.NAMED)
    assert (added.relation, added.made_by_id) == ("Chief of her clinic", here.coordinator.id)
    [event] = db.session.scalars(db.select(Event).where(Event.verb == "recommender.moved", Event.thing_id == added.id))
    assert (event.actor_id, event.facts["by"], event.facts["target"]) == (here.coordinator.id, "staff", "named")
    page = page.submit(button="Send 3 emails")
    assert page.flashes == ["3 emails on the way. Each writer has a link of their own."]
    [mail] = [one for one in mails("letter_requested") if one.to_address == "chiara@clinic.example"]
    name = application.person.full_name
    assert mail.subject == f"Winickoff Scholars Program: a letter about {name}"
    for body in (mail.text_body, mail.html_body):
        assert "The staff of the program ask you for a letter of recommendation about them" in body
        assert f"{name} was not asked to give up the right to read your letter, so they keep it." in body
        assert "names you" not in body
    [mail] = [one for one in mails("letter_requested") if one.to_address == named.writer_address]
    assert "names you as somebody who knows their work" in mail.text_body


def test_the_writer_reads_that_the_applicant_chose_nothing(client: PageClient, here: Here) -> None:
    request = made.staff_request(here.draft, state=State.ASKED, asked_at=now())
    desk = Desk(client, request)
    text = desk.page().text
    assert "The staff of the program ask you to write about them" in text
    assert "Maren Okafor-Lind was not asked to give up the right to read your letter, so they keep it." in text
    assert "We do not show it to the applicant, but they have the right to ask for it." in text
    here.plan.shown_after_review = True
    assert "Staff and reviewers of this program read it; the applicant can after the decision." in desk.page().text
    page = desk.page().submit("/decline", reason="No time")
    assert page.flashes[0].startswith("You declined. We told the staff, who can ask somebody else.")


@pytest.mark.parametrize("is_there", [True, False])
def test_who_asked_hears_of_it_when_nothing_comes_of_it(is_there: bool, client: PageClient, here: Here) -> None:
    stand(here.draft, Status.ELIGIBLE)
    if not is_there:
        left = factories.person()
        request = made.staff_request(here.draft, state=State.ASKED, asked_at=now(), made_by_id=left.id)
    else:
        request = made.staff_request(here.draft, state=State.ASKED, asked_at=now(), made_by_id=here.coordinator.id)
    Desk(client, request).page().submit("/decline", reason="I hardly know her")
    [told] = mails("letter_declined")
    assert told.person_id == here.coordinator.id
    assert told.subject == "Chiara Moretti cannot write a letter about Maren Okafor-Lind"
    assert f"/manage/applications/{here.draft.id}" in told.text_body
    assert "hardly" not in told.text_body + told.html_body


def test_mail_of_the_staffs_own_request_that_comes_back_is_told_to_them(client: PageClient, here: Here) -> None:
    here.plan.mode = Mode.SHORTLIST
    stand(here.draft, Status.ELIGIBLE)
    request = made.staff_request(here.draft, made_by_id=here.coordinator.id)
    shortlist.ask_shortlist([here.draft], by=here.coordinator, now=now())
    [message] = mails("letter_requested")
    actions.begin(message)
    actions.succeed(message)
    bounces.record(message.message_id, BounceKind.HARD, reason="550 no such user")
    db.session.commit()
    assert request.state is State.BOUNCED
    [told] = mails("letter_bounced")
    assert told.person_id == here.coordinator.id
    assert "you ask them for a letter about Maren Okafor-Lind" in told.text_body
    client.sign_in(here.applicant)
    text = client.get(f"/applications/{here.draft.id}/recommenders").text
    assert "The program decides what becomes of it; you do not need to do anything." in text
    assert "Correct the address" not in text
    client.sign_in(here.coordinator)
    page = client.get(f"/manage/recommenders/{request.id}/address").submit("/address", address=here.applicant.email)
    assert page.errors == ["Name somebody else: this is the applicant's own address."]


def test_what_is_caught_is_said_to_the_staff(staff: PageClient, here: Here) -> None:
    named = asked(here, State.NAMED, name="Ada", writer_address="ada@hospital.example")
    application = named.application
    factories.member(application, factories.person(email="ren@account.example"), email="r@work.example")
    db.session.commit()
    form = staff.get(add_path(named))
    reads = "Name somebody else: this person reads applications to this program, so they cannot write for one."
    team = "Name somebody else: this address is of somebody in the applicant's team."
    for address, error in (
        (application.person.email.upper(), "Name somebody else: this is the applicant's own address."),
        ("Ada+x@hospital.example",
         "Name somebody else: this address is among the people asked or named for this application already."),
        (here.reviewer.email, reads),
        (here.coordinator.email, reads),
        ("ren@account.example", team),
        ("r@work.example", team),
        ("", "Write their email address."),
    ):  # fmt: skip
        page = form.submit("/add", **CHIARA | {"address": address})
        assert (page.status, page.errors) == (422, [error]), address
        assert page.form("/add")["name"] == "Dr. Chiara Moretti"
    assert [one.writer_name for one in requests(application)] == ["Ada"]


def test_the_staff_add_five_and_let_go_of_one(staff: PageClient, here: Here) -> None:
    named = asked(here, State.NAMED, name="Ada")
    form = staff.get(add_path(named))
    for number in range(shortlist.MOST_ADDED):
        page = form.submit("/add", **CHIARA | {"address": f"c{number}@clinic.example"})
        assert page.status == 200
    page = form.submit("/add", **CHIARA)
    assert page.errors == ["You have added 5 people already. Let go of one of them first."]
    ids = f"?id={named.application_id}"
    page = staff.get(f"/manage/cycles/{here.cycle.id}/letters/ask{ids}")
    assert page.text.count("Let go") == 5  # never of whom the applicant named
    page = page.submit("/let-go")
    assert page.flashes == ["Dr. Chiara Moretti is not asked any more. If we had written to them, we told them so."]
    assert "5 emails. Nothing has happened yet." in page.text
    assert mails("letter_cancelled") == []
    assert form.submit("/add", **CHIARA).status == 200
    assert staff.post(f"/manage/recommenders/{named.id}/let-go").status == 409


def test_one_who_was_written_to_is_let_go_with_a_mail(staff: PageClient, here: Here) -> None:
    application = factories.application(here.cycle, factories.person(), status=Status.ELIGIBLE)
    request = made.staff_request(application)
    shortlist.ask_shortlist([application], by=here.coordinator, now=now())
    token = token_in(mails("letter_requested")[0])
    page = staff.get(f"/manage/applications/{application.id}").submit("/let-go")
    assert page.flashes[0].startswith("Chiara Moretti is not asked any more.")
    [mail] = mails("letter_cancelled")
    assert "The staff of Winickoff Scholars Program had asked you for a letter about" in mail.text_body
    ended = staff.get(f"/recommend/{token}/{request.id}")
    assert ended.status == 410
    assert "The staff of this program need no letter from you any more." in ended.text


def test_adding_is_for_the_shortlist_of_ones_own_listing_until_the_decision(client: PageClient, here: Here) -> None:
    here.plan.mode = Mode.SHORTLIST
    application = factories.application(here.cycle, factories.person(), status=Status.IN_REVIEW)
    path = f"/manage/applications/{application.id}/letters/add"
    for who in (application.person, here.reviewer, factories.coordinator(factories.unit())):
        assert client.sign_in(who).get(path).status == 404
    client.sign_in(here.coordinator)
    form = client.get(path)
    assert form.status == 200
    here.plan.mode = Mode.BEFORE_REVIEW
    assert client.get(path).status == 404
    here.plan.mode = Mode.SHORTLIST
    stand(application, Status.DECIDED)
    assert client.get(path).status == 403
    assert client.post(path, CHIARA).status == 403
    with pytest.raises(Refused, match="This application is decided or withdrawn"):
        shortlist.add_writer(application, **CHIARA, by=here.coordinator, now=now())
    made.request(application, state=State.NAMED)
    page = client.get(f"/manage/cycles/{here.cycle.id}/letters/ask?id={application.id}")
    assert "No email: this application is decided or withdrawn." in page.text
    assert shortlist.ask_shortlist([application], by=here.coordinator, now=now()) == []
    assert mails("letter_requested") == []


def test_the_applicant_sees_it_once_asked_and_cannot_change_it(client: PageClient, here: Here) -> None:
    here.plan.mode, here.plan.wanted = Mode.SHORTLIST, 1
    own = made.request(here.draft, "Ada", state=State.NAMED)
    stand(here.draft, Status.ELIGIBLE)
    request = made.staff_request(here.draft, writer_address="chiara@clinic.example")
    path = f"/applications/{here.draft.id}/recommenders"
    client.sign_in(here.applicant)
    assert "Chiara Moretti" not in client.get(path).text
    page = client.get(f"{path}/new?replace={own.id}").submit(
        "/new", waived="yes", name="C", address="Chiara@clinic.example"
    )
    assert page.errors == ["Name somebody else: the staff of this program ask this person themselves."]
    shortlist.ask_shortlist([here.draft], by=here.coordinator, now=now())
    db.session.commit()
    page = client.get(path)
    assert "Chiara Moretti" in page.text
    assert "The program asks for this letter itself, so you were not asked to give up the right" in page.text
    assert len(page.all("//a[contains(., 'Change recommender')]")) == 1  # in the place of Ada alone
    for act in ("remind", "cancel", "address"):
        assert client.post(f"{path}/{request.id}/{act}", {}).status == 404
    assert client.get(f"{path}/new?replace={request.id}").status == 404
    # The staff's writer takes no place of the applicant's own.
    page = client.get(f"{path}/new?replace={own.id}").submit(
        "/new", waived="yes", name="Bo", address="bo@hospital.example"
    )
    assert page.flashes == ["Bo is named. Nobody was written to."]


def test_who_is_only_named_is_not_written_to(staff: PageClient, here: Here) -> None:
    request = asked(here, State.NAMED)
    here.plan.mode = Mode.NAMES
    path = f"/manage/cycles/{here.cycle.id}/letters/ask"
    page = staff.get(f"{path}?id={request.application_id}")
    assert "They are told that nobody is written to." in page.text
    assert "email" not in page.one("//h1/following-sibling::p")
    refused = staff.post(path, {"id": str(request.application_id)})
    assert (refused.status, mails("letter_requested")) == (409, [])
    assert "Ask 1 person" not in staff.get(f"/manage/applications/{request.application_id}").text
    here.plan.mode = Mode.BEFORE_REVIEW  # the plan changed: those named before it can be asked
    page = staff.get(f"/manage/applications/{request.application_id}")
    assert "Add a writer yourself" not in page.text
    page = page.click("Ask 1 person for letters").submit(button="Send 1 email")
    assert [mail.to_address for mail in mails("letter_requested")] == [request.writer_address]


def test_no_mail_of_the_staff_goes_after_the_deadline(staff: PageClient, here: Here) -> None:
    request = asked(here, State.NAMED)
    here.plan.due_at = now() - timedelta(minutes=1)
    path = f"/manage/cycles/{here.cycle.id}/letters/ask"
    page = staff.post(path, {"id": str(request.application_id)})
    assert page.status == 409
    assert "so nobody can be asked any more." in page.errors[0]
    assert mails("letter_requested") == []


def test_the_check_page_costs_the_same_for_any_number(staff: PageClient, here: Here, app: Flask) -> None:
    counted, ids = [], []
    for number in (1, 30):
        for _ in range(number):
            one = asked(here, State.NAMED)
            made.staff_request(one.application)
            ids.append(f"id={one.application_id}")
        path = f"/manage/cycles/{here.cycle.id}/letters/ask?{'&'.join(ids)}"
        staff.get(path)
        with count_queries(app) as found:
            assert f"{2 * len(ids)} emails" in staff.get(path).text
        counted.append(len(found))
    assert counted[0] == counted[1] <= 12
