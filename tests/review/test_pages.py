"""The reviewer's pages, through the real routes."""

from contextvars import Context
from decimal import Decimal

import pytest
from flask import Flask

from portal.applications.status import Status
from portal.core.access import Refusal, can
from portal.core.clock import now
from portal.core.db import db
from portal.letters.status import State
from portal.review import actions, queries
from portal.review.models import Assignment
from portal.review.status import AssignmentState
from tests import factories
from tests.letters import factories as letter_factories
from tests.page_client import PageClient
from tests.queries import count_queries
from tests.review.conftest import Scene

NASTY = ["x" * 10_000, "🩺 שלום", "nul\0byte", "<script>alert(1)</script>", "=1+1"]


def row(scene: Scene) -> Assignment:
    db.session.expire_all()
    found = db.session.get(Assignment, scene.assignment.id)
    assert found is not None
    return found


def test_a_reviewer_scores_a_file_saves_and_submits(scene: Scene, client: PageClient) -> None:
    page = client.sign_in(scene.reviewer).get("/review")
    assert "0 of 1 reviewed" in page.text
    page = page.click("Pieter Vantongeren, MD")
    assert page.all("//h1") == ["Pieter Vantongeren, MD"]
    assert "Four sessions on declining a test." in page.text
    assert "Not started" in page.text
    first, second = scene.criteria
    page = page.submit(scene.path, button="Save draft", **{f"criterion_{first.id}": "4"}, comment="Teachable.")
    assert page.flashes == ["Draft saved. It does not count yet. Submit your review when every criterion has a score."]
    assert "Draft, not submitted" in page.text
    assert "1 of 2 criteria scored" in page.text
    assert f"4: {first.label} 4" in page.text
    assert row(scene).scores == {str(first.id): 4}
    page = page.submit(scene.path, button="Submit and open next")
    assert page.status == 422
    assert page.errors == [f"Score “{second.label}” from 1 to 5"]
    assert page.one("//textarea").strip() == "Teachable."
    page = page.submit(scene.path, button="Submit and open next", **{f"criterion_{second.id}": "5"})
    assert page.path == "/review"
    assert "1 of 1 reviewed" in page.text
    assert (row(scene).state, row(scene).score) == (AssignmentState.SUBMITTED, Decimal("4.40"))


def test_submitting_opens_the_next_file(scene: Scene, client: PageClient) -> None:
    [following] = actions.assign(
        scene.another("Ren", "Nakagawa"), reviewers=[scene.reviewer.id], by=scene.coordinator, now=now()
    )
    page = client.sign_in(scene.reviewer).get(scene.path)
    assert page.all("//a[@rel='prev']/@href") == [f"/review/{following.id}"]
    page = page.submit(scene.path, button="Submit and open next", **scene.fields(4, 4))
    assert page.path == f"/review/{following.id}"
    assert page.all("//a[@rel='next']/@href") == [scene.path]
    assert "1 of 2 reviewed" in page.text
    assert "Submitted, 4.00" in page.text


def test_cycles_with_outstanding_reviews_are_listed_first(scene: Scene, client: PageClient) -> None:
    newer = factories.cycle(scene.cycle.opportunity)
    applicant = factories.person("Eleni", "Petrakis")
    application = factories.application(newer, applicant, status=Status.IN_REVIEW)
    [assignment] = actions.assign(application, reviewers=[scene.reviewer.id], by=scene.coordinator, now=now())

    def order() -> list[str]:
        return client.get("/review").all("//h2/@id")

    client.sign_in(scene.reviewer)
    assert order() == [f"cycle-{newer.id}", f"cycle-{scene.cycle.id}"]
    assignment.state, assignment.score = AssignmentState.SUBMITTED, Decimal("4.00")
    assignment.submitted_at = now()
    db.session.commit()
    assert order() == [f"cycle-{scene.cycle.id}", f"cycle-{newer.id}"]


