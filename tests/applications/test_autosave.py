"""Saving by itself: only what changed, merged by question, refused in words that a script can act on."""

from datetime import timedelta

import pytest
from flask import Flask

from portal.accounts.models import Person
from portal.applications.marks import stamp
from portal.applications.models import Application
from portal.applications.status import Status
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.applications.conftest import JSON, autosave, name_of, question, section_path, stored
from tests.page_client import PageClient
from tests.queries import count_queries


def test_saves_what_was_sent_and_says_when(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    answer = autosave(client, draft, title="Waiting-room stories")
    assert answer.status == 200
    said = answer.response.get_json()
    assert said["saved"].startswith("Saved at ")
    assert said["saved"].endswith(" ET.")
    key = str(question(draft, "title").id)
    assert said["marks"] == {key: stamp("Waiting-room stories")}
    assert said["problems"] == {key: []}
    assert said["conflicts"] == []
    assert stored(draft) == {"title": "Waiting-room stories"}
    assert draft.title == "Waiting-room stories"  # lists show it at once


def test_covers_only_the_questions_named(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    autosave(client, draft, title="A", proposal="B")
    autosave(client, draft, {"proposal": "B"}, proposal="C")
    assert stored(draft) == {"title": "A", "proposal": "C"}
    without = client.post(f"{section_path(draft)}/autosave", {name_of(draft, "title"): "lost?"}, headers=JSON)
    assert without.response.get_json()["marks"] == {}
    assert stored(draft) == {"title": "A", "proposal": "C"}


def test_an_emptied_answer_goes(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    autosave(client, draft, title="A")
    answer = autosave(client, draft, {"title": "A"}, title="")
    assert answer.response.get_json()["marks"] == {str(question(draft, "title").id): "-"}
    assert stored(draft) == {}


def test_two_tabs_in_different_answers_both_stay(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    first = autosave(client, draft, title="Of the first tab")
    second = autosave(client, draft, proposal="Of the second tab")
    assert (first.status, second.status) == (200, 200)
    assert stored(draft) == {"title": "Of the first tab", "proposal": "Of the second tab"}


def test_two_tabs_in_one_answer_are_asked(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    autosave(client, draft, title="Theirs")
    answer = autosave(client, draft, title="Mine", proposal="No quarrel about this")
    assert answer.status == 409
    said = answer.response.get_json()
    assert said["conflicts"] == [
        {
            "by": "",
            "id": question(draft, "title").id,
            "label": "Project title",
            "mine": "Mine",
            "theirs": "Theirs",
            "raw": ["Theirs"],
            "mark": stamp("Theirs"),
        }
    ]
    assert list(said["marks"]) == [str(question(draft, "proposal").id)]
    assert stored(draft) == {"title": "Theirs", "proposal": "No quarrel about this"}
    chosen = autosave(client, draft, {"title": "Theirs"}, title="Mine")
    assert chosen.status == 200
    assert stored(draft)["title"] == "Mine"


def test_sending_the_same_again_is_no_quarrel_with_oneself(client: PageClient, draft: Application) -> None:
    """The answer to the first request was lost on the way."""
    client.sign_in(draft.person)
    answers = [autosave(client, draft, title="Once") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[1].response.get_json()["marks"] == {str(question(draft, "title").id): stamp("Once")}


def test_what_is_wrong_is_kept_and_said(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    said = autosave(client, draft, proposal="word " * 53).response.get_json()
    key = str(question(draft, "proposal").id)
    assert said["problems"] == {key: ["Shorten “What do you want to do?” by 3 words"]}
    assert stored(draft)["proposal"].split() == ["word"] * 53


def test_what_is_too_long_to_be_kept_is_named_and_all_else_saved(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    answer = autosave(client, draft, title="Kept", proposal="x" * 50_001)
    said = answer.response.get_json()
    key = str(question(draft, "proposal").id)
    assert said["refused"] == {key: "Shorten “What do you want to do?” by 1 character: we can keep up to 50,000"}
    assert key not in said["marks"]
    assert stored(draft) == {"title": "Kept"}


def test_a_session_that_is_over_is_said_and_nothing_is_kept_aside(client: PageClient, draft: Application) -> None:
    db.session.commit()
    answer = autosave(client, draft, title="Typed after the session ended")
    assert answer.status == 401
    assert answer.response.get_json() == {"error": "session-over", "reason": ""}
    assert stored(draft) == {}
    client.sign_in(draft.person)
    assert autosave(client, draft, title="Typed after the session ended").status == 200


def test_without_a_token_nothing_is_saved(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    forged = client.post(f"{section_path(draft)}/autosave", {"csrf_token": "forged"}, headers=JSON)
    assert (forged.status, forged.response.get_json()["error"]) == (400, "token")
    client.sign_out()
    gone = client.post(f"{section_path(draft)}/autosave", {"csrf_token": "forged"}, headers=JSON)
    assert (gone.status, gone.response.get_json()["error"]) == (401, "session-over")


def test_only_its_owner_saves_it(client: PageClient, draft: Application) -> None:
    assert autosave(client.sign_in(draft.person), draft, title="Mine").status == 200
    stranger, boss = factories.person("Somebody", "Else"), factories.admin()
    for other in (stranger, boss):
        answer = autosave(client.sign_in(other), draft, {"title": "Mine"}, title="Not yours")
        assert (answer.status, answer.response.get_json()["error"]) == (404, "refused")
    assert stored(draft) == {"title": "Mine"}


def test_a_section_of_another_form_is_not_there(client: PageClient, draft: Application, person: Person) -> None:
    client.sign_in(person)
    other = factories.application(by=person)
    assert client.post(f"{section_path(draft)}/autosave", {"seen": ""}, headers=JSON).status == 200
    path = f"/applications/{draft.id}/sections/{other.form.sections[0].id}/autosave"
    assert client.post(path, {"seen": ""}, headers=JSON).status == 404


def test_after_the_deadline_it_says_why(client: PageClient, draft: Application) -> None:
    client.sign_in(draft.person)
    draft.cycle.closes_at = now() - timedelta(hours=1)
    answer = autosave(client, draft, title="Too late")
    assert answer.status == 403
    assert answer.response.get_json()["reason"].startswith("Applications to Scholars program")
    assert stored(draft) == {}


def test_what_was_submitted_meanwhile_says_so(client: PageClient, person: Person) -> None:
    sent = factories.application(by=person, status=Status.SUBMITTED)
    answer = autosave(client.sign_in(person), sent, title="Later thoughts")
    assert answer.status == 409
    said = answer.response.get_json()
    assert said["error"] == "denied"
    assert said["reason"].startswith("You submitted this application on ")


def test_signing_out_makes_the_browser_forget(client: PageClient, person: Person) -> None:
    client.sign_in(person)
    assert "Clear-Site-Data" not in client.get("/account").response.headers
    assert client.get("/account").submit("/logout", follow=False).response.headers["Clear-Site-Data"] == '"storage"'
    client.sign_in(person)
    everywhere = client.get("/account").submit("/sign-out-everywhere", follow=False)
    assert everywhere.response.headers["Clear-Site-Data"] == '"storage"'


@pytest.fixture
def sixty(person: Person) -> Application:
    cycle = factories.cycle(form=False)
    asked = [
        {"key": f"answer_{n}", "kind": "long_text", "label": f"Question {n}", "settings": {"max_words": 100}}
        for n in range(60)
    ]
    factories.published_form(cycle, [("Sixty questions", asked)])
    return factories.application(cycle, person, answers={f"answer_{n}": "words " * 40 for n in range(50)})


def test_saving_costs_at_most_six_queries(app: Flask, client: PageClient, sixty: Application) -> None:
    client.sign_in(sixty.person)
    path, asked = f"{section_path(sixty)}/autosave", question(sixty, "answer_0").id
    base, token = "words " * 40, client.token()
    for text in [f"The words of second {n}" for n in range(3)]:
        fields = {f"q{asked}": text, "seen": f"{asked}:{stamp(base)}", "csrf_token": token}
        client._forget_last_request()
        db.session.expunge_all()
        with count_queries(app) as statements:
            answer = client.raw.post(path, data=fields, headers=JSON)
        assert answer.status_code == 200, answer.get_json()
        base = text
    assert len(statements) <= 6, statements


def test_the_page_of_sixty_questions_takes_at_most_twelve_queries(
    app: Flask, client: PageClient, sixty: Application
) -> None:
    path = section_path(sixty)
    client.sign_in(sixty.person).get(path)
    client._forget_last_request()
    db.session.expunge_all()
    with count_queries(app) as statements:
        assert client.raw.get(path).status_code == 200
    assert len(statements) <= 12, statements
