"""Assigning, scoring, recusing and the summary, without pages."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.status import Role
from portal.applications.actions import withdraw
from portal.applications.status import Status
from portal.catalogue.form_models import Criterion
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.endorsements.models import Endorsement
from portal.endorsements.status import State as EndorsementState
from portal.letters.status import State as LetterState
from portal.messaging.models import Message
from portal.review import actions, queries, staff_queries
from portal.review.models import Assignment, ReviewSummary
from portal.review.status import AssignmentState
from tests import factories
from tests.letters import factories as letters
from tests.review.conftest import Scene


def mails(template: str) -> list[Message]:
    return list(db.session.scalars(db.select(Message).where(Message.template == template).order_by(Message.id)))


def summary(scene: Scene) -> tuple[int, int, Decimal | None, Decimal | None, Decimal | None]:
    row = db.session.get(ReviewSummary, scene.application.id, populate_existing=True)
    assert row is not None
    return row.assigned, row.submitted, row.mean, row.low, row.high


def give(scene: Scene, *values: int) -> Assignment:
    return actions.submit(
        scene.assignment,
        scores=scene.scores(*values),
        comment="Clear.",
        version=scene.assignment.version,
        by=scene.reviewer,
        now=now(),
    )


def test_assigning_twice_makes_one_assignment_and_one_mail(scene: Scene) -> None:
    again = actions.assign(scene.application, reviewers=[scene.reviewer.id], by=scene.coordinator, now=now())
    assert again == []
    assert [mail.to_address for mail in mails("review_assigned")] == [scene.reviewer.email]
    assert summary(scene) == (1, 0, None, None, None)


def test_many_files_make_one_mail_for_each_reviewer(scene: Scene) -> None:
    files = [scene.another("Ren", "Nakagawa"), scene.another("Łucja", "Szczepański")]
    made = actions.assign_all(
        files, reviewers=[scene.reviewer.id, scene.other.id], by=scene.coordinator, due_at=now() + timedelta(days=3),
        now=now(),
    )  # fmt: skip
    assert len(made) == 4
    written = mails("review_assigned")[1:]
    assert [(mail.to_name, mail.subject.split(":")[0]) for mail in written] == [
        (scene.reviewer.full_name, "2 applications to review"),
        (scene.other.full_name, "2 applications to review"),
    ]
    assert "- Ren Nakagawa\n" in written[0].text_body
    assert "- Łucja Szczepański\n" in written[0].text_body


@pytest.mark.parametrize(
    ("state", "did"),
    [
        (LetterState.NAMED, "is named for a letter about"),
        (LetterState.ASKED, "is asked for a letter about"),
        (LetterState.BOUNCED, "is asked for a letter about"),
        (LetterState.RECEIVED, "wrote a letter for"),
        (LetterState.DECLINED, ""),
        (LetterState.REPLACED, ""),
        (LetterState.CANCELLED, ""),
    ],
)
def test_whoever_writes_for_an_application_is_refused(state: LetterState, did: str, scene: Scene) -> None:
    local, _, domain = scene.other.email.partition("@")
    letters.request(scene.application, state=state, asked_at=now(), writer_address=f"{local}+letters@{domain}".upper())
    ask = {"reviewers": [scene.other.id], "by": scene.coordinator, "now": now()}
    if did:
        with pytest.raises(actions.CannotAssign) as refused:
            actions.assign(scene.application, **ask)
        assert refused.value.reasons == [f"Tobias Wren {did} {scene.application.reference} and cannot review it."]
    else:
        assert len(actions.assign(scene.application, **ask)) == 1
    assert len(actions.assign(scene.another("Ren", "Nakagawa"), **ask)) == 1  # tied to the other one alone


@pytest.mark.parametrize(
    ("state", "did"),
    [
        (EndorsementState.ASKED, "is asked to endorse"),
        (EndorsementState.CONFIRMED, "endorsed"),
        (EndorsementState.REOPENED, "endorsed"),
        (EndorsementState.DECLINED, ""),
        (EndorsementState.CANCELLED, ""),
    ],
)
def test_whoever_endorsed_an_application_is_refused(state: EndorsementState, did: str, scene: Scene) -> None:
    db.session.add(
        Endorsement(
            application=scene.application, state=state, name="Tobias Wren", role="director",
            email=scene.other.email.upper(), asked_by_id=scene.application.person_id, asked_at=now(), mailed_at=now(),
            changed_at=now(), confirmed_at=now(), typed_name="Tobias Wren", fingerprint="x",
            reason="No" if state is EndorsementState.DECLINED else "",
        )
    )  # fmt: skip
    db.session.flush()
    made = actions.plan([scene.application], [scene.other.id])
    assert made.refused == ([f"Tobias Wren {did} {scene.application.reference} and cannot review it."] if did else [])
    assert len(made.pairs) == (0 if did else 1)


def test_a_team_of_others_keeps_nobody_from_reviewing(scene: Scene) -> None:
    def competing() -> dict[str, bool]:
        return {str(one.person): one.competes for one in staff_queries.candidates(scene.cycle)}

    factories.member(scene.another("Ada", "Nwosu"), factories.person("Ren", "Nakagawa"))
    assert competing() == {"Rosalind Hale": False, "Tobias Wren": False}
    factories.member(scene.another("Ren", "Oduya"), scene.other)
    assert competing() == {"Rosalind Hale": False, "Tobias Wren": True}


def test_whoever_is_or_was_on_the_team_is_refused(scene: Scene) -> None:
    factories.member(scene.application, scene.other, left=True)
    with pytest.raises(actions.CannotAssign) as refused:
        actions.assign(scene.application, reviewers=[scene.other.id], by=scene.coordinator, now=now())
    assert refused.value.reasons == [f"Tobias Wren is or was on the team of {scene.application.reference}."]
    another = scene.another("Ren", "Nakagawa")
    assert len(actions.assign(another, reviewers=[scene.other.id], by=scene.coordinator, now=now())) == 1
    factories.member(scene.another("Ada", "Nwosu"), scene.other)
    with pytest.raises(actions.CannotAssign) as refused:
        actions.assign(scene.another("Lotte", "Kern"), reviewers=[scene.other.id], by=scene.coordinator, now=now())
    assert refused.value.reasons == ["Tobias Wren has an application in this cycle and cannot review it."]


def test_those_with_an_application_of_their_own_in_the_cycle_are_refused(scene: Scene) -> None:
    factories.application(scene.cycle, scene.other)
    with pytest.raises(actions.CannotAssign) as refused:
        actions.assign(scene.application, reviewers=[scene.other.id], by=scene.coordinator, now=now())
    assert refused.value.reasons == ["Tobias Wren has an application in this cycle and cannot review it."]


def test_an_applicant_never_reviews_their_own_application(scene: Scene) -> None:
    applicant = scene.application.person
    factories.membership(applicant, Role.REVIEWER, opportunity=scene.cycle.opportunity)
    with pytest.raises(actions.CannotAssign, match="has an application in this cycle"):
        actions.assign(scene.application, reviewers=[applicant.id], by=scene.coordinator, now=now())
    withdrawn = factories.application(scene.cycle, scene.other, status=Status.WITHDRAWN)
    plan = actions.plan([withdrawn], [scene.other.id])
    assert plan.refused == [f"Tobias Wren is the applicant of {withdrawn}."]


def test_others_files_not_under_review_and_recused_people_are_refused(scene: Scene) -> None:
    stranger = factories.person()
    assert actions.plan([scene.application], [stranger.id]).refused == ["Choose reviewers of this listing."]
    decided = factories.application(scene.cycle, factories.person(), status=Status.DECIDED)
    assert actions.plan([decided], [scene.other.id]).refused == [f"{decided} is not under review (decided)."]
    actions.recuse(scene.assignment, reason="Another reason", by=scene.reviewer, now=now())
    assert actions.plan([scene.application], [scene.reviewer.id]).refused == [
        f"Rosalind Hale recused themselves from {scene.application}."
    ]
    assert actions.plan([], [scene.other.id]).pairs == []


def test_reviewers_of_listing_and_unit_are_offered_and_no_others(scene: Scene) -> None:
    factories.reviewer(factories.unit(), "Elsewhere", "Person")
    factories.reviewer(scene.cycle.opportunity, "Gone", "Person", active=False)
    assert [str(one) for one in staff_queries.reviewers_for(scene.cycle.opportunity)] == [
        "Rosalind Hale",
        "Tobias Wren",
    ]
    assert [(str(one.person), one.load) for one in staff_queries.candidates(scene.cycle)] == [
        ("Rosalind Hale", 1),
        ("Tobias Wren", 0),
    ]


@pytest.mark.parametrize(
    ("files", "words"), [(0, "0 files"), (1, "1 file"), (499, "499 files"), (500, "500 files or more")]
)
def test_how_many_files_somebody_has_is_counted_up_to_a_limit(scene: Scene, files: int, words: str) -> None:
    assert staff_queries.Candidate(scene.other, files, competes=False).load_words == words


def test_unassigning_takes_back_a_draft_but_not_a_review(scene: Scene) -> None:
    key = scene.assignment.id
    [other] = actions.assign(scene.application, reviewers=[scene.other.id], by=scene.coordinator, now=now())
    actions.unassign(other, by=scene.coordinator)
    assert summary(scene) == (1, 0, None, None, None)
    give(scene, 4, 5)
    with pytest.raises(actions.CannotUnassign):
        actions.unassign(scene.assignment, by=scene.coordinator)
    assert db.session.get(Assignment, key) is not None
    removed = db.session.scalar(db.select(Event).where(Event.verb == "assignment.removed"))
    assert removed is not None
    assert removed.facts["reviewer"] == "Tobias Wren"


def test_a_review_is_scored_by_weight_and_summed_up(scene: Scene) -> None:
    done = give(scene, 4, 5)
    assert (done.state, done.score) == (AssignmentState.SUBMITTED, Decimal("4.40"))
    [other] = actions.assign(scene.application, reviewers=[scene.other.id], by=scene.coordinator, now=now())
    actions.submit(other, scores=scene.scores(1, 2), comment="", version=other.version, by=scene.other, now=now())
    assert summary(scene) == (2, 2, Decimal("2.90"), Decimal("1.40"), Decimal("4.40"))
    assert actions.summarise(scene.application).mean == Decimal("2.90")


def test_submit_names_what_is_missing(scene: Scene) -> None:
    first, second = scene.criteria
    with pytest.raises(actions.Incomplete) as refused:
        actions.submit(
            scene.assignment, scores={first.id: 3}, comment="", version=scene.assignment.version, by=scene.reviewer,
            now=now(),
        )  # fmt: skip
    assert refused.value.missing == [second]


def test_a_cycle_without_a_rubric_takes_drafts_only(scene: Scene) -> None:
    db.session.execute(db.delete(Criterion).where(Criterion.cycle_id == scene.cycle.id))
    with pytest.raises(actions.Incomplete):
        give(scene)
    saved = actions.save_draft(
        scene.assignment, scores={}, comment="Read.", version=scene.assignment.version, by=scene.reviewer, now=now()
    )
    assert saved.state is AssignmentState.DRAFT


def test_a_revision_keeps_what_was_there_before_in_the_trail(scene: Scene) -> None:
    give(scene, 4, 5)
    give(scene, 3, 3)
    assert scene.assignment.score == Decimal("3.00")
    event = db.session.scalar(db.select(Event).where(Event.verb == "review.revised"))
    assert event is not None
    assert event.facts["before"]["score"] == "4.40"
    assert event.facts["score"] == "3.00"
    with pytest.raises(actions.ReviewClosed):
        actions.save_draft(
            scene.assignment, scores={}, comment="", version=scene.assignment.version, by=scene.reviewer, now=now()
        )


def test_a_stale_version_is_refused(scene: Scene) -> None:
    with pytest.raises(actions.ReviewChanged) as changed:
        actions.save_draft(scene.assignment, scores={}, comment="x", version=99, by=scene.reviewer, now=now())
    assert changed.value.assignment is scene.assignment


def test_recusing_empties_the_review_and_tells_the_coordinators(scene: Scene) -> None:
    give(scene, 4, 5)
    actions.recuse(scene.assignment, reason="We are related or close", by=scene.reviewer, now=now())
    row = scene.assignment
    assert (row.state, row.scores, row.comment, row.score, row.submitted_at) == (
        AssignmentState.RECUSED, {}, "", None, None,
    )  # fmt: skip
    assert summary(scene) == (0, 0, None, None, None)
    [mail] = mails("review_recused")
    assert mail.to_address == scene.coordinator.email
    assert "We are related or close" in mail.text_body
    with pytest.raises(actions.ReviewClosed):
        actions.recuse(row, reason="again", by=scene.reviewer, now=now())


def test_without_a_coordinator_the_listing_s_contact_is_told(scene: Scene) -> None:
    scene.coordinator.memberships.clear()
    db.session.flush()
    actions.recuse(scene.assignment, reason="Another reason", by=scene.reviewer, now=now())
    assert [mail.to_address for mail in mails("review_recused")] == ["scholars@example.org"]


def test_an_assignment_taken_back_at_the_same_moment_is_closed(scene: Scene) -> None:
    gone = scene.assignment
    db.session.execute(
        db.delete(Assignment).where(Assignment.id == gone.id), execution_options={"synchronize_session": False}
    )
    with pytest.raises(actions.ReviewClosed):
        actions.save_draft(gone, scores={}, comment="", version=gone.version, by=scene.reviewer, now=now())


def test_the_next_file_is_the_one_that_fewest_have_reviewed(scene: Scene) -> None:
    files = [scene.another("Ren", "Nakagawa"), scene.another("Livia", "Marchetti")]
    actions.assign_all(files, reviewers=[scene.reviewer.id], by=scene.coordinator, now=now())
    [other] = actions.assign(files[0], reviewers=[scene.other.id], by=scene.coordinator, now=now())
    actions.submit(other, scores=scene.scores(3, 3), comment="", version=other.version, by=scene.other, now=now())
    following = queries.next_unscored(scene.reviewer, besides=scene.assignment)
    assert following is not None
    assert following.application is files[1]


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 5)), min_size=1, max_size=8),
)
def test_a_weighted_score_is_a_mean(rows: list[tuple[int, int]]) -> None:
    criteria = [Criterion(id=key, label=str(key), weight=weight) for key, (weight, _) in enumerate(rows)]
    score = actions.weighted(criteria, {key: value for key, (_, value) in enumerate(rows)})
    if not sum(weight for weight, _ in rows):
        assert score is None
    else:
        assert score is not None
        assert min(value for _, value in rows) <= score <= max(value for _, value in rows)
        assert score == score.quantize(Decimal("0.01"))


def test_halves_round_up() -> None:
    criteria = [Criterion(id=1, label="a", weight=1), Criterion(id=2, label="b", weight=199)]
    assert actions.weighted(criteria, {1: 2, 2: 1}) == Decimal("1.01")  # 1.005


def test_a_withdrawal_releases_what_is_not_reviewed_and_tells_those_reviewers(context: None) -> None:
    application = factories.application(status=Status.IN_REVIEW)
    listing = application.cycle.opportunity
    coordinator = factories.coordinator(listing)
    people = [factories.reviewer(listing, given) for given in ("Rosalind", "Amadou", "Xiomara")]
    given = actions.assign(application, reviewers=[one.id for one in people], by=coordinator, now=now())
    by_person = {one.reviewer_id: one for one in given}
    done, drafting = by_person[people[0].id], by_person[people[1].id]
    scores = {one.id: 4 for one in queries.criteria_of(application.cycle_id)}
    actions.submit(done, scores=scores, comment="", version=done.version, by=people[0], now=now())
    actions.save_draft(drafting, scores={}, comment="Hm", version=drafting.version, by=people[1], now=now())
    withdraw(application, by=application.person, now=now(), reason="Another place")
    db.session.expire_all()
    left = db.session.scalars(db.select(Assignment).where(Assignment.application_id == application.id)).all()
    assert [one.reviewer for one in left] == [people[0]]
    released = mails("review_released")
    assert {mail.to_address for mail in released} == {people[1].email, people[2].email}
    assert application.person.full_name in released[0].text_body
    assert "Another place" not in released[0].text_body
    lines = db.select(Event).where(Event.verb == "assignment.released")
    assert sorted(line.facts["state"] for line in db.session.scalars(lines)) == ["assigned", "draft"]
    row = db.session.get_one(ReviewSummary, application.id)
    assert (row.assigned, row.submitted) == (1, 1)
