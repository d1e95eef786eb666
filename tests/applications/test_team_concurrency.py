"""What two people of a team at once may not break, with real connections and real commits."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.applications.marks import stamp
from portal.applications.models import Application
from portal.applications.status import Status
from portal.applications.team_models import TeamMember
from portal.core.db import db
from portal.core.tokens import hashed
from tests import factories
from tests.applications.conftest import complete_now, name_of, section_path
from tests.applications.test_concurrency import at_once, browsers, post

pytestmark = pytest.mark.slow


def test_two_members_save_different_questions_of_one_section(committed: Flask) -> None:
    with committed.app_context():
        draft = factories.application(factories.cycle(takes_teams=True), factories.person())
        ren = factories.person("Ren", "Nakagawa")
        factories.member(draft, ren)
        path, names = section_path(draft), (name_of(draft, "title"), name_of(draft, "proposal"))
        draft_id, seen = draft.id, " ".join(f"{name[1:]}:-" for name in names)
        sessions = [*browsers(committed, draft.person, 1), *browsers(committed, ren, 1)]
    typed = [{names[0]: "Lead", names[1]: ""}, {names[0]: "", names[1]: "Member"}]
    answers = at_once(
        *(
            lambda c=client, t=token, f=fields: post(c, t, path, seen=seen, to="tasks", **f)
            for (client, token), fields in zip(sessions, typed, strict=True)
        )
    )
    assert answers == [303, 303]
    with committed.app_context():
        assert db.session.get_one(Application, draft_id).values == {"title": "Lead", "proposal": "Member"}


def test_the_lead_submits_while_a_member_saves(committed: Flask) -> None:
    """Either the save comes first and is part of what was submitted, or it is refused and changes nothing."""
    for number in range(4):
        with committed.app_context():
            draft = factories.application(factories.cycle(takes_teams=True, team_min=1), factories.person())
            complete_now(draft)
            ren = factories.person("Ren", f"Nakagawa-{number}")
            factories.member(draft, ren)
            draft_id, path, title = draft.id, section_path(draft), name_of(draft, "title")
            question = title[1:]
            ((lead, lead_token),) = browsers(committed, draft.person, 1)
            ((member, member_token),) = browsers(committed, ren, 1)
        submitted, saved = at_once(
            lambda c=lead, t=lead_token, d=draft_id: post(c, t, f"/applications/{d}/submit"),
            lambda c=member, t=member_token, p=path, n=title: post(
                c, t, p, to="tasks", **{n: "Late words", "seen": f"{n[1:]}:{stamp('Waiting-room stories')}"}
            ),
        )
        assert submitted == 303
        assert saved in {303, 409}
        with committed.app_context():
            found = db.session.get_one(Application, draft_id)
            assert found.status is Status.SUBMITTED
            was = "Late words" if saved == 303 else "Waiting-room stories"
            assert (found.values["title"], found.title, question.isdigit()) == (was, was, True)


def test_an_invitation_is_joined_by_one_of_two_who_try_at_once(committed: Flask) -> None:
    with committed.app_context():
        draft = factories.application(factories.cycle(takes_teams=True), factories.person())
        invited = factories.member(draft, token_hash=hashed("the-token"))
        people = [factories.person("Ren", "Nakagawa"), factories.person("Ada", "Nwosu")]
        member_id, ids = invited.id, {person.id for person in people}
        sessions = [session for person in people for session in browsers(committed, person, 1)]
    answers = at_once(
        *(lambda c=client, t=token: post(c, t, "/applications/join/the-token") for client, token in sessions)
    )
    assert answers.count(303) == 1
    assert set(answers) <= {303, 404, 409}
    with committed.app_context():
        member = db.session.scalars(select(TeamMember).where(TeamMember.id == member_id)).one()
        assert member.person_id in ids
