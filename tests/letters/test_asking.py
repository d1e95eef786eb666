"""The applicant's side: choosing about the waiver first, whom to ask, what is caught, reminders, replacing, endings."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from portal.accounts.models import Person
from portal.applications.actions import delete_draft, submit, withdraw
from portal.applications.models import Application
from portal.applications.refusals import Incomplete
from portal.applications.status import Status
from portal.core import storage
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.letters import asking
from portal.letters.models import LetterLink, LetterRequest
from portal.letters.refusals import Refused
from portal.letters.status import Mode, State
from portal.messaging.models import Message
from portal.messaging.status import Delivery
from tests import factories
from tests.letters import factories as made
from tests.letters.conftest import Here
from tests.letters.test_writing import stand
from tests.page_client import Page, PageClient
from tests.queries import count_queries

WRITER = {"waived": "yes", "name": "Dr. Tobias Ferreira", "address": "tobias@hospital.example", "relation": "Mentor"}


def mails(template: str) -> list[Message]:
    return list(db.session.scalars(db.select(Message).where(Message.template == template).order_by(Message.id)))


def requests(of: Application) -> list[LetterRequest]:
    db.session.expire_all()
    query = db.select(LetterRequest).where(LetterRequest.application_id == of.id).order_by(LetterRequest.id)
    return list(db.session.scalars(query))


def path(here: Here, rest: str = "") -> str:
    return f"/applications/{here.draft.id}/recommenders{rest}"


@pytest.fixture
def mine(client: PageClient, here: Here) -> PageClient:
    return client.sign_in(here.applicant)


def test_the_task_list_asks_for_letters_until_all_are_asked(mine: PageClient, here: Here) -> None:
    page = mine.get(f"/applications/{here.draft.id}")
    assert "Letters of recommendation" in page.text
    assert "2 letters. We ask the people you name, as soon as you name them." in page.text
    check = mine.get(f"/applications/{here.draft.id}/check")
    assert "Name two more people for a letter of recommendation" in check.text
    page = page.click("Letters of recommendation").click("Name a recommender").submit(**WRITER)
    assert page.flashes == ["Dr. Tobias Ferreira is named. We wrote to them."]
    assert "1 more person to name before you can submit." in page.text
    assert "1 of 2 asked" in mine.get(f"/applications/{here.draft.id}").text
    check = mine.get(f"/applications/{here.draft.id}/check")
    assert "Name one more person for a letter of recommendation" in check.text
    mine.get(path(here, "/new")).submit(**WRITER | {"address": "annelise@hospital.example", "waived": "no"})
    assert "of recommendation" not in " ".join(mine.get(f"/applications/{here.draft.id}/check").errors)
    assert (
        "0 of 2 letters received. You can submit before they arrive." in mine.get(f"/applications/{here.draft.id}").text
    )


def test_asking_stores_the_choice_with_its_words_and_mails_a_link_of_which_only_the_hash_is_kept(
    mine: PageClient, here: Here
) -> None:
    form = mine.get(path(here, "/new"))
    assert form.text.index("I give up my right.") < form.text.index("Their name")
    form.submit(**WRITER)
    [request] = requests(here.draft)
    assert (request.waived, request.waiver_words, request.state) == (True, "I give up my right.", State.ASKED)
    assert (request.writer_name, request.relation, request.made_by_id) == (
        "Dr. Tobias Ferreira", "Mentor", here.applicant.id,
    )  # fmt: skip
    [message] = mails("letter_requested")
    assert message.to_address == "tobias@hospital.example"
    assert message.subject == "Maren Okafor-Lind asks you for a letter of recommendation"
    assert "Maren Okafor-Lind gave up the right to read your letter." in message.text_body
    assert request.message_id == message.id
    token = message.text_body.split("/recommend/")[1].split("/")[0]
    [link] = db.session.scalars(db.select(LetterLink))
    assert len(link.token_hash) == 64
    assert token not in link.token_hash


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"waived": None}, "Choose whether you give up your right to read this letter."),
        ({"name": " "}, "Write the name of the person who knows your work."),
        ({"address": ""}, "Write their email address."),
        ({"address": "tobias at hospital"}, "Check the email address: An email address must have an @-sign."),
        ({"address": "tobias@hospital.example\r\nBcc: x@y.example"}, "Check the email address:"),
        ({"relation": "x" * 201}, "Shorten “How they know you” by 1 character: 200 fit."),
    ],
)
def test_what_is_missing_or_wrong_is_said_beside_what_was_typed(
    change: dict[str, Any], error: str, mine: PageClient, here: Here
) -> None:
    page = mine.get(path(here, "/new")).submit(**WRITER | change)
    assert page.status == 422
    assert page.title.startswith("Error: ")
    assert [one[: len(error)] for one in page.errors] == [error]
    kept = page.form("/new")
    for name, value in (WRITER | change).items():
        if value and name != "waived" and "\r" not in value:
            assert kept[name] == value.strip()
    assert requests(here.draft) == []
    assert mails("letter_requested") == []


@pytest.mark.parametrize("spelt", ["{}", "  {} ", "UPPER", "tag"])
def test_ones_own_address_is_caught_in_any_spelling(spelt: str, mine: PageClient, here: Here) -> None:
    own = here.applicant.email
    local, _, domain = own.partition("@")
    address = {"UPPER": own.upper(), "tag": f"{local}+letters@{domain}"}.get(spelt, spelt.format(own))
    page = mine.get(path(here, "/new")).submit(**WRITER | {"address": address})
    assert page.errors == ["Name somebody else: this is your own address."]


def test_a_writer_asked_already_is_caught(mine: PageClient, here: Here) -> None:
    mine.get(path(here, "/new")).submit(**WRITER)
    page = mine.get(path(here, "/new")).submit(**WRITER | {"address": "Tobias+2@Hospital.example"})
    assert page.errors == ["Name somebody else: this address is among the people you have named already."]
    assert len(requests(here.draft)) == 1


@pytest.mark.parametrize("role", ["reviewer", "coordinator"])
def test_who_reads_the_applications_cannot_write_for_one(role: str, mine: PageClient, here: Here) -> None:
    who: Person = getattr(here, role)
    local, _, domain = who.email.partition("@")
    for address in (who.email.upper(), f"{local}+x@{domain}"):
        page = mine.get(path(here, "/new")).submit(**WRITER | {"address": address})
        assert page.errors == [
            "Name somebody else: this person reads applications to this program, so they cannot write for one."
        ]
    elsewhere = factories.reviewer(factories.unit())
    page = mine.get(path(here, "/new")).submit(**WRITER | {"address": elsewhere.email})
    assert page.status == 200
    assert page.flashes == ["Dr. Tobias Ferreira is named. We wrote to them."]


def test_no_more_are_asked_than_the_cycle_wants(mine: PageClient, here: Here) -> None:
    form = mine.get(path(here, "/new"))
    made.request(here.draft)
    made.request(here.draft)
    page = form.submit(**WRITER)
    assert page.status == 422
    assert page.errors == ["You have named 2 people already, which is all this needs."]


@pytest.mark.parametrize("mode", [Mode.NAMES, Mode.SHORTLIST])
def test_people_who_are_only_named_get_no_mail(mode: Mode, mine: PageClient, here: Here) -> None:
    here.plan.mode = mode
    page = mine.get(path(here, "/new")).submit(**WRITER)
    assert page.flashes == ["Dr. Tobias Ferreira is named. Nobody was written to."]
    assert [one.state for one in requests(here.draft)] == [State.NAMED]
    assert mails("letter_requested") == []


def test_a_cycle_without_letters_has_no_such_page(mine: PageClient, here: Here) -> None:
    here.plan.mode = Mode.NONE
    assert mine.get(path(here)).status == 404
    assert mine.get(path(here, "/new")).status == 404
    assert "Letters of recommendation" not in mine.get(f"/applications/{here.draft.id}").text


def shown(page: Page) -> list[str]:
    return page.all("//ul[@class='rows']/li")


def test_the_applicant_sees_where_each_request_stands(mine: PageClient, here: Here) -> None:
    mine.get(path(here, "/new")).submit(**WRITER)
    [request] = requests(here.draft)
    assert "Asked" in shown(mine.get(path(here)))[0]
    [message] = mails("letter_requested")
    message.state, message.sent_at = Delivery.SENT, now()
    row = shown(mine.get(path(here)))[0]
    assert "The mail was delivered." in row
    assert "Delivered" in row
    for state in (State.OPENED, State.BOUNCED, State.DECLINED, State.RECEIVED):
        one = made.request(factories.application(here.cycle, factories.person()), state=state)
        mine.sign_in(one.application.person)
        assert state.label in shown(mine.get(f"/applications/{one.application_id}/recommenders"))[0]
    assert request.state is State.ASKED


def test_reminders_are_capped_and_two_days_apart(mine: PageClient, here: Here) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        mine.get(path(here, "/new")).submit(**WRITER)
        [request] = requests(here.draft)
        target = path(here, f"/{request.id}/remind")
        page = mine.post(target)
        assert page.status == 409
        assert page.errors[0].startswith("We wrote to Dr. Tobias Ferreira lately. You can remind them from ")
        for n in range(1, 4):
            clock.shift(timedelta(hours=47, minutes=59))
            mine.sign_in(here.applicant)
            assert mine.post(target).status == 409
            clock.shift(timedelta(minutes=1))
            page = mine.get(path(here)).submit("remind")
            assert page.flashes == ["We reminded Dr. Tobias Ferreira. You can remind them again in two days."]
            assert len(mails("letter_reminder")) == n
        clock.shift(timedelta(days=4))
        mine.sign_in(here.applicant)
        page = mine.post(target)
        assert page.errors == ["Dr. Tobias Ferreira has had 3 reminders, which is the most we send."]
        assert len(mails("letter_reminder")) == 3


def test_no_reminder_after_the_deadline_or_to_somebody_not_waited_for(here: Here) -> None:
    request = made.request(here.draft, state=State.RECEIVED)
    with pytest.raises(Refused, match="is not waited for"):
        asking.remind(request, by=here.applicant, now=now())
    here.plan.due_at = now() - timedelta(minutes=1)
    late = made.request(here.draft)
    with pytest.raises(Refused, match="was due already"):
        asking.remind(late, by=here.applicant, now=now())
    with pytest.raises(Refused, match="so nobody can be asked any more"):
        asking.ask(here.draft, name="A", address="a@b.example", waived=True, by=here.applicant, now=now(),
                   replaces=late)  # fmt: skip


def test_an_extension_moves_the_deadline_of_letters_too(here: Here) -> None:
    from portal.applications.extension_actions import grant
    from portal.letters.rules import deadline, why_closed

    here.plan.due_at = now() - timedelta(days=1)
    request = made.request(here.draft)
    assert why_closed(request, here.plan, now()).startswith("Letters for this application were due on ")
    until = now() + timedelta(days=30)
    grant(here.cycle, email=here.applicant.email, until=until, reason="Ill", by=here.coordinator, now=now())
    db.session.flush()
    db.session.expire_all()
    assert deadline(here.plan, here.draft) == until
    assert why_closed(request, here.plan, now()) == ""


def test_a_bounced_address_is_corrected_with_a_new_link_and_the_same_waiver(mine: PageClient, here: Here) -> None:
    request = made.request(here.draft, state=State.BOUNCED, waived=True)
    old = made.link(request)
    page = mine.get(path(here)).click("Correct the address")
    refused = page.submit(address=here.applicant.email)
    assert refused.errors == ["Name somebody else: this is your own address."]
    page = page.submit(address="tobias.f@hospital.example")
    assert page.flashes == ["We wrote to Tobias Ferreira again. Their old link opens nothing any more."]
    [request] = requests(here.draft)
    assert (request.state, request.writer_address, request.waived) == (State.ASKED, "tobias.f@hospital.example", True)
    assert [one.to_address for one in mails("letter_requested")] == ["tobias.f@hospital.example"]
    assert mine.get(f"/recommend/{old}/{request.id}").status == 410
    assert mine.post(path(here, f"/{request.id}/address"), WRITER).errors == [
        "Our mail has not come back, so there is nothing to correct. Ask somebody else instead."
    ]


def test_a_writer_is_replaced_also_after_submitting_until_review_starts(mine: PageClient, here: Here) -> None:
    application = here.draft
    old = made.request(application)
    token = made.link(old)
    page = mine.get(path(here)).click("Change recommender").submit(**WRITER)
    assert page.flashes == ["Dr. Tobias Ferreira is named. We wrote to them."]
    [first, second] = requests(application)
    assert (first.state, second.state, second.replaces_id) == (State.REPLACED, State.ASKED, first.id)
    [kind] = mails("letter_cancelled")
    assert kind.to_address == first.writer_address
    ended = mine.get(f"/recommend/{token}/{first.id}")
    assert ended.status == 410
    assert "The applicant asked somebody else, so no letter is needed from you." in ended.text
    mine.get(path(here, "/new")).submit(**WRITER | {"address": "another@hospital.example"})
    db.session.execute(
        db.text("UPDATE application SET status = 'submitted', submitted_at = now(), reference = 'X-1' WHERE id = :id"),
        {"id": application.id},
    )
    db.session.expire_all()
    assert mine.get(path(here, "/new")).status == 404  # nobody new, but
    page = mine.get(path(here)).click("Change recommender").submit(**WRITER | {"address": "third@hospital.example"})
    assert page.flashes == ["Dr. Tobias Ferreira is named. We wrote to them."]
    db.session.execute(db.text("UPDATE application SET status = 'in_review' WHERE id = :id"), {"id": application.id})
    db.session.expire_all()
    page = mine.get(path(here))
    assert "Change recommender" not in page.text
    assert mine.get(path(here, f"/new?replace={second.id}")).status == 403
    assert mine.post(path(here, f"/{second.id}/remind")).status == 403


def test_a_received_letter_is_not_replaced(here: Here) -> None:
    received = made.request(here.draft, state=State.RECEIVED)
    made.letter(received)
    with pytest.raises(Refused, match="The letter by Tobias Ferreira has arrived, so it stays"):
        asking.ask(here.draft, name="A", address="a@b.example", waived=True, by=here.applicant, now=now(),
                   replaces=received)  # fmt: skip


def test_a_draft_lets_go_of_somebody_and_tells_them(mine: PageClient, here: Here) -> None:
    request = made.request(here.draft)
    page = mine.get(path(here)).submit("cancel")
    assert page.flashes == ["Tobias Ferreira is not asked any more. If we had written to them, we told them so."]
    assert [one.to_address for one in mails("letter_cancelled")] == [request.writer_address]
    assert mine.post(path(here, f"/{request.id}/cancel")).status == 409


def test_submission_waits_for_names_and_for_no_letter(here: Here) -> None:
    answers = {"title": "Mine", "proposal": "Words"}
    draft = factories.application(here.cycle, factories.person(), answers=answers)
    factories.document(draft)
    made.request(draft)
    with pytest.raises(Incomplete):
        submit(draft, by=draft.person, now=now())
    made.request(draft, state=State.DECLINED)
    submit(draft, by=draft.person, now=now())
    assert draft.status is Status.SUBMITTED


def test_a_withdrawn_application_cancels_its_requests_and_tells_the_writers(here: Here, client: PageClient) -> None:
    application = factories.application(here.cycle, factories.person(), status=Status.SUBMITTED)
    open_one, named = made.request(application), made.request(application, state=State.NAMED)
    done = made.request(application, state=State.RECEIVED)
    made.letter(done)
    token = made.link(done)
    withdraw(application, by=application.person, now=now())
    assert [one.state for one in (open_one, named, done)] == [State.CANCELLED, State.CANCELLED, State.RECEIVED]
    assert [one.to_address for one in mails("letter_cancelled")] == [open_one.writer_address]
    assert "The applicant withdrew" in client.get(f"/recommend/{token}/{done.id}").text


def test_a_deleted_draft_takes_letters_with_it_and_tells_the_writers(here: Here, app: Flask) -> None:
    from portal.applications.jobs import delete_files

    open_one, done = made.request(here.draft), made.request(here.draft, state=State.RECEIVED)
    letter = made.letter_file(done, b"%PDF-1.4 test")
    key, address = letter.storage_key, open_one.writer_address
    assert key is not None
    delete_draft(here.draft, by=here.applicant)
    assert [one.to_address for one in mails("letter_cancelled")] == [address]
    assert db.session.scalar(db.select(db.func.count()).select_from(LetterRequest)) == 0
    [keys] = db.session.scalars(
        db.text("SELECT args->'keys' FROM procrastinate_jobs WHERE task_name = 'applications.delete_files'")
    )
    assert keys == [key]
    delete_files(keys)
    assert not storage.exists(key)


def test_what_happens_stands_in_the_audit_trail(mine: PageClient, here: Here) -> None:
    mine.get(path(here, "/new")).submit(**WRITER)
    verbs = db.session.execute(db.select(Event.verb, Event.facts).order_by(Event.id)).all()
    found = [(row.verb, row.facts["source"], row.facts["target"]) for row in verbs if row.verb == "recommender.moved"]
    assert found == [("recommender.moved", "", "named"), ("recommender.moved", "named", "asked")]


@pytest.mark.parametrize("number", [1, 5])
def test_the_dashboard_shows_letters_in_the_same_number_of_queries(
    number: int, app: Flask, client: PageClient, here: Here
) -> None:
    counted = []
    for n in (1, number):
        who = factories.person()
        for _ in range(n):
            cycle = factories.cycle()
            made.plan(cycle)
            draft = factories.application(cycle, who)
            made.request(draft)
            made.request(draft, state=State.BOUNCED)
        client.sign_in(who)
        client.get("/applications")
        with count_queries(app) as found:
            page = client.get("/applications")
        assert page.text.count("We never show you what a letter says.") == 1
        assert page.text.count("Tobias Ferreira") >= 2 * n
        counted.append(len(found))
    assert counted[0] == counted[1]


NEVER = "We never show you what a letter says."
KEPT = "We show no letters here. Ask the program about one that you kept the right to read."
LATER = "After your decision letter you can read a letter that you kept the right to read."


@pytest.mark.parametrize(
    ("waived", "shown", "words"),
    [(True, False, NEVER), (True, True, NEVER), (False, False, KEPT), (False, True, LATER)],
)
def test_what_is_said_of_reading_agrees_with_what_was_chosen(
    mine: PageClient, here: Here, waived: bool, shown: bool, words: str
) -> None:
    here.plan.shown_after_review = shown
    made.request(here.draft, waived=waived)
    chosen = "You gave up the right to read this letter." if waived else "You kept the right to read this letter."
    for path in ("/applications", f"/applications/{here.draft.id}/recommenders"):
        page = mine.get(path)
        assert chosen in page.text
        assert [each for each in (NEVER, KEPT, LATER) if each in page.text] == [words]
    stand(here.draft, Status.SUBMITTED)
    page = mine.get(f"/applications/{here.draft.id}")
    assert chosen in page.text
    assert [each for each in (NEVER, KEPT, LATER) if each in page.text] == [words]


def test_letters_of_several_programs_stand_under_one_sentence_that_is_true_of_all(mine: PageClient, here: Here) -> None:
    here.plan.shown_after_review = True
    made.request(here.draft, waived=False)
    other = factories.application(factories.cycle(), here.applicant)
    made.plan(other.cycle)
    made.request(other, waived=False)
    page = mine.get("/applications")
    assert LATER.removesuffix(".") + ", where the program allows it." in page.text
    stand(here.draft, Status.OFFERED)
    request = made.request(here.draft, state=State.RECEIVED, waived=False)
    made.letter(request)
    page = mine.get(f"/applications/{here.draft.id}")
    assert "You can read the letters that you kept the right to read." in page.text
    assert page.click("Read the letter").status == 200


def test_the_dashboard_says_first_what_needs_the_applicant(mine: PageClient, here: Here) -> None:
    def needs() -> list[str]:
        found = mine.get("/applications").all("//section[contains(@class, 'todo')]//li")
        return [one for one in found if "letter" in one or "address" in one]

    made.request(here.draft, "Ada")
    made.staff_request(here.draft, state=State.BOUNCED, asked_at=now())
    assert needs() == []
    made.request(here.draft, "Bo", state=State.BOUNCED)
    made.request(here.draft, "Cy", state=State.DECLINED)
    bounced, declined = needs()
    assert bounced.startswith("Correct the address of Bo: our mail came back")
    assert declined.startswith("Ask somebody else for a letter: Cy cannot write")


def test_nobody_is_written_to_over_and_over(here: Here) -> None:
    for number in range(asking.MOST_ASKED):
        address = f"stranger-{number}@example.org"
        one = asking.ask(here.draft, name="A", address=address, waived=True, by=here.applicant, now=now())
        asking.cancel(one, by=here.applicant, now=now())
    with pytest.raises(Refused, match="You have asked 25 times"):
        asking.ask(here.draft, name="A", address="new@example.org", waived=True, by=here.applicant, now=now())
    assert len(mails("letter_requested")) == 25


@pytest.mark.parametrize("by_staff", [True, False])
def test_the_database_judges_that_nobody_is_asked_twice(by_staff: bool, here: Here) -> None:
    first = made.request(here.draft)
    again = LetterRequest(
        application=here.draft, cycle_id=here.cycle.id, writer_name="T", writer_address=first.writer_address,
        writer_key=first.writer_key, waived=False, waiver_words="", by_staff=by_staff, state=State.NAMED,
        made_by_id=here.applicant.id, made_at=now(), changed_at=now(),
    )  # fmt: skip
    words = "among the people asked or named" if by_staff else "among the people you have named"
    with pytest.raises(Refused, match=words) as refused:
        asking.add(again)
    assert refused.value.field == "address"
