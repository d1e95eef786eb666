"""Endorsements through their pages: asked, confirmed, declined, reopened, replaced, taken back."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.applications import actions as applying
from portal.applications import reminders, revision_actions
from portal.applications.models import Answer, Application
from portal.applications.status import Status
from portal.catalogue.cycle_actions import duplicate_cycle
from portal.catalogue.inputs import portal_zone
from portal.catalogue.shifting import Shift, Step
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db
from portal.endorsements import actions, jobs, queries
from portal.endorsements.facts import facts_of, fingerprint
from portal.endorsements.models import Endorsement
from portal.endorsements.status import STEPS, By, State, allowed
from portal.messaging import actions as messaging
from portal.messaging.status import Delivery
from portal.review.actions import assign
from tests import factories
from tests.applications.conftest import name_of, pdf, section_path
from tests.endorsements.conftest import WORDING, ask, confirm, link, mails
from tests.page_client import PageClient
from tests.queries import count_queries


def standing(draft: Application) -> Endorsement:
    db.session.expire_all()
    return db.session.scalars(
        select(Endorsement).where(Endorsement.application_id == draft.id).order_by(Endorsement.id.desc())
    ).first() or pytest.fail("nobody was asked")


def verbs() -> list[str]:
    found = select(audit.Event.verb).where(audit.Event.verb.like("endorsement.%")).order_by(audit.Event.id)
    return list(db.session.scalars(found))


def write_title(client: PageClient, draft: Application, title: str) -> list[str]:
    page = client.sign_in(draft.person).get(section_path(draft))
    return page.submit(button="Save and go", **{name_of(draft, "title"): title}).flashes


def test_the_table_of_steps() -> None:
    found = {(a, b, by) for a in State for b in State for by in By if allowed(a, b, by)}
    assert found == {(step.source, step.target, step.by) for step in STEPS}
    assert len(found) == len(STEPS) == 12
    assert not [step for step in STEPS if step.source in {State.DECLINED, State.CANCELLED}]
    assert {step.by for step in STEPS if step.target is State.CONFIRMED} == {By.ENDORSER, By.PORTAL}


def test_move_refuses_what_the_table_does_not_have(client: PageClient, draft: Application) -> None:
    ask(client, draft)
    with pytest.raises(actions.WrongStep, match="the applicant cannot take an endorsement from asked to confirmed"):
        actions.move(standing(draft), State.CONFIRMED, by=By.APPLICANT, now=now())


def test_the_database_ties_a_confirmation_to_its_facts(client: PageClient, draft: Application) -> None:
    ask(client, draft)
    row = standing(draft)
    for sql in (
        "UPDATE endorsement SET state = 'confirmed'",
        "UPDATE endorsement SET state = 'declined'",
        "UPDATE endorsement SET state = 'done'",
        "UPDATE endorsement SET reminders = 4",
    ):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(db.text(sql + " WHERE id = :i"), {"i": row.id})


def test_the_way_to_submission(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    tasks = client.get(f"/applications/{draft.id}")
    assert "Not asked yet" in tasks.text
    sentence = "Name your medical director, who confirms a part of your application"
    page = client.get(f"/applications/{draft.id}/check")
    assert page.errors == [sentence]
    assert page.click(sentence).path == f"/applications/{draft.id}/endorsement"
    asked = ask(client, draft)
    assert asked.flashes[0].startswith("Josephine Adeyemi is asked.")
    assert client.get(f"/applications/{draft.id}/check").errors == [
        "Wait until Josephine Adeyemi has confirmed, or name somebody else"
    ]
    assert client.post(f"/applications/{draft.id}/submit").status == 422
    (mail,) = mails("endorsement_asked")
    assert (mail.to_address, mail.reply_to) == ("jo@example.org", draft.person.email)
    assert WORDING in mail.text_body
    path = link(mail)
    seen = client.sign_out().get(path)
    assert seen.status == 200
    assert standing(draft).state is State.ASKED  # opening does nothing
    assert draft.person.full_name in seen.text
    assert "Waiting-room stories" in seen.text
    assert "okafor-lind-cv.pdf" not in seen.text  # the section with the file is not covered
    done = seen.submit("/confirm", button="Confirm", name="  Josephine   Adeyemi ")
    assert done.one("//h1") == "Thank you: it is confirmed"
    row = standing(draft)
    assert (row.state, row.typed_name, row.wording) == (State.CONFIRMED, "Josephine Adeyemi", WORDING)
    assert row.fingerprint == fingerprint(facts_of(draft))
    assert row.facts[0] == {"key": "title", "label": "Project title", "text": "Waiting-room stories"}
    assert [mail.to_address for mail in mails("endorsement_confirmed")] == [draft.person.email]
    assert "Confirmed" in client.sign_in(draft.person).get(f"/applications/{draft.id}").text
    assert client.get(f"/applications/{draft.id}/check").submit("/submit").flashes[0].startswith("Submitted.")
    assert verbs() == ["endorsement.asked", "endorsement.confirmed"]
    assert client.sign_out().get(path).one("//h1") == "Thank you: it is confirmed"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": ""}, "Enter the name of the person"),
        ({"role": ""}, "Enter the role of the person, such as medical director"),
        ({"email": "nobody"}, "Check the email address"),
        ({"email": "OWN"}, "This is your own address. Name your medical director with theirs"),
        ({"email": "REVIEWER"}, "This person reviews for "),
        ({"name": "x" * 121}, "Shorten the name to 120 characters"),
    ],
)
def test_requests_that_are_refused(
    client: PageClient, draft: Application, typed: dict[str, str], sentence: str
) -> None:
    reviewer = factories.reviewer(draft.cycle.opportunity)
    own = {"OWN": draft.person.email.upper(), "REVIEWER": reviewer.email.title()}
    page = ask(client, draft, **{name: own.get(value, value) for name, value in typed.items()})
    assert page.status == 422
    assert len(page.errors) == 1
    assert page.errors[0].startswith(sentence)
    assert mails("endorsement_asked") == []
    assert db.session.scalars(select(Endorsement)).all() == []


def test_nobody_is_asked_to_confirm_what_is_not_written_yet(client: PageClient, draft: Application) -> None:
    write_title(client, draft, "")
    page = ask(client, draft)
    assert page.errors == ["Complete “About the project” first: they are asked to confirm what it says"]
    assert mails("endorsement_asked") == []
    write_title(client, draft, "Waiting-room stories")
    assert ask(client, draft).status == 200


def test_a_teams_addresses_are_its_own(client: PageClient, draft: Application) -> None:
    factories.member(draft, factories.person("Ren", "Nakagawa", email="ren@example.org"))
    page = ask(client, draft, email="Ren@example.org")
    assert page.errors == ["This is your team’s own address. Name your medical director with theirs"]


def test_declining_with_a_reason_and_asking_somebody_else(client: PageClient, draft: Application) -> None:
    ask(client, draft)
    path = link(mails("endorsement_asked")[0])
    page = client.sign_out().get(path)
    empty = page.submit("/decline", button="Decline", reason=" ")
    assert (empty.status, empty.errors) == (422, ["Say why, in a few words"])
    long = page.submit("/decline", button="Decline", reason="x" * 2003)
    assert (long.status, long.errors) == (422, ["Shorten the reason by 3 characters"])
    done = page.submit("/decline", button="Decline", reason="No cover\nin spring.")
    assert done.one("//h1") == "You have declined"
    assert "No cover\nin spring." in mails("endorsement_declined")[0].text_body
    own = client.sign_in(draft.person).get(f"/applications/{draft.id}/endorsement")
    assert "No cover in spring." in own.text
    assert client.get(f"/applications/{draft.id}/check").errors == [
        "Name somebody else to endorse: Josephine Adeyemi has declined"
    ]
    again = client.sign_out().post(f"{path}/confirm", {"name": "Jo", "seen": "x"})
    assert (again.status, again.one("//h1")) == (409, "You have declined")
    assert client.post(f"{path}/decline", {"reason": "Twice"}).status == 303
    ask(client, draft, name="Ada Nwosu", email="ada@example.org")
    assert standing(draft).state is State.ASKED
    confirm(client, link(mails("endorsement_asked")[1]), "Ada Nwosu")
    assert standing(draft).state is State.CONFIRMED
    assert mails("endorsement_cancelled") == []


def test_a_name_is_needed_and_confirming_twice_is_confirming_once(client: PageClient, draft: Application) -> None:
    ask(client, draft)
    path = link(mails("endorsement_asked")[0])
    page = client.sign_out().get(path)
    empty = page.submit("/confirm", button="Confirm", name="")
    assert (empty.status, empty.errors) == (422, ["Type your full name to confirm"])
    fields = page.form("/confirm") | {"name": "Josephine Adeyemi"}
    assert client.post(f"{path}/confirm", fields).status == 303
    assert client.post(f"{path}/confirm", fields).status == 303
    assert len(mails("endorsement_confirmed")) == 1


def test_nobody_confirms_what_they_have_not_read(app: Flask, client: PageClient, draft: Application) -> None:
    ask(client, draft)
    reader = PageClient(app)
    page = reader.get(link(mails("endorsement_asked")[0]))
    assert write_title(client, draft, "Quite another project")[0].startswith("“About the project” is saved.")
    stale = page.submit("/confirm", button="Confirm", name="Josephine Adeyemi")
    assert (stale.status, standing(draft).state) == (409, State.ASKED)
    assert stale.one("//*[@id='error-summary']") == "The application was changed while you read it"
    assert "Quite another project" in stale.text
    assert stale.form("/confirm")["name"] == "Josephine Adeyemi"
    done = stale.submit("/confirm", button="Confirm")
    assert (done.status, standing(draft).state) == (200, State.CONFIRMED)


def test_a_change_reopens_and_undoing_it_restores(client: PageClient, draft: Application) -> None:
    ask(client, draft)
    confirm(client, link(mails("endorsement_asked")[0]))
    told = write_title(client, draft, "Waiting-room stories, second edition")
    assert told[1].startswith("You changed what Josephine Adeyemi has confirmed.")
    assert standing(draft).state is State.REOPENED
    assert client.get(f"/applications/{draft.id}/check").errors == [
        "Wait until Josephine Adeyemi has confirmed what you changed"
    ]
    own = client.get(f"/applications/{draft.id}/endorsement")
    assert "Confirmed: Waiting-room stories Now: Waiting-room stories, second edition" in own.text
    assert "To be confirmed again" in client.get(f"/applications/{draft.id}").text
    told = write_title(client, draft, "Waiting-room stories")
    assert told[1].startswith("Your answers are again those that Josephine Adeyemi has confirmed.")
    assert standing(draft).state is State.CONFIRMED
    assert client.get(f"/applications/{draft.id}/check").errors == []
    assert verbs()[-2:] == ["endorsement.reopened", "endorsement.restored"]


def test_a_file_that_is_covered_counts_too(
    client: PageClient, draft: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        audit, "record_read", lambda who, verb, thing, **facts: reads.append((who, verb, thing.id, facts))
    )
    draft.cycle.endorsement_keys = ["cv"]
    ask(client, draft)
    path = link(mails("endorsement_asked")[0])
    document = draft.documents[0]
    page = client.sign_out().get(path)
    assert "okafor-lind-cv.pdf" in page.text
    assert "Waiting-room stories" not in page.text
    assert client.get(f"{path}/documents/{document.id}").response.mimetype == "application/pdf"
    facts = {"application": draft.id, "endorsement": standing(draft).id}
    assert reads == [(None, "document.read", document.id, facts)]
    confirm(client, path)
    assert client.get(f"{path}/documents/{document.id}").status == 404  # nothing is asked any more
    assert write_title(client, draft, "A change elsewhere")[0].startswith("“About the project” is saved.")
    assert standing(draft).state is State.CONFIRMED
    gone = client.get(f"/applications/{draft.id}/sections/{draft.form.sections[1].id}")
    gone = gone.submit("/sections/", button="Remove")
    assert any(words.startswith("You changed what") for words in gone.flashes)
    factories.document(draft, content=pdf(3))
    assert standing(draft).state is State.REOPENED


def test_files_and_links_of_others_open_nothing(client: PageClient, draft: Application) -> None:
    ask(client, draft)
    path = link(mails("endorsement_asked")[0])
    other = factories.application()
    foreign = factories.document(other)
    client.sign_out()
    assert client.get(f"{path}/documents/{foreign.id}").status == 404
    assert client.get(f"{path}/documents/{draft.documents[0].id}").status == 404  # not in the covered section
    assert client.get(f"{path}/documents/999999").status == 404
    for call in (client.get, lambda at: client.post(f"{at}/confirm"), lambda at: client.post(f"{at}/decline")):
        page = call(f"{path}x")
        assert (page.status, page.one("//h1")) == (404, "This link does not work")


def test_asked_again_once_it_is_quiet(client: PageClient, draft: Application) -> None:
    start = now()
    with time_machine.travel(start, tick=False):
        ask(client, draft)
        confirm(client, link(mails("endorsement_asked")[0]))
        write_title(client, draft, "Another title")
        row = standing(draft)
        jobs.ask_again(row.id)
    assert mails("endorsement_reopened") == []
    with time_machine.travel(start + timedelta(minutes=31), tick=False):
        jobs.ask_again(row.id)
        jobs.ask_again(row.id)
        jobs.ask_again(999_999)
    (mail,) = mails("endorsement_reopened")
    page = client.sign_out().get(link(mail))
    assert "What has changed since you confirmed" in page.text
    assert "Confirmed: Waiting-room stories Now: Another title" in page.text
    assert client.get(link(mails("endorsement_asked")[0])).status == 200  # the first link goes on working
    done = page.submit("/confirm", button="Confirm", name="Josephine Adeyemi")
    assert (done.status, standing(draft).state) == (200, State.CONFIRMED)
    jobs.ask_again(row.id)
    assert len(mails("endorsement_reopened")) == 1
    assert "endorsement.asked-again" in verbs()


def test_asked_again_at_once_by_the_applicant(client: PageClient, draft: Application) -> None:
    ask(client, draft)
    path = f"/applications/{draft.id}/endorsement"
    confirm(client, link(mails("endorsement_asked")[0]))
    write_title(client, draft, "Another title")
    page = client.get(path).submit("/ask-again", button="Ask again now")
    assert page.flashes[0].startswith("Josephine Adeyemi is asked again.")
    assert len(mails("endorsement_reopened")) == 1
    assert "Ask again now" not in page.text
    client.post(f"{path}/ask-again")
    assert len(mails("endorsement_reopened")) == 1


def test_reminders_are_few_and_far_between(client: PageClient, draft: Application) -> None:
    start = now()
    draft.cycle.closes_at = start + timedelta(days=90)
    path = f"/applications/{draft.id}/endorsement"
    with time_machine.travel(start, tick=False):
        ask(client, draft)
        page = client.get(path).submit("/remind", button="Send a reminder")
        assert (page.status, "less than 48 hours ago" in page.text) == (409, True)
    for number in (1, 2, 3):
        with time_machine.travel(start + timedelta(hours=49) * number, tick=False):
            page = client.sign_in(draft.person).get(path).submit("/remind", button="Send a reminder")
            assert page.flashes[0].startswith("We wrote to Josephine Adeyemi again.")
            assert f"Reminded {number} of 3 times." in page.text
    with time_machine.travel(start + timedelta(hours=49) * 4, tick=False):
        assert "Send a reminder" not in client.sign_in(draft.person).get(path).text
        page = client.post(f"{path}/remind")
        assert (page.status, "We have reminded Josephine Adeyemi 3 times." in page.text) == (409, True)
    assert len(mails("endorsement_reminder")) == 3
    confirm(client, link(mails("endorsement_reminder")[1]))
    with time_machine.travel(start + timedelta(hours=49) * 5, tick=False):
        page = client.sign_in(draft.person).post(f"{path}/remind")
        assert (page.status, "has answered by now" in page.text) == (409, True)


def test_replacing_the_person_ends_the_request_before(client: PageClient, draft: Application) -> None:
    ask(client, draft)
    first = link(mails("endorsement_asked")[0])
    page = ask(client, draft, name="Ada Nwosu", email="ada@example.org")
    assert page.flashes[0].startswith("Ada Nwosu is asked.")
    assert [mail.to_address for mail in mails("endorsement_cancelled")] == ["jo@example.org"]
    ended = client.sign_out().get(first)
    assert ended.one("//h1") == "There is nothing to do any more"
    assert f"{draft.person.full_name} has named somebody else to endorse it. You need not do anything." in ended.text
    assert "Ada Nwosu" not in ended.text
    refused = client.post(f"{first}/confirm", {"name": "Jo", "seen": fingerprint(facts_of(draft))})
    assert refused.status == 409
    assert client.post(f"{first}/decline", {"reason": "x"}).status == 409
    confirm(client, link(mails("endorsement_asked")[1]), "Ada Nwosu")
    assert [row.state for row in db.session.scalars(select(Endorsement).order_by(Endorsement.id))] == [
        State.CANCELLED,
        State.CONFIRMED,
    ]


@pytest.mark.parametrize("way", ["withdraw", "delete"])
def test_a_draft_that_ends_tells_the_person(client: PageClient, draft: Application, way: str) -> None:
    ask(client, draft)
    path = link(mails("endorsement_asked")[0])
    words = {"withdraw": "Withdraw application", "delete": "Delete draft"}
    client.get(f"/applications/{draft.id}/{way}").submit(f"/{way}", button=words[way])
    assert [mail.to_address for mail in mails("endorsement_cancelled")] == ["jo@example.org"]
    page = client.sign_out().get(path)
    assert page.one("//h1") == {
        "withdraw": "There is nothing to do any more", "delete": "This link does not work",
    }[way]  # fmt: skip
    assert ("has withdrawn the application. You need not do anything." in page.text) is (way == "withdraw")


def test_one_with_a_date_of_its_own_stops_nothing_once_it_was_asked(client: PageClient, draft: Application) -> None:
    draft.cycle.endorsement_due_at = now() + timedelta(days=20)
    client.sign_in(draft.person)
    assert len(client.get(f"/applications/{draft.id}/check").errors) == 1
    ask(client, draft)
    path = link(mails("endorsement_asked")[0])
    assert client.get(f"/applications/{draft.id}/check").errors == []
    client.post(f"/applications/{draft.id}/submit")
    assert draft.status is Status.SUBMITTED
    assert "Endorsement" in client.get(f"/applications/{draft.id}").text
    ask(client, draft, name="Ada Nwosu", email="ada@example.org")  # also after submission, until it is due
    assert client.sign_out().get(path).one("//h1") == "There is nothing to do any more"
    second = link(mails("endorsement_asked")[1])
    with time_machine.travel(now() + timedelta(days=21)):
        assert "was due" in client.get(second).text
        assert client.post(f"{second}/confirm", {"name": "Ada", "seen": "x"}).status == 409
        assert client.sign_in(draft.person).post(f"/applications/{draft.id}/endorsement").status == 409
    confirm(client, second, "Ada Nwosu")
    assert standing(draft).state is State.CONFIRMED


def test_where_none_is_wanted_there_is_none(client: PageClient) -> None:
    alone = factories.application()
    client.sign_in(alone.person)
    assert "Endorsement" not in client.get(f"/applications/{alone.id}").text
    assert client.get(f"/applications/{alone.id}/endorsement").status in {403, 404}
    client.sign_in(factories.person("Ada", "Nwosu"))
    assert client.get(f"/applications/{alone.id}/endorsement").status == 404


def test_members_read_it_and_the_lead_asks(client: PageClient, draft: Application) -> None:
    ren = factories.person("Ren", "Nakagawa")
    factories.member(draft, ren)
    ask(client, draft)
    page = client.sign_in(ren).get(f"/applications/{draft.id}/endorsement")
    assert "Josephine Adeyemi" in page.text
    assert "leads the team and asks for the endorsement." in page.text
    fields = {"name": "x", "role": "y", "email": "z@example.org"}
    assert client.post(f"/applications/{draft.id}/endorsement", fields).status == 403
    assert client.post(f"/applications/{draft.id}/endorsement/remind").status == 403
    page = client.get(section_path(draft)).submit(button="Save and go", **{name_of(draft, "title"): "Ren’s"})
    assert standing(draft).state is State.ASKED


def test_the_applicant_sees_what_became_of_the_mail(client: PageClient, draft: Application) -> None:
    ask(client, draft)
    path = f"/applications/{draft.id}/endorsement"
    assert "Waiting to go" in client.get(path).text
    (mail,) = mails("endorsement_asked")
    messaging.begin(mail)
    messaging.succeed(mail)
    db.session.commit()
    assert Delivery.SENT.label in client.get(path).all("//section[@aria-labelledby='asked']//span")
    assert "Waiting to go" not in client.get(path).text


def test_staff_and_reviewers_see_it_with_the_application(client: PageClient, draft: Application) -> None:
    ask(client, draft)
    confirm(client, link(mails("endorsement_asked")[0]))
    client.sign_in(draft.person).post(f"/applications/{draft.id}/submit")
    listing = draft.cycle.opportunity
    page = client.sign_in(factories.coordinator(listing)).get(f"/manage/applications/{draft.id}")
    assert "Josephine Adeyemi , medical director Confirmed" in page.text
    assert f"as Josephine Adeyemi: “{WORDING}”" in page.text
    assert "jo@example.org" in page.text
    reviewer = factories.reviewer(listing)
    db.session.execute(db.text("UPDATE application SET status = 'in_review' WHERE id = :i"), {"i": draft.id})
    db.session.expire_all()
    [assignment] = assign(draft, reviewers=[reviewer.id], by=factories.admin(), now=now())
    seen = client.sign_in(reviewer).get(f"/review/{assignment.id}")
    assert "Endorsed by Josephine Adeyemi, medical director" in seen.text
    assert "jo@example.org" not in seen.text
    draft.cycle.endorsement_shown = False
    db.session.commit()
    assert "Endorsed by" not in client.get(f"/review/{assignment.id}").text


def test_a_new_version_of_the_form_without_a_changed_answer_reopens_nothing(
    client: PageClient, draft: Application
) -> None:
    ask(client, draft)
    confirm(client, link(mails("endorsement_asked")[0]))
    before = fingerprint(facts_of(draft))
    draft.form = factories.published_form(
        draft.cycle,
        [("The project", [
            {"key": "title", "kind": "short_text", "label": "Title of the project"},
            {"key": "proposal", "kind": "long_text", "label": "What is it?"},
            {"key": "extra", "kind": "short_text", "label": "Anything else?", "required": False},
        ])], number=2,
    )  # fmt: skip
    db.session.flush()
    assert fingerprint(facts_of(draft)) == before
    draft.answers.append(Answer(question_key="extra", value="More", saved_at=now()))
    assert fingerprint(facts_of(draft)) != before


# planning


def test_the_coordinator_plans_it(client: PageClient) -> None:
    cycle = factories.cycle()
    path = f"/manage/cycles/{cycle.id}/endorsement"
    page = client.sign_in(factories.coordinator(cycle.opportunity)).get(f"/manage/cycles/{cycle.id}/program")
    page = client.get(path)
    bad = page.submit("/endorsement", endorser="your medical director", endorsement_wording="")
    assert (bad.status, bad.errors) == (422, ["Write what they confirm, in a sentence that begins with “I”."])
    page = page.submit(
        "/endorsement", endorser="your medical director", endorsement_wording=WORDING, sections=["0"],
        endorsement_due_at="2027-01-04T17:00",
    )  # fmt: skip
    assert page.flashes[0].startswith("Endorsement saved.")
    db.session.expire_all()
    assert (cycle.endorser, cycle.endorsement_keys) == ("your medical director", ["title", "proposal"])
    assert page.form("/endorsement")["sections"] == "0"
    old = page.submit("/endorsement", version="1")
    assert old.status == 409
    page = client.get(path).submit("/endorsement", endorser="", endorsement_due_at="")
    assert "Applicants are asked for none." in page.flashes[0]
    assert client.sign_in(factories.reviewer(cycle.opportunity)).get(path).status == 404


def test_a_copy_of_a_cycle_wants_it_too(client: PageClient, draft: Application) -> None:
    draft.cycle.takes_teams = True
    db.session.commit()
    admin = factories.admin()
    with db.session.no_autoflush:
        made = duplicate_cycle(draft.cycle, by=admin, shift=Shift(1, Step.YEARS, portal_zone()))
    assert (made.endorser, made.endorsement_keys, made.takes_teams) == (
        "your medical director", ["title", "proposal"], True,
    )  # fmt: skip


def test_pages_run_the_same_number_of_queries_for_any_number_of_requests(
    app: Flask, client: PageClient, draft: Application
) -> None:
    ask(client, draft)
    paths = [f"/applications/{draft.id}/endorsement", "/applications", f"/applications/{draft.id}"]
    counts = []
    for more in (0, 5):
        for n in range(more):
            ask(client, draft, name=f"Person {n}", email=f"person-{n}@example.org")
            other = factories.application(factories.cycle(endorser="x", endorsement_wording="y"), draft.person)
            db.session.add(other)
        found = []
        for path in paths:
            client.get(path)
            with count_queries(app) as statements:
                assert client.get(path).status == 200
            found.append(len(statements))
        counts.append(found)
    assert counts[0] == counts[1]


def submit_and_reopen(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person).post(f"/applications/{draft.id}/submit")
    client.post(f"/applications/{draft.id}/edit")
    db.session.expire_all()
    assert (draft.status, draft.editing_since is not None) == (Status.SUBMITTED, True)


def edited_then_confirmed(client: PageClient, draft: Application) -> Endorsement:
    """What was submitted says one thing and is not confirmed yet; while it says another in an edit, it is."""
    draft.cycle.endorsement_due_at = draft.cycle.closes_at
    ask(client, draft)
    path = link(mails("endorsement_asked")[0])
    submit_and_reopen(client, draft)
    write_title(client, draft, "A modest title")
    confirm(client, path)
    assert standing(draft).state is State.CONFIRMED
    return standing(draft)


@pytest.mark.parametrize("way", ["dropped", "too late"])
def test_what_was_confirmed_of_an_edit_is_not_confirmed_of_what_stands(
    client: PageClient, draft: Application, way: str
) -> None:
    """Nobody lets modest words be confirmed and then goes back to others."""
    found = edited_then_confirmed(client, draft)
    if way == "dropped":
        client.sign_in(draft.person).post(f"/applications/{draft.id}/edit/stop")
    else:
        draft.cycle.edits_until_deadline = False
        assert revision_actions.drop_late(draft.id, now=now())
    db.session.commit()
    db.session.expire_all()
    assert draft.values["title"] == "Waiting-room stories"
    assert found.state is State.REOPENED
    assert verbs()[-1] == "endorsement.reopened"


def test_nor_do_reviewers_read_so_meanwhile(client: PageClient, draft: Application) -> None:
    found = edited_then_confirmed(client, draft)
    draft.cycle.endorsement_shown = True
    assert queries.shown_to_reviewers(draft) is None
    client.sign_in(draft.person).post(f"/applications/{draft.id}/submit")
    db.session.expire_all()
    assert draft.editing_since is None
    assert queries.shown_to_reviewers(draft) is found


def test_going_back_to_what_was_confirmed_restores_it(client: PageClient, draft: Application) -> None:
    ask(client, draft)
    confirm(client, link(mails("endorsement_asked")[0]))
    submit_and_reopen(client, draft)
    write_title(client, draft, "Another title")
    assert standing(draft).state is State.REOPENED
    client.post(f"/applications/{draft.id}/edit/stop")
    assert standing(draft).state is State.CONFIRMED


def test_the_mails_go_with_the_application_also_where_none_is_wanted_any_more(
    client: PageClient, draft: Application
) -> None:
    ask(client, draft)
    assert len(mails("endorsement_asked")) == 1
    draft.cycle.endorser = ""
    applying.erase(draft)
    assert mails("endorsement_asked") == []


def test_a_job_reminds_of_a_draft_whose_endorsement_is_missing(
    app: Flask, client: PageClient, draft: Application
) -> None:
    draft.created_at = now() - timedelta(days=20)
    draft.cycle.closes_at = now() + timedelta(days=5)
    db.session.flush()
    ((key, window),) = reminders.due(now=now())
    assert reminders.remind(key, window, now=now())
    assert "Name your medical director" in mails("deadline_reminder")[0].text_body


def test_nobody_is_written_to_over_and_over(client: PageClient, draft: Application) -> None:
    for number in range(actions.MOST_ASKED):
        assert ask(client, draft, email=f"stranger-{number}@example.org").status == 200
    page = ask(client, draft, email="stranger-99@example.org")
    assert page.status == 422
    assert "You have asked 10 times" in page.text
    assert len(mails("endorsement_asked")) == 10
