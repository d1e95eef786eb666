"""Teams: who may do what, invitations by link, handing over, comments, and what is told to whom."""

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import team_actions, team_views
from portal.applications.models import Application
from portal.applications.status import Status
from portal.applications.team_models import Access, TeamComment, TeamMember
from portal.core import audit
from portal.core.access import can
from portal.core.clock import day_and_time, now
from portal.core.db import db
from portal.messaging.models import Message
from portal.privacy.actions import close_account
from tests import factories
from tests.applications.conftest import complete_now, name_of, pdf, section_path
from tests.page_client import Page, PageClient
from tests.queries import count_queries


@pytest.fixture
def draft(person: Person) -> Application:
    """A draft of a cycle that takes teams of two to four."""
    return factories.application(factories.cycle(takes_teams=True, team_min=2, team_max=4), person)


def mails(template: str) -> list[Message]:
    return list(db.session.scalars(select(Message).where(Message.template == template).order_by(Message.id)))


def link(mail: Message) -> str:
    found = re.search(r"http://localhost(/applications/join/\S+)", mail.text_body)
    assert found
    return found[1]


def invite(client: PageClient, draft: Application, **fields: str) -> Page:
    typed = {"name": "Ren Nakagawa", "email": "ren@example.org", "duty": "Nurse lead", "access": "edit"} | fields
    page = client.sign_in(draft.person).get(f"/applications/{draft.id}/team")
    return page.submit(f"/applications/{draft.id}/team", button="Send the invitation", **typed)


def verbs(draft: Application) -> list[str]:
    found = db.session.scalars(select(audit.Event).where(audit.Event.verb.like("team.%")).order_by(audit.Event.id))
    return [line.verb for line in found if line.thing_id == draft.id]


# who may do what

ROLES = ("lead", "edit", "comment", "view", "left", "asked", "stranger", "coordinator", "reviewer", "admin")
DEEDS: dict[str, set[str]] = {
    "read": {"lead", "edit", "comment", "view"},
    "team": {"lead", "edit", "comment", "view"},
    "save": {"lead", "edit"},
    "upload": {"lead", "edit"},
    "file": {"lead", "edit", "comment", "view"},
    "remove file": {"lead", "edit"},
    "comment": {"lead", "edit", "comment"},
    "check": {"lead", "edit"},
    "invite": {"lead"},
    "manage": {"lead"},
    "leave": {"edit", "comment", "view"},
    "submit": {"lead"},
    "withdraw": {"lead"},
    "delete": {"lead"},
}
HIDDEN = {"left", "asked", "stranger", "coordinator", "reviewer", "admin"}


@pytest.mark.parametrize("role", ROLES)
def test_who_may_do_what(client: PageClient, draft: Application, role: str) -> None:
    complete_now(draft)
    draft.cycle.team_max = 9
    listing = draft.cycle.opportunity
    people: dict[str, Person] = {
        "lead": draft.person,
        "coordinator": factories.coordinator(listing),
        "reviewer": factories.reviewer(listing),
        "admin": factories.admin(),
    }
    for name in ("edit", "comment", "view", "left", "asked", "stranger"):
        people[name] = factories.person(name.title(), "Person")
    for access in Access:
        factories.member(draft, people[access.value], access)
    factories.member(draft, people["left"], Access.EDIT, left=True)
    factories.member(draft, email=people["asked"].email)
    document = draft.documents[0]
    base, first, second = f"/applications/{draft.id}", section_path(draft, 0), section_path(draft, 1)
    member = draft.members[0].id
    sign = client.sign_in(people[role])
    upload = {name_of(draft, "cv"): (BytesIO(pdf()), "new.pdf")}
    section = draft.form.sections[0].id
    answers: dict[str, Callable[[], int]] = {
        "read": lambda: sign.get(base).status,
        "team": lambda: sign.get(f"{base}/team").status,
        "save": lambda: sign.post(first, {name_of(draft, "title"): "New", "to": "tasks"}).status,
        "upload": lambda: sign.post(second, {**upload, "to": "tasks"}, multipart=True).status,
        "file": lambda: sign.get(f"{base}/documents/{document.id}").status,
        "comment": lambda: (
            sign.post(f"{base}/team/comments/{section}", {f"s{section}-about": "0", f"s{section}-body": "Why?"}).status
        ),
        "check": lambda: sign.get(f"{base}/check").status,
        "invite": lambda: sign.post(f"{base}/team", {"name": "x", "email": "x@example.org", "access": "view"}).status,
        "manage": lambda: sign.get(f"{base}/team/{member}").status,
        "leave": lambda: sign.get(f"{base}/team/leave").status,
        "withdraw": lambda: sign.get(f"{base}/withdraw").status,
        "delete": lambda: sign.get(f"{base}/delete").status,
        "remove file": lambda: sign.post(f"{base}/documents/{document.id}/remove").status,
        "submit": lambda: sign.post(f"{base}/submit").status,
    }
    expected = {}
    for deed, allowed in DEEDS.items():
        if role in allowed:
            expected[deed] = {200, 303}
        elif role in HIDDEN or (deed, role) == ("leave", "lead"):
            expected[deed] = {404} if role in HIDDEN else {403}
        else:
            expected[deed] = {403}
    if role == "left":  # what they send is answered by a page that says so, and what they open by none
        expected |= {deed: {403} for deed in ("save", "upload", "comment", "invite", "remove file", "submit")}
    if role in {"lead", "edit"}:
        expected["file"] = {404}  # replaced by the upload before it
        expected["remove file"] = {303}
        expected["submit"] = {422} if role == "lead" else {403}  # the file is removed by then
    found = {deed: answers[deed]() for deed in answers}
    assert {deed: status for deed, status in found.items() if status not in expected[deed]} == {}