def test_a_submitted_review_can_be_revised_until_the_meeting(scene: Scene, client: PageClient) -> None:
    client.sign_in(scene.reviewer).get(scene.path).submit(scene.path, button="Submit", **scene.fields(4, 4))
    page = client.get(scene.path)
    assert "You can revise it until the selection meeting." in page.text
    page.submit(scene.path, button="Save changes to my review", **scene.fields(2, 2))
    assert row(scene).score == Decimal("2.00")
    stale = client.get(scene.path)
    application = row(scene).application
    from portal.applications.actions import move

    move(application, Status.PANEL, by=scene.coordinator, now=now())
    db.session.commit()
    page = stale.submit(scene.path, button="Save changes", **scene.fields(5, 5), comment="My late words")
    assert page.status == 409
    assert "My late words" in page.text
    assert row(scene).score == Decimal("2.00")
    page = client.get(scene.path)
    assert "The selection meeting has it, so it is fixed." in page.text
    assert not page.all("//button[@name='action']")


def test_two_tabs_keep_both_texts(scene: Scene, client: PageClient) -> None:
    tab = client.sign_in(scene.reviewer).get(scene.path)
    client.get(scene.path).submit(scene.path, button="Save draft", comment="First tab")
    page = tab.submit(scene.path, button="Save draft", comment="Second tab", **scene.fields(1, 2))
    assert page.status == 409
    assert "First tab" in page.text
    assert "Second tab" in page.text
    assert row(scene).comment == "First tab"


def test_recusing_closes_the_file_at_once(scene: Scene, client: PageClient) -> None:
    page = client.sign_in(scene.reviewer).get(scene.path)
    page = page.submit(scene.path, button="Save draft", comment="I know him", **scene.fields(5, 5))
    refused = page.submit("/recuse", reason="")
    assert refused.status == 422
    assert refused.errors == ["Choose a reason; “I would rather not say” is one"]
    page = page.submit("/recuse", reason="We publish or work together")
    assert page.path == "/review"
    assert "You recused yourself" in page.text
    assert not page.all(f"//a[@href='{scene.path}']")
    assert client.get(scene.path).status == 404
    assert client.post(scene.path, {"action": "save"}).status == 404
    assert row(scene).comment == ""


@pytest.mark.parametrize("status", [Status.DECIDED, Status.OFFERED, Status.WITHDRAWN])
def test_files_that_left_review_are_closed(scene: Scene, client: PageClient, status: Status) -> None:
    assert client.sign_in(scene.reviewer).get(scene.path).status == 200
    db.session.execute(
        db.text("UPDATE application SET status = :s WHERE id = :i"), {"s": status, "i": scene.application.id}
    )
    db.session.commit()
    assert client.get(scene.path).status == 404
    listed = client.get("/review")
    assert ("Closed before you submitted" in listed.text) == (status is not Status.WITHDRAWN)


def test_others_files_and_strangers_get_nothing(scene: Scene, client: PageClient) -> None:
    assert client.sign_in(scene.reviewer).get(scene.path).status == 200
    assert client.sign_in(scene.other).get(scene.path).status == 404
    assert client.sign_in(scene.coordinator).get(scene.path).status == 404
    assert client.get("/review").status == 404
    assert client.sign_in(factories.person()).get("/review").status == 404
    empty = client.sign_in(scene.other).get("/review")
    assert "You have nothing to review" in empty.text


def test_a_reviewer_who_applies_too_loses_the_files_of_the_cycle(scene: Scene, client: PageClient) -> None:
    assert client.sign_in(scene.reviewer).get(scene.path).status == 200
    factories.application(scene.cycle, scene.reviewer)
    db.session.commit()
    assert client.get(scene.path).status == 404


