"""What was typed and cannot be saved any more is given back, to whoever typed it and may know why."""

import pytest

from portal.accounts.models import Person
from portal.applications import team_actions
from portal.applications.actions import submit
from portal.applications.carrying import carry
from portal.applications.models import Application
from portal.applications.team_models import Access, TeamComment
from portal.catalogue.form_actions import new_form_version
from portal.core.clock import now
from portal.core.db import db
from tests import factories
from tests.applications.conftest import complete_now, name_of, section_path
from tests.page_client import PageClient


@pytest.fixture
def draft(person: Person) -> Application:
    """A draft of a cycle that takes teams of two to four."""
    return factories.application(factories.cycle(takes_teams=True, team_min=2, team_max=4), person)


def test_an_older_page_gives_back_what_was_typed_too(client: PageClient, draft: Application) -> None:
    """The form was published anew, and the member removed, since they opened the page."""
    ren = factories.person("Ren", "Nakagawa")
    member = factories.member(draft, ren)
    page = client.sign_in(ren).get(section_path(draft))
    title = name_of(draft, "title")
    factories.published_form(draft.cycle, number=2)
    carry(draft.id, now=now())
    team_actions.end(member, draft, by=draft.person, now=now())
    db.session.commit()
    db.session.expire_all()
    assert name_of(draft, "title") != title
    refused = page.submit(button="Save and go", **{title: "Not lost"})
    assert (refused.status, refused.one("//h1")) == (403, "You are no longer on this team")
    assert (refused.all("//dt"), refused.all("//dd")) == (["Project title"], ["Not lost"])


def test_a_comment_and_a_message_sent_after_removal_come_back(client: PageClient, draft: Application) -> None:
    ren = factories.person("Ren", "Nakagawa")
    member = factories.member(draft, ren)
    section = draft.form.sections[0].id
    page = client.sign_in(ren).get(f"/applications/{draft.id}/team/read")
    talk = client.get(f"/applications/{draft.id}/conversation")
    team_actions.end(member, draft, by=draft.person, now=now())
    db.session.commit()
    refused = page.submit(f"/team/comments/{section}", **{f"s{section}-body": "Is <b>this</b> right?"})
    assert (refused.status, refused.one("//h1")) == (403, "You are no longer on this team")
    assert (refused.all("//dt"), refused.all("//dd")) == (["Comment"], ["Is <b>this</b> right?"])
    refused = talk.submit("/conversation", body="May we add a page?")
    assert (refused.all("//dt"), refused.all("//dd")) == (["Message"], ["May we add a page?"])
    assert db.session.query(TeamComment).count() == 0
    hidden = client.sign_in(factories.person()).post(f"/applications/{draft.id}/conversation", {"body": "Mine"})
    assert (hidden.status, "Mine" in hidden.text) == (404, False)


@pytest.mark.parametrize("what", ["access", "status"])
def test_a_comment_that_may_not_be_made_any_more_comes_back(client: PageClient, draft: Application, what: str) -> None:
    complete_now(draft)
    ren = factories.person("Ren", "Nakagawa")
    member = factories.member(draft, ren)
    section = draft.form.sections[0].id
    page = client.sign_in(ren).get(f"/applications/{draft.id}/team/read")
    if what == "access":
        team_actions.change_member(member, draft, duty="", access=Access.VIEW, by=draft.person)
    else:
        submit(draft, by=draft.person, now=now())
    db.session.commit()
    refused = page.submit(f"/team/comments/{section}", **{f"s{section}-body": "Is this right?"})
    title = {"access": "You can read this, not comment on it", "status": "Comments have ended"}[what]
    assert (refused.status, refused.one("//h1")) == (403, title)
    assert (refused.all("//dt"), refused.all("//dd")) == (["Comment"], ["Is this right?"])


def test_a_draft_deleted_while_a_member_types_gives_back_what_they_typed(
    client: PageClient, draft: Application
) -> None:
    """The audit trail alone knows whose it was; nobody else learns that there was one."""
    lead, ren, gone, stranger = draft.person, factories.person("Ren"), factories.person("Gone"), factories.person()
    factories.member(draft, ren)
    factories.member(draft, gone, left=True)
    path, title, section, key = section_path(draft), name_of(draft, "title"), draft.form.sections[0].id, draft.id
    page = client.sign_in(ren).get(path)
    comments = client.get(f"/applications/{key}/team/read")
    leads = PageClient(client.app).sign_in(lead)
    old = leads.get(path)
    leads.get(f"/applications/{key}/delete").submit("/delete")
    refused = page.submit(button="Save and go", **{title: "<b>Not lost"})
    assert (refused.status, refused.one("//h1")) == (410, "This draft was deleted")
    says = refused.one("//p[contains(@class, 'lead')]")
    assert says.startswith(f"{lead.full_name}, who led your team, deleted this draft on ")
    assert says.endswith(", so nothing was saved or sent.")
    assert (refused.all("//dt"), refused.all("//dd")) == (["Project title"], ["<b>Not lost"])
    script = client.post(f"{path}/autosave", headers={"Accept": "application/json"})
    assert (script.status, script.response.get_json()["reason"]) == (
        410, f"{says} Copy what you want to keep before you leave this page.",
    )  # fmt: skip
    refused = comments.submit(f"/team/comments/{section}", **{f"s{section}-body": "Why?"})
    assert (refused.status, refused.all("//dd")) == (410, ["Why?"])
    assert client.get(path).status == 404
    refused = old.submit(button="Save and go", **{title: "From another tab"})
    assert refused.one("//p[contains(@class, 'lead')]").startswith("You deleted this draft on ")
    assert refused.all("//dd") == ["From another tab"]
    for other in (gone, stranger):
        client.sign_in(other)
        hidden = client.post(path, {title: "Not lost", "to": "tasks"})
        never = client.post(f"/applications/{key + 10**6}/sections/{section}", {title: "Not lost", "to": "tasks"})
        assert (
            (hidden.status, hidden.one("//main")) == (never.status, never.one("//main")) == (404, never.one("//main"))
        )
        assert client.post(f"{path}/autosave", headers={"Accept": "application/json"}).status == 404


def test_a_form_that_was_never_public_is_read_by_nobody_through_a_deleted_draft(
    client: PageClient, draft: Application
) -> None:
    hidden = new_form_version(draft.cycle, by=None)
    secret = hidden.sections[0].questions[0]
    lead, key = draft.person, draft.id
    client.sign_in(lead).get(f"/applications/{key}/delete").submit("/delete")
    answer = client.post(f"/applications/{key}/sections/{hidden.sections[0].id}", {f"q{secret.id}": "x"})
    assert (answer.status, answer.all("//dt")) == (410, [])
