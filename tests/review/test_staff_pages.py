"""Assigning, one by one and many at once, as coordinators do it."""

import pytest

from portal.applications.status import Status
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from portal.review import actions
from portal.review.models import Assignment
from tests import factories
from tests.page_client import PageClient
from tests.review.conftest import Scene


def pairs() -> set[tuple[int, int]]:
    db.session.expire_all()
    rows = db.session.execute(db.select(Assignment.application_id, Assignment.reviewer_id))
    return {(row[0], row[1]) for row in rows}


def mails() -> int:
    return len(db.session.scalars(db.select(Message).where(Message.template == "review_assigned")).all())


def test_a_coordinator_assigns_and_takes_back(scene: Scene, client: PageClient) -> None:
    base = f"/manage/applications/{scene.application.id}/assignments"
    client.sign_in(scene.coordinator)
    page = client.post(base, {"reviewers": [str(scene.other.id)]})
    assert (page.status, page.location) == (303, f"/manage/applications/{scene.application.id}")
    assert (scene.application.id, scene.other.id) in pairs()
    assert client.post(base, {"reviewers": [str(scene.other.id)]}).status == 303
    assert mails() == 2
    row = db.session.scalar(db.select(Assignment).where(Assignment.reviewer_id == scene.other.id))
    assert row is not None
    assert client.post(f"{base}/{row.id}/remove").status == 303
    assert (scene.application.id, scene.other.id) not in pairs()
    assert client.post(f"{base}/{row.id}/remove").status == 404
    assert client.post(f"{base}/{'9' * 30}/remove").status == 404


def test_a_submitted_review_is_not_taken_back(scene: Scene, client: PageClient) -> None:
    row = scene.assignment
    actions.submit(
        row, scores=scene.scores(3, 3), comment="", version=row.version, by=scene.reviewer, now=now()
    )  # fmt: skip
    page = client.sign_in(scene.coordinator).post(
        f"/manage/applications/{scene.application.id}/assignments/{row.id}/remove"
    )
    assert page.status == 409
    assert "Rosalind Hale has submitted a review" in page.text
    other = scene.another("Ren", "Nakagawa")
    db.session.commit()
    assert client.post(f"/manage/applications/{other.id}/assignments/{row.id}/remove").status == 404


def test_refusals_are_shown_with_the_choice_kept(scene: Scene, client: PageClient) -> None:
    base = f"/manage/applications/{scene.application.id}/assignments"
    factories.application(scene.cycle, scene.other)
    page = client.sign_in(scene.coordinator).post(base, {"reviewers": [str(scene.other.id)]})
    assert page.status == 422
    assert page.errors == ["Tobias Wren has an application in this cycle and cannot review it."]
    assert "Not in the list, because they have an application in this cycle: Tobias Wren." in page.text
    page = client.post(base)
    assert page.errors == ["Choose at least one reviewer"]
    assert client.post(base, {"reviewers": ["x"]}).status == 422
    assert client.post(base, {"reviewers": ["9" * 30]}).status == 422


def test_only_coordinators_of_the_listing_assign(scene: Scene, client: PageClient) -> None:
    base = f"/manage/applications/{scene.application.id}/assignments"
    data = {"reviewers": [str(scene.other.id)]}
    stranger = factories.coordinator(factories.unit())
    for who in (scene.reviewer, stranger, scene.application.person):
        client.sign_in(who)
        assert client.post(base, data).status in {403, 404}
        assert client.get(f"/manage/cycles/{scene.cycle.id}/assign").status == 404
        assert client.post(f"/manage/cycles/{scene.cycle.id}/assign", data).status == 404
    assert (scene.application.id, scene.other.id) not in pairs()
    draft = factories.application(scene.cycle, factories.person())
    client.sign_in(scene.coordinator)
    assert client.post(f"/manage/applications/{draft.id}/assignments", data).status == 404


def test_many_at_once_with_a_check_page(scene: Scene, client: PageClient) -> None:
    files = [scene.another("Ren", "Nakagawa"), scene.another("Livia", "Marchetti")]
    decided = factories.application(scene.cycle, factories.person(), status=Status.DECIDED)
    elsewhere = factories.application(status=Status.SUBMITTED)
    ids = [one.id for one in (*files, decided, elsewhere)]
    base = f"/manage/cycles/{scene.cycle.id}/assign"
    before = pairs()
    page = client.sign_in(scene.coordinator).get(f"{base}?" + "&".join(f"id={key}" for key in [*ids, 2**70, 0]))
    assert "3 applications" in page.text
    unanswered = client.get(f"{base}?id={ids[0]}&check=1")
    assert (unanswered.status, unanswered.errors) == (422, ["Choose at least one reviewer"])
    query = "&".join([*(f"id={key}" for key in ids), f"reviewers={scene.other.id}"])
    page = client.get(f"{base}?{query}")
    assert "2 assignments, 1 email." in page.text
    assert f"One email to {scene.other.email}." in page.text
    assert f"{decided} is not under review (decided)." in page.text
    assert pairs() == before
    again = page
    page = page.submit(base, button="Assign and send 1 email", follow=False)
    assert page.location == f"/manage/cycles/{scene.cycle.id}/applications" or page.status == 303
    assert pairs() - before == {(one.id, scene.other.id) for one in files}
    assert mails() == 2
    again.submit(base, button="Assign and send 1 email", follow=False)
    assert mails() == 2
    assert "There is nothing to assign" in client.get(f"{base}?{query}").text


def test_nothing_chosen(scene: Scene, client: PageClient) -> None:
    base = f"/manage/cycles/{scene.cycle.id}/assign"
    page = client.sign_in(scene.coordinator).get(base)
    assert "No application is chosen" in page.text
    assert client.post(base).status == 422


def test_a_listing_without_reviewers(context: None, client: PageClient) -> None:
    application = factories.application(status=Status.SUBMITTED)
    coordinator = factories.coordinator(application.cycle.opportunity)
    page = client.sign_in(coordinator).get(f"/manage/cycles/{application.cycle_id}/assign?id={application.id}")
    assert "This listing has no reviewers yet" in page.text


@pytest.mark.parametrize("state", ["none", "draft", "submitted", "recused"])
def test_the_panel(scene: Scene, client: PageClient, state: str) -> None:
    """The panel of the staff page of an application, rendered as that page includes it."""
    from flask import render_template, url_for  # noqa: F401
    from flask_login import login_user

    from portal.review import staff_queries

    row = scene.assignment
    if state == "draft":
        actions.save_draft(row, scores={}, comment="Mine", version=row.version, by=scene.reviewer, now=now())
    elif state == "submitted":
        actions.submit(
            row, scores=scene.scores(3, 4), comment="For the meeting", version=row.version, by=scene.reviewer, now=now()
        )
    elif state == "recused":
        actions.recuse(row, reason="Another reason", by=scene.reviewer, now=now())
    with client.app.test_request_context():
        login_user(scene.coordinator)
        html = render_template(
            "review/_assignments_panel.html",
            application=scene.application,
            review_panel=staff_queries.panel(scene.application),
        )
    assert ("Take back" in html) == (state in {"none", "draft"})
    assert ("For the meeting" in html) == (state == "submitted")
    assert "Mine" not in html
    assert "Tobias Wren (0 files)" in html