def test_answers_and_files_not_for_reviewers_are_not_shown(context: None, client: PageClient) -> None:
    sections = [("All", [
        {"key": "title", "kind": "short_text", "label": "Title", "in_queue": True, "for_reviewers": False},
        {"key": "shown", "kind": "short_text", "label": "Shown"},
        {"key": "hidden", "kind": "short_text", "label": "Hidden", "for_reviewers": False},
        {"key": "cv", "kind": "file", "label": "CV"},
        {"key": "secret", "kind": "file", "label": "Secret file", "for_reviewers": False},
    ])]  # fmt: skip
    cycle = factories.cycle(form=False)
    factories.published_form(cycle, sections)
    reviewer = factories.reviewer(cycle.opportunity)
    application = factories.application(
        cycle, status=Status.IN_REVIEW, title="Secret title",
        answers={"title": "Secret title", "shown": "I am shown", "hidden": "I am hidden"},
    )  # fmt: skip
    cv = factories.document(application, "cv", filename="cv.pdf")
    secret = factories.document(application, "secret", filename="secret.pdf")
    word = factories.document(application, "cv", filename="cv.docx", media_type="application/msword", pages=None)
    coordinator = factories.coordinator(cycle.opportunity)
    [assignment] = actions.assign(application, reviewers=[reviewer.id], by=coordinator, now=now())
    assert can(coordinator, "document.read", secret)
    assert can(reviewer, "document.read", cv)
    assert not can(reviewer, "document.read", secret)
    page = client.sign_in(reviewer).get(f"/review/{assignment.id}")
    assert "I am shown" in page.text
    assert "I am hidden" not in page.text
    assert "Secret" not in page.text
    assert "secret.pdf" not in page.text
    page = client.get(f"/review/{assignment.id}?view={cv.id}")
    assert page.all("//iframe/@title") == ["cv.pdf"]
    assert client.get(f"/review/{assignment.id}?view={secret.id}").status == 404
    assert client.get(f"/review/{assignment.id}?view=x").status == 404
    page = client.get(f"/review/{assignment.id}?view={word.id}")
    assert "Download cv.docx" in page.text
    actions.recuse(assignment, reason="Another reason", by=reviewer, now=now())
    assert not can(reviewer, "document.read", cv)
    assert not can(factories.person(), "document.read", cv)


@pytest.mark.parametrize("text", NASTY)
def test_any_text_is_kept_or_refused(scene: Scene, client: PageClient, text: str) -> None:
    page = client.sign_in(scene.reviewer).get(scene.path)
    page = page.submit(scene.path, button="Save draft", comment=text)
    if len(text) > 5000:
        assert page.errors == ["Shorten your comment by 5,000 characters"]
        assert page.one("//textarea").strip() == text
    else:
        assert row(scene).comment == text.replace("\0", "")
        assert page.one("//textarea").strip() == text.replace("\0", "")


@pytest.mark.parametrize("value", ["0", "6", "-1", "x", "9" * 40, "٣"])
def test_scores_are_one_to_five(scene: Scene, client: PageClient, value: str) -> None:
    page = client.sign_in(scene.reviewer).get(scene.path)
    page = page.submit(scene.path, button="Save draft", **{f"criterion_{scene.criteria[0].id}": value})
    if value == "٣":
        assert row(scene).scores == {str(scene.criteria[0].id): 3}
    else:
        assert page.status == 422


def test_a_version_that_is_no_number_is_refused(scene: Scene, client: PageClient) -> None:
    page = client.sign_in(scene.reviewer).post(scene.path, {"action": "save", "version": "x"})
    assert page.status == 422
    assert client.post(scene.path, {"action": "save"}).status == 422


def test_visible_to_agrees_with_the_rule(scene: Scene) -> None:
    files = [
        factories.application(scene.cycle, factories.person(), status=status)
        for status in (Status.SUBMITTED, Status.ELIGIBLE, Status.PANEL)
    ]
    rows = actions.assign_all(files, reviewers=[scene.reviewer.id, scene.other.id], by=scene.coordinator, now=now())
    actions.recuse(rows[0], reason="Another reason", by=rows[0].reviewer, now=now())
    db.session.execute(db.text("UPDATE application SET status = 'decided' WHERE id = :i"), {"i": files[1].id})
    db.session.expire_all()
    everything = db.session.scalars(db.select(Assignment)).all()
    assert files[0].id in {one.application_id for one in db.session.scalars(queries.visible_to(scene.other))}
    factories.member(files[0], scene.other, left=True)
    assert files[0].id not in {one.application_id for one in db.session.scalars(queries.visible_to(scene.other))}
    for who in (scene.reviewer, scene.other, scene.coordinator, factories.admin()):
        seen = set(db.session.scalars(queries.visible_to(who)))
        assert seen == {one for one in everything if can(who, "assignment.read", one)}
    factories.application(scene.cycle, scene.reviewer)
    assert list(db.session.scalars(queries.visible_to(scene.reviewer))) == []
    assert list(db.session.scalars(queries.visible_to(scene.other))) != []
    factories.member(files[2], scene.other)
    assert list(db.session.scalars(queries.visible_to(scene.other))) == []
    assert not any(can(scene.other, "assignment.read", one) for one in everything)