def test_a_member_reads_files_and_it_is_no_read_of_staff(
    client: PageClient, draft: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    monkeypatch.setattr(audit, "record_read", lambda _who, verb, _thing, **_facts: reads.append(verb))
    complete_now(draft)
    member = factories.person("Ren", "Nakagawa")
    factories.member(draft, member, Access.VIEW)
    path = f"/applications/{draft.id}/documents/{draft.documents[0].id}"
    assert client.sign_in(member).get(path).status == 200
    assert client.get(f"/applications/{draft.id}").status == 200
    assert reads == []
    other = factories.application(draft.cycle, status=Status.SUBMITTED)
    client.sign_in(factories.coordinator(draft.cycle.opportunity)).get(f"/applications/{other.id}")
    assert reads == ["application.read"]


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.IN_REVIEW, Status.DECIDED])
def test_a_coordinator_on_the_team_sees_nothing_of_it_as_staff(client: PageClient, status: Status) -> None:
    cycle = factories.cycle(takes_teams=True)
    application = factories.application(cycle, status=status)
    staff, other = factories.coordinator(cycle.opportunity), factories.coordinator(cycle.opportunity)
    page = f"/manage/applications/{application.id}"
    queue = f"/manage/cycles/{cycle.id}"
    assert client.sign_in(staff).get(page).status == 200
    assert application.reference in client.get(queue).text
    factories.member(application, staff, Access.VIEW)
    assert client.get(page).status == 404
    assert application.reference not in client.get(queue).text
    assert client.post(f"/manage/applications/{application.id}/notes", {"body": "x"}).status in {403, 404}
    assert client.get(f"/applications/{application.id}").status == 200
    application.members[0].ended_at = now()
    db.session.commit()
    assert client.get(page).status == 404
    shown = client.sign_in(other).get(page)
    assert shown.status == 200
    assert staff.full_name not in shown.text.replace("by " + staff.full_name, "")


def test_staff_read_who_is_on_the_team(client: PageClient) -> None:
    cycle = factories.cycle(takes_teams=True)
    application = factories.application(cycle, status=Status.SUBMITTED)
    factories.member(application, factories.person("Ren", "Nakagawa"), duty="Nurse lead")
    factories.member(application, factories.person("Ada", "Nwosu"))
    factories.member(application, factories.person("Gone", "Person"), left=True)
    page = client.sign_in(factories.coordinator(cycle.opportunity)).get(f"/manage/applications/{application.id}")
    assert "With Ren Nakagawa (Nurse lead) and Ada Nwosu" in page.text
    assert "Gone Person" not in page.text


# invitations


def test_an_invitation_is_mailed_and_joined_once(client: PageClient, draft: Application) -> None:
    page = invite(client, draft)
    assert "Ren Nakagawa is invited." in page.flashes[0]
    assert any(line.startswith("Ren Nakagawa") and "Nurse lead" in line for line in page.all("//li"))
    (mail,) = mails("team_invitation")
    assert (mail.to_address, mail.reply_to) == ("ren@example.org", draft.person.email)
    path = link(mail)
    ren = factories.person("Ren", "Nakagawa", email="ren.private@example.net")
    client.sign_out()
    shown = client.get(path)
    assert shown.status == 200
    assert "You can edit the application" in shown.text
    assert shown.tree is not None
    assert not [form for form in shown.tree.forms if "/join/" in (form.get("action") or "")]
    assert f"/login?next={path}" in [href.replace("%2F", "/") for href in shown.all("//main//a/@href")]
    assert client.post(path).status in {302, 303}  # to sign in
    assert draft.members[0].joined_at is None
    joined = client.sign_in(ren).get(path).submit("/join/", button="Join the team")
    assert joined.path == f"/applications/{draft.id}"
    db.session.expire_all()
    (member,) = draft.members
    assert (member.person_id, member.is_in, member.token_hash) == (ren.id, True, None)
    assert [mail.to_address for mail in mails("team_joined")] == [draft.person.email]
    again = client.sign_in(factories.person("Ada", "Nwosu")).get(path)
    assert (again.status, again.one("//h1")) == (404, "This invitation has ended")
    assert client.post(path).status == 404
    assert verbs(draft) == ["team.invited", "team.joined"]
    assert draft.cycle.opportunity.title in client.sign_in(ren).get("/applications").text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"email": "nobody"}, "Check the email address"),
        ({"email": ""}, "Enter the email address of the person"),
        ({"name": ""}, "Enter the name of the person"),
        ({"access": "own"}, "Not a valid choice"),
        ({"email": "LEAD"}, "This is the lead’s own address. Enter the address of somebody else"),
        ({"email": "Here@Example.org"}, "Somebody Here is on your team already. Enter the address of somebody else"),
        ({"email": "waits@example.org"}, "Waits Person is invited already. Enter the address of somebody else"),
        ({"duty": "x" * 121}, "Shorten the role to 120 characters"),
    ],
)
def test_invitations_that_are_refused(
    client: PageClient, draft: Application, typed: dict[str, str], sentence: str
) -> None:
    factories.member(draft, factories.person("Somebody", "Here", email="here@example.org"))
    factories.member(draft, email="waits@example.org", name="Waits Person")
    if typed.get("email") == "LEAD":
        typed = {"email": draft.person.email.upper()}
    page = invite(client, draft, **typed)
    assert page.status == 422
    assert len(page.errors) == 1
    assert page.errors[0].startswith(sentence)
    if "name" not in typed:
        assert page.form(button="Send the invitation")["name"] == "Ren Nakagawa"
    assert mails("team_invitation") == []