def test_a_cycle_without_a_rubric_says_so(scene: Scene, client: PageClient) -> None:
    db.session.execute(db.text("DELETE FROM criterion WHERE cycle_id = :c"), {"c": scene.cycle.id})
    page = client.sign_in(scene.reviewer).get(scene.path)
    assert "This cycle has no rubric yet." in page.text
    page = page.submit(scene.path, button="Submit and open next", comment="Read")
    assert page.status == 422
    assert page.errors == ["This cycle has no rubric yet. Save a draft; the coordinator can add the rubric."]


def test_the_title_stands_on_top(scene: Scene, client: PageClient) -> None:
    page = client.sign_in(scene.reviewer).get(scene.path)
    assert "Saying no to low-value tests. " in page.text


@pytest.mark.parametrize("path", ["/review", "workspace"])
def test_the_number_of_queries_does_not_grow(scene: Scene, client: PageClient, path: str, app: Flask) -> None:
    path = scene.path if path == "workspace" else path
    client.sign_in(scene.reviewer).get(path)
    with count_queries(app) as few:
        client.get(path)
    files = [scene.another("Ren", f"Nakagawa {n}") for n in range(30)]
    actions.assign_all(files, reviewers=[scene.reviewer.id], by=scene.coordinator, now=now())
    db.session.commit()
    with count_queries(app) as many:
        client.get(path)
    assert len(few) == len(many)
    assert len(many) <= 12, many


def test_a_team_and_letters_cost_the_same_however_many(scene: Scene, client: PageClient, app: Flask) -> None:
    """Asked in a context of its own, as a process answers: nothing is in hand but what the page itself has read."""
    path = scene.path
    client.sign_in(scene.reviewer).get(path)  # what a process reads once
    letter_factories.plan(scene.cycle)
    costs = []
    for upto in (1, 6):
        for n in range(upto):
            factories.member(scene.application, factories.person("Ren", f"Nakagawa {upto} {n}"))
            letter_factories.letter(letter_factories.request(scene.application, state=State.RECEIVED))
        db.session.commit()
        db.session.expire_all()
        with count_queries(app) as found:
            answer = Context().run(client.raw.get, path)
        people = answer.get_data(as_text=True)
        assert people.count("Ren Nakagawa") == (1 if upto == 1 else 7)
        costs.append(len(found))
    assert costs[0] == costs[1] <= 12, found


def test_long_lists_have_pages(scene: Scene, client: PageClient) -> None:
    files = [scene.another("Ren", f"Nakagawa {n:03d}") for n in range(70)]
    actions.assign_all(files, reviewers=[scene.reviewer.id], by=scene.coordinator, now=now())
    page = client.sign_in(scene.reviewer).get("/review")
    assert len(page.all("//tbody/tr")) == 60
    page = page.click("Next")
    assert len(page.all("//tbody/tr")) == 11
    assert len(page.click("Previous").all("//tbody/tr")) == 60
    assert client.get("/review?after=nonsense").status == 400


def test_the_meeting_fixes_submitted_reviews_only(scene: Scene) -> None:
    assert can(scene.reviewer, "review.write", scene.assignment)
    db.session.execute(db.text("UPDATE application SET status = 'panel' WHERE id = :i"), {"i": scene.application.id})
    db.session.expire_all()
    assert can(scene.reviewer, "review.write", scene.assignment)
    row = scene.assignment
    actions.submit(row, scores=scene.scores(3, 3), comment="", version=row.version, by=scene.reviewer, now=now())
    refusal = can(scene.reviewer, "review.write", row)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "The selection meeting has this application, so your submitted review is fixed."
    assert not can(scene.other, "review.write", row)


def test_visitors_sign_in_first(scene: Scene, client: PageClient) -> None:
    document = factories.document(scene.application)
    assert can(scene.reviewer, "document.read", document)
    db.session.commit()
    for path in ("/review", scene.path, f"/applications/{scene.application.id}/documents/{document.id}"):
        page = client.get(path)
        assert page.status in {302, 303}
        assert page.location.startswith("/login")


@pytest.mark.parametrize("key", ["0", "999999999", "99999999999999999999999"])
def test_unknown_files_are_not_found(scene: Scene, client: PageClient, key: str) -> None:
    assert client.sign_in(scene.reviewer).get(f"/review/{key}").status == 404
    assert client.post(f"/review/{key}/recuse", {"reason": "x"}).status == 404