def test_a_full_team_and_very_many_invitations(
    client: PageClient, draft: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        factories.member(draft)
    page = client.sign_in(draft.person).get(f"/applications/{draft.id}/team")
    assert "Your team has 4 people, the most that this program takes." in page.text
    fields = {"name": "Ren", "email": "ren@example.org", "access": "edit"}
    assert client.post(f"/applications/{draft.id}/team", fields).status == 422
    monkeypatch.setattr(team_actions, "MOST_ROWS", 3)
    draft.members[0].ended_at = now()
    db.session.commit()
    page = invite(client, draft)
    assert page.errors == ["This team has invited very many people. Write to the coordinator to invite more"]


def test_an_invitation_ends_after_two_weeks_and_is_sent_again(client: PageClient, draft: Application) -> None:
    start = now()
    with time_machine.travel(start, tick=False):
        invite(client, draft)
        path = link(mails("team_invitation")[0])
        member = f"/applications/{draft.id}/team/{draft.members[0].id}"
        early = client.get(member).submit("/invite-again")
        assert (early.status, "less than an hour ago" in early.text) == (409, True)
    draft.cycle.closes_at = start + timedelta(days=60)
    with time_machine.travel(start + timedelta(days=14, seconds=1), tick=False):
        assert client.sign_in(draft.person).get(path).status == 404
        assert "Invitation ended" in client.get(f"/applications/{draft.id}/team").text
        assert "We wrote to ren@example.org again." in client.get(member).submit("/invite-again").flashes[0]
        fresh = link(mails("team_invitation")[1])
        assert client.get(path).status == 404
        assert client.get(fresh).status == 200
    for days in (15, 16):
        with time_machine.travel(start + timedelta(days=days), tick=False):
            assert client.sign_in(draft.person).get(member).submit("/invite-again").status == 200
    with time_machine.travel(start + timedelta(days=17), tick=False):
        page = client.sign_in(draft.person).get(member).submit("/invite-again")
        assert (page.status, "We have written to ren@example.org 4 times." in page.text) == (409, True)


def test_an_invitation_that_was_taken_back_is_worth_nothing(client: PageClient, draft: Application) -> None:
    invite(client, draft)
    path = link(mails("team_invitation")[0])
    assert client.get(path).status == 200
    page = client.get(f"/applications/{draft.id}/team/{draft.members[0].id}").submit("/remove")
    assert "The link that we mailed no longer works." in page.flashes[0]
    assert client.get(path).status == 404
    assert client.post(path).status == 404
    assert mails("team_removed") == []
    assert verbs(draft) == ["team.invited", "team.removed"]
    assert "is invited" in invite(client, draft).flashes[0]  # the address is free again


def test_the_lead_and_members_do_not_join_again(client: PageClient, draft: Application) -> None:
    invite(client, draft)
    path = link(mails("team_invitation")[0])
    assert "You are on this team already" in client.get(path).text
    refused = client.post(path)
    assert (refused.status, "this invitation is for somebody else" in refused.text) == (409, True)
    assert draft.members[0].person_id is None


def test_staff_who_are_invited_are_told_what_joining_means(client: PageClient, draft: Application) -> None:
    invite(client, draft)
    path = link(mails("team_invitation")[0])
    listing = draft.cycle.opportunity
    assert "You coordinate this program." in client.sign_in(factories.coordinator(listing)).get(path).text
    assert "You review for this program." in client.sign_in(factories.reviewer(listing)).get(path).text
    stranger = client.sign_in(factories.person("Ada", "Nwosu")).get(path).text
    assert "this program." not in stranger


def test_invitations_end_when_the_application_is_submitted(client: PageClient, draft: Application) -> None:
    complete_now(draft)
    ren = factories.person("Ren", "Nakagawa")
    factories.member(draft, ren)
    invite(client, draft, email="late@example.org")
    path = link(mails("team_invitation")[0])
    assert client.get(path).status == 200
    page = client.get(f"/applications/{draft.id}/check").submit("/submit")
    assert "Submitted." in page.flashes[0]
    assert client.get(path).status == 404
    news = mails("team_news")
    assert [(mail.to_address, mail.subject) for mail in news] == [
        (
            ren.email,
            f"Your team’s application to {draft.cycle.opportunity.title}: {draft.person.full_name} submitted it",
        )
    ]
    shown = client.sign_in(ren).get(f"/applications/{draft.id}")
    assert draft.reference in shown.text
    assert "Withdraw" not in shown.text
    assert client.post(section_path(draft), {"to": "tasks"}).status == 409


def test_members_learn_that_it_was_withdrawn_or_deleted(client: PageClient, draft: Application) -> None:
    ren = factories.person("Ren", "Nakagawa")
    factories.member(draft, ren)
    other = factories.application(factories.cycle(takes_teams=True), draft.person)
    factories.member(other, ren)
    client.sign_in(draft.person).get(f"/applications/{draft.id}/withdraw").submit("/withdraw", button="Withdraw")
    client.get(f"/applications/{other.id}/delete").submit("/delete", button="Delete draft")
    assert [mail.subject.rpartition(": ")[2] for mail in mails("team_news")] == [
        f"{draft.person.full_name} withdrew it",
        f"{draft.person.full_name} deleted it",
    ]
    assert db.session.scalar(select(db.func.count()).select_from(TeamMember)) == 1


# members


def test_a_removed_member_loses_access_at_once(client: PageClient, draft: Application) -> None:
    ren = factories.person("Ren", "Nakagawa")
    member = factories.member(draft, ren)
    assert client.sign_in(ren).get(section_path(draft)).status == 200
    page = client.sign_in(draft.person).get(f"/applications/{draft.id}/team/{member.id}").submit("/remove")
    assert "They can no longer open the application." in page.flashes[0]
    assert [mail.to_address for mail in mails("team_removed")] == [ren.email]
    client.sign_in(ren)
    assert client.get(section_path(draft)).status == 404
    assert client.post(section_path(draft), {name_of(draft, "title"): "x", "to": "tasks"}).status == 403
    assert draft.cycle.opportunity.title not in client.get("/applications").text
    assert client.sign_in(draft.person).get(f"/applications/{draft.id}/team/{member.id}").status == 404


def test_who_is_removed_while_typing_keeps_what_they_typed_and_sees_nothing_else(
    client: PageClient, draft: Application
) -> None:
    """Told since when they are out and whom to ask; what others wrote is not theirs, and strangers learn nothing."""
    title, proposal = name_of(draft, "title"), name_of(draft, "proposal")
    client.sign_in(draft.person).get(section_path(draft)).submit(button="Save and go", **{title: "Written by the lead"})
    ren, stranger = factories.person("Ren", "Nakagawa"), factories.person()
    member = factories.member(draft, ren)
    page = client.sign_in(ren).get(section_path(draft))
    assert page.form(button="Save and go")[title] == "Written by the lead"
    ended = now() - timedelta(hours=30)
    team_actions.end(member, draft, by=draft.person, now=ended)
    db.session.commit()
    since = day_and_time(
        ended, ZoneInfo("America/New_York"), today=now().astimezone(ZoneInfo("America/New_York")).date()
    )
    refused = page.submit(button="Save and go", **{proposal: "<b>Not lost"})
    assert (refused.status, refused.one("//h1")) == (403, "You are no longer on this team")
    assert refused.one("//p[contains(@class, 'lead')]") == (
        f"You have not been on this team since {since}, so nothing was saved or sent. "
        f"Ask {draft.person.full_name}, who leads it, to invite you again if that is a mistake."
    )
    assert refused.all("//dt") == ["What do you want to do?"]
    assert refused.all("//dd") == ["<b>Not lost"]
    assert "Written by the lead" not in refused.text
    assert refused.tree.xpath(f"//main//a[starts-with(@href, '/applications/{draft.id}')]") == []
    script = client.post(f"{section_path(draft)}/autosave", headers={"Accept": "application/json"})
    assert script.status == 403
    assert script.response.get_json()["reason"].startswith(f"You have not been on this team since {since}, so")
    client.sign_in(stranger)
    hidden = client.post(section_path(draft), {proposal: "<b>Not lost", "to": "tasks"})
    assert (hidden.status, "team" in hidden.one("//main").lower()) == (404, False)
    db.session.expire_all()
    assert draft.values == {"title": "Written by the lead"}


@pytest.mark.parametrize(("access", "words"), [(Access.VIEW, "read"), (Access.COMMENT, "read and comment on")])
def test_who_may_edit_no_longer_while_typing_keeps_what_they_typed(
    client: PageClient, draft: Application, access: Access, words: str
) -> None:
    ren = factories.person("Ren", "Nakagawa")
    member = factories.member(draft, ren)
    page = client.sign_in(ren).get(section_path(draft))
    team_actions.change_member(member, draft, duty="", access=access, by=draft.person)
    db.session.commit()
    refused = page.submit(button="Save and go", **{name_of(draft, "title"): "Not lost"})
    assert (refused.status, refused.one("//h1")) == (403, "You can read this, not change it")
    assert f"You can {words} this draft. Ask {draft.person.full_name}, who leads the team," in refused.text
    assert (refused.all("//dt"), refused.all("//dd")) == (["Project title"], ["Not lost"])
    db.session.expire_all()
    assert draft.values == {}


def test_a_member_leaves(client: PageClient, draft: Application) -> None:
    ren = factories.person("Ren", "Nakagawa")
    factories.member(draft, ren)
    page = client.sign_in(ren).get(f"/applications/{draft.id}/team").click("Leave the team")
    assert draft.members[0].is_in
    page = page.submit("/leave", button="Leave the team")
    assert (page.path, page.flashes[0].startswith("You have left the team.")) == ("/applications", True)
    assert client.get(f"/applications/{draft.id}").status == 404
    assert [mail.to_address for mail in mails("team_left")] == [draft.person.email]
    assert verbs(draft) == ["team.left"]


def test_who_closes_their_account_leaves_their_teams(client: PageClient, draft: Application) -> None:
    ren = factories.person("Ren", "Nakagawa")
    member = factories.member(draft, ren)
    close_account(ren, now=now())
    db.session.expire_all()
    assert member.ended_at is not None
    assert [mail.to_address for mail in mails("team_left")] == [draft.person.email]
    page = client.sign_in(draft.person).get(f"/applications/{draft.id}/team")
    assert "Ren Nakagawa" not in page.text


def test_what_a_member_may_do_is_changed_at_once(client: PageClient, draft: Application) -> None:
    ren = factories.person("Ren", "Nakagawa")
    member = factories.member(draft, ren, Access.VIEW)
    assert client.sign_in(ren).get(section_path(draft)).status == 403
    page = client.sign_in(draft.person).get(f"/applications/{draft.id}/team/{member.id}")
    assert page.form(button="Save")["access"] == "view"
    page = page.submit(f"/team/{member.id}", button="Save", access="edit", duty="Data manager")
    assert any(line.startswith("Ren Nakagawa") and "Data manager" in line for line in page.all("//li"))
    assert client.sign_in(ren).get(section_path(draft)).status == 200
    bad = client.sign_in(draft.person).get(f"/applications/{draft.id}/team/{member.id}")
    assert bad.submit(f"/team/{member.id}", button="Save", access="none").status == 422


def test_a_team_that_is_too_small_cannot_submit(client: PageClient, draft: Application) -> None:
    complete_now(draft)
    client.sign_in(draft.person)
    sentence = "Bring your team together: it has 1 person and needs 2"
    page = client.get(f"/applications/{draft.id}/check")
    assert page.errors == [sentence]
    assert page.click(sentence).path == f"/applications/{draft.id}/team"
    assert client.post(f"/applications/{draft.id}/submit").status == 422
    factories.member(draft)  # invited only
    assert client.get(f"/applications/{draft.id}/check").errors == [sentence]
    assert "1 more needed" in client.get(f"/applications/{draft.id}").text
    factories.member(draft, factories.person("Ren", "Nakagawa"))
    assert client.get(f"/applications/{draft.id}/check").errors == []
    assert client.post(f"/applications/{draft.id}/submit").status == 303


def test_a_member_who_edits_checks_but_the_lead_submits(client: PageClient, draft: Application) -> None:
    complete_now(draft)
    ren = factories.person("Ren", "Nakagawa")
    factories.member(draft, ren)
    page = client.sign_in(ren).get(f"/applications/{draft.id}/check")
    assert page.status == 200
    assert f"{draft.person.full_name} leads the team and submits the application." in page.text
    assert "Submit application" not in page.all("//button")
    refused = client.post(f"/applications/{draft.id}/submit")
    assert (refused.status, refused.one("//h1")) == (403, "Only the lead of your team does this")
    tasks = client.get(f"/applications/{draft.id}").text
    assert "Delete this draft" not in tasks
    board = client.get("/applications")
    assert f"{draft.person.full_name} leads the team. You can edit." in board.text
    assert "Delete draft" not in board.text


def test_two_teams_of_one_cycle_are_told_apart(client: PageClient, draft: Application) -> None:
    ren = factories.person("Ren", "Nakagawa")
    other = factories.application(draft.cycle, factories.person("Maren", "Okello"))
    draft.cycle.team_max = 9
    for each in (draft, other):
        factories.member(each, ren)
    lines = client.sign_in(ren).get("/applications").all("//section[starts-with(@class, 'todo')]//a")
    title = draft.cycle.opportunity.title
    assert set(lines) == {
        f"Finish your {title} draft, led by {each.person.full_name}" for each in (draft, other)
    }  # fmt: skip
    assert f"Finish your {title} draft" in client.sign_in(other.person).get("/applications").all(
        "//section[starts-with(@class, 'todo')]//a"
    )


# the lead


def test_the_lead_goes_over_when_the_other_accepts(client: PageClient, draft: Application) -> None:
    lead, ren = draft.person, factories.person("Ren", "Nakagawa")
    member = factories.member(draft, ren)
    page = client.sign_in(lead).get(f"/applications/{draft.id}/team/{member.id}").submit("/ask-to-lead")
    assert "You lead it until they accept." in page.flashes[0]
    assert [mail.to_address for mail in mails("team_lead_offered")] == [ren.email]
    assert can(lead, "application.submit", draft)
    board = client.sign_in(ren).get("/applications")
    page = board.click("asks you to lead").submit("/take-lead")
    assert "You lead the team now." in page.flashes[0]
    db.session.expire_all()
    assert draft.person_id == ren.id
    assert [(each.person_id, each.access) for each in draft.members if each.is_in] == [(lead.id, Access.EDIT)]
    assert (draft.sort_name, "nakagawa" in draft.search_text) == (ren.sort_name, True)
    assert {mail.to_address for mail in mails("team_lead_changed")} == {lead.email, ren.email}
    assert verbs(draft) == ["team.lead-offered", "team.lead-changed"]
    assert can(ren, "application.submit", draft)
    assert not can(lead, "application.submit", draft)
    assert client.sign_in(lead).get(section_path(draft)).status == 200


def test_an_offer_is_declined_or_taken_back(client: PageClient, draft: Application) -> None:
    lead, ren = draft.person, factories.person("Ren", "Nakagawa")
    member = factories.member(draft, ren)
    path = f"/applications/{draft.id}/team/{member.id}"
    client.sign_in(lead).get(path).submit("/ask-to-lead")
    client.sign_in(ren).get(f"/applications/{draft.id}/team").submit("/decline-lead")
    assert [mail.to_address for mail in mails("team_lead_declined")] == [lead.email]
    client.sign_in(lead).get(path).submit("/ask-to-lead")
    page = client.get(path).submit("/keep-lead")
    assert "You keep the lead." in page.flashes[0]
    refused = client.sign_in(ren).post(f"/applications/{draft.id}/team/take-lead")
    assert (refused.status, refused.one("//h1")) == (409, "There is no offer")
    assert draft.person_id == lead.id
    assert len(mails("team_lead_declined")) == 1


def test_who_has_an_application_of_their_own_cannot_take_the_lead(client: PageClient, draft: Application) -> None:
    ren = factories.person("Ren", "Nakagawa")
    member = factories.member(draft, ren, offered_at=now())
    own = factories.application(draft.cycle, ren)
    page = client.sign_in(ren).get(f"/applications/{draft.id}/team").submit("/take-lead")
    assert page.status == 409
    assert "You have an application of your own" in page.text
    db.session.expire_all()
    assert (draft.person_id != ren.id, member.offered_at is not None) == (True, True)
    client.get(f"/applications/{own.id}/delete").submit("/delete", button="Delete draft")
    assert client.get(f"/applications/{draft.id}/team").submit("/take-lead").status == 200
    db.session.expire_all()
    assert draft.person_id == ren.id


def test_only_somebody_in_the_team_is_asked_to_lead(client: PageClient, draft: Application) -> None:
    asked = factories.member(draft)
    first = factories.member(draft, factories.person("Ren", "Nakagawa"), offered_at=now())
    second = factories.member(draft, factories.person("Ada", "Nwosu"))
    base = f"/applications/{draft.id}/team"
    client.sign_in(draft.person)
    assert client.post(f"{base}/{asked.id}/ask-to-lead").status == 409
    assert client.post(f"{base}/{second.id}/ask-to-lead").status == 303
    assert client.post(f"{base}/{second.id}/ask-to-lead").status == 303  # twice is once
    assert len(mails("team_lead_offered")) == 1
    db.session.expire_all()
    assert (first.offered_at, second.offered_at is None) == (None, False)


def test_a_settled_application_keeps_its_team(client: PageClient) -> None:
    application = factories.application(factories.cycle(takes_teams=True), status=Status.NOT_SELECTED)
    ren = factories.person("Ren", "Nakagawa")
    member = factories.member(application, ren, offered_at=now())
    base = f"/applications/{application.id}/team"
    assert client.sign_in(application.person).get(base).status == 200
    assert client.post(f"{base}/{member.id}/remove").status == 409
    assert client.sign_in(ren).post(f"{base}/take-lead").status == 409
    assert client.get(f"{base}/leave").status == 200


# comments and changes


def test_comments_are_for_the_team_alone(client: PageClient, draft: Application) -> None:
    complete_now(draft)
    ren = factories.person("Ren", "Nakagawa")
    factories.member(draft, ren, Access.COMMENT)
    section = draft.form.sections[0]
    page = client.sign_in(ren).get(f"/applications/{draft.id}")
    assert "Waiting-room stories" in page.text
    page = page.submit(f"/comments/{section.id}", **{
        f"s{section.id}-about": str(section.questions[1].id), f"s{section.id}-body": "Too\nlong?"})  # fmt: skip
    assert page.flashes[0].startswith("Comment added.")
    shown = client.sign_in(draft.person).get(section_path(draft))
    assert "Ren Nakagawa on “What do you want to do?”" in shown.text
    assert "Comments of your team: 1 open" in shown.text
    page = shown.submit("/resolve", button="Resolve")
    assert "Resolved by Maren Okafor-Lind" in page.text
    assert "Comments of your team: 1 open" not in page.text
    found = db.session.scalars(select(TeamComment)).one()
    assert (found.body, found.resolved_by_id) == ("Too\nlong?", draft.person_id)
    client.get(section_path(draft)).submit("/resolve", button="Open again")
    db.session.expire_all()
    assert found.resolved_at is None
    draft_id = draft.id
    assert client.post(f"/applications/{draft_id}/submit").status == 303
    assert client.post(f"/applications/{draft_id}/team/comments/{found.id}/resolve").status == 403
    staff = client.sign_in(factories.coordinator(draft.cycle.opportunity)).get(f"/manage/applications/{draft_id}")
    assert "Waiting-room stories" in staff.text
    assert "long?" not in staff.text


def test_comments_that_are_refused_are_kept_on_the_page(client: PageClient, draft: Application) -> None:
    factories.member(draft, factories.person("Ren", "Nakagawa"))
    section = draft.form.sections[0]
    path = f"/applications/{draft.id}/team/comments/{section.id}"
    page = client.sign_in(draft.person).get(f"/applications/{draft.id}/team/read")
    empty = page.submit(path, **{f"s{section.id}-body": ""})
    assert (empty.status, empty.errors) == (422, ["Write the comment"])
    long = page.submit(path, **{f"s{section.id}-body": "x" * 2005})
    assert (long.status, long.errors) == (422, ["Shorten the comment by 5 characters"])
    assert "x" * 2005 in long.one(f"//textarea[@name='s{section.id}-body']")
    assert client.post(f"/applications/{draft.id}/team/comments/999999").status == 404
    other = factories.application(factories.cycle(takes_teams=True))
    foreign = TeamComment(application_id=other.id, question_key="title", is_on_section=True, author_id=other.person_id,
                          body="x", created_at=now())  # fmt: skip
    db.session.add(foreign)
    db.session.flush()
    assert client.post(f"/applications/{draft.id}/team/comments/{foreign.id}/resolve").status == 404


def test_comments_are_counted_and_the_one_too_many_stays_on_the_page(
    client: PageClient, throttled: Callable[[], PageClient], draft: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(team_views, "COMMENTS", "2 per hour")
    factories.member(draft, factories.person("Ren", "Nakagawa"))
    db.session.commit()
    section = draft.form.sections[0]
    path, body = f"/applications/{draft.id}/team/comments/{section.id}", f"s{section.id}-body"
    visitor = throttled().sign_in(draft.person)
    for words in ("One", "Two"):
        visitor.get(f"/applications/{draft.id}/team/read").submit(path, **{body: words})
    page = visitor.get(f"/applications/{draft.id}/team/read").submit(path, **{body: "Three of them"})
    assert page.status == 429
    assert page.errors == ["You have written 60 comments within an hour. Send this one later: it stands below."]
    assert "Three of them" in page.one(f"//textarea[@name='{body}']")
    assert sorted(each.body for each in db.session.scalars(select(TeamComment))) == ["One", "Two"]


def test_comments_follow_their_question_into_another_version_of_the_form(
    client: PageClient, draft: Application
) -> None:
    factories.member(draft, factories.person("Ren", "Nakagawa"))
    for key, body in (("cv", "About the file"), ("gone", "About what is gone")):
        db.session.add(
            TeamComment(
                application_id=draft.id,
                question_key=key,
                is_on_section=False,
                author_id=draft.person_id,
                body=body,
                created_at=now(),
            )
        )
    draft.form = factories.published_form(
        draft.cycle, [("Files", [{"key": "cv", "kind": "file", "label": "Your CV"}]),
                      ("Rest", [{"key": "title", "kind": "short_text", "label": "Title"}])], number=2
    )  # fmt: skip
    db.session.commit()
    page = client.sign_in(draft.person).get(section_path(draft, 0))
    assert "on “Your CV” About the file" in page.text
    assert "About what is gone" in page.text
    assert "About" not in client.get(section_path(draft, 1)).text.replace("About The whole section", "")


def test_who_changed_what_and_when(client: PageClient, draft: Application) -> None:
    lead, ren = draft.person, factories.person("Ren", "Nakagawa")
    client.sign_in(lead).get(section_path(draft)).submit(button="Save and go", **{name_of(draft, "title"): "Alone"})
    member = factories.member(draft, ren)
    page = client.get(f"/applications/{draft.id}/team")
    assert "Who changed which answer, and when, will stand here." in page.text
    with time_machine.travel("2026-11-25T12:42:00+00:00", tick=False):
        draft.cycle.opens_at, draft.cycle.closes_at = now() - timedelta(days=1), now() + timedelta(days=9)
        db.session.commit()
        page = client.sign_in(ren).get(section_path(draft))
        page.submit(button="Save and go", **{name_of(draft, "title"): "Together"})
        assert "Saved at 7:42 am ET by Ren N." in client.sign_in(lead).get(section_path(draft)).text
        page = client.get(f"/applications/{draft.id}/team")
        assert page.all("//section[@aria-labelledby='changes']//li") == [
            "Project titleRen Nakagawa, Wed, Nov 25, 7:42 am ET"
        ]
        member.ended_at = now()
        db.session.commit()
        assert "Project title" in client.get(f"/applications/{draft.id}/team").text


def test_the_other_text_in_a_conflict_has_its_author(app: Flask, client: PageClient, draft: Application) -> None:
    ren = factories.person("Ren", "Nakagawa")
    factories.member(draft, ren)
    title = name_of(draft, "title")
    mine = client.sign_in(draft.person).get(section_path(draft))
    other = PageClient(app).sign_in(ren)
    other.get(section_path(draft)).submit(button="Save and go", **{title: "Ren’s"})
    page = mine.submit(button="Save and go", **{title: "Mine"})
    assert page.status == 409
    assert "was changed by Ren Nakagawa while you had it open" in page.text
    assert "Mine" in page.text
    assert "Ren’s" in page.text
    key = title.removeprefix("q")
    said = client.post(
        f"{section_path(draft)}/autosave", {title: "Mine", "seen": f"{key}:-"}, headers={"Accept": "application/json"}
    )
    (conflict,) = said.response.get_json()["conflicts"]
    assert (said.status, conflict["by"], conflict["theirs"]) == (409, "Ren Nakagawa", "Ren’s")


def test_a_conflict_with_ones_own_other_tab_names_nobody(app: Flask, client: PageClient, draft: Application) -> None:
    ren = factories.person("Ren", "Nakagawa")
    factories.member(draft, ren)
    title = name_of(draft, "title")
    PageClient(app).sign_in(ren).get(section_path(draft)).submit(button="Save and go", **{title: "Ren’s"})
    client.sign_in(draft.person)
    tabs = [client.get(section_path(draft)) for _ in range(2)]
    tabs[0].submit(button="Save and go", **{title: "Mine, in another tab"})
    page = tabs[1].submit(button="Save and go", **{title: "Mine, here"})
    assert page.status == 409
    assert "was changed in another tab or on another device while you had it open" in page.text


# pages


def test_where_cycles_take_no_teams_there_is_none(client: PageClient) -> None:
    alone = factories.application()
    client.sign_in(alone.person)
    assert client.get(f"/applications/{alone.id}").status == 200
    assert "Your team" not in client.get(f"/applications/{alone.id}").text
    for path in ("team", "team/read", "team/leave"):
        assert client.get(f"/applications/{alone.id}/{path}").status in {403, 404}
    fields = {"name": "x", "email": "x@example.org", "access": "view"}
    assert client.post(f"/applications/{alone.id}/team", fields).status in {403, 404}


def test_the_listing_and_the_start_page_know_the_team(client: PageClient, draft: Application) -> None:
    ren = factories.person("Ren", "Nakagawa")
    client.sign_in(ren)
    start = client.get(f"/applications/start/{draft.cycle_id}")
    assert "You apply as a team of 2 to 4 people." in start.text
    assert "You are on a team" not in start.text
    factories.member(draft, ren)
    start = client.get(f"/applications/start/{draft.cycle_id}")
    assert start.click("open its application").path == f"/applications/{draft.id}"
    page = client.get(f"/opportunities/{draft.cycle.opportunity.slug}")
    assert page.click("Continue application").path == f"/applications/{draft.id}"


def test_the_number_of_queries_does_not_grow_with_the_team(app: Flask, client: PageClient, draft: Application) -> None:
    draft.cycle.team_max = 50
    factories.member(draft, factories.person())
    client.sign_in(draft.person)
    paths = ["/applications", f"/applications/{draft.id}", f"/applications/{draft.id}/team",
             f"/applications/{draft.id}/team/read", section_path(draft)]  # fmt: skip
    counts = []
    for more in (0, 12):
        for n in range(more):
            who = factories.person(f"Person{n}", "Many")
            factories.member(draft, who)
            db.session.add(TeamComment(application_id=draft.id, question_key="title", is_on_section=True,
                                       author_id=who.id, body="x", created_at=now()))  # fmt: skip
            other = factories.application(factories.cycle(takes_teams=True), who)
            factories.member(other, draft.person)
        db.session.commit()
        found = []
        for path in paths:
            client.get(path)
            with count_queries(app) as statements:
                assert client.get(path).status == 200
            found.append(len(statements))
        counts.append(found)
    assert counts[0] == counts[1]
    assert counts[0][4] <= 12
