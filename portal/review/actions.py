"""Assigning, scoring, handing in and recusing.

Every action locks the application first and its assignment second, so that two of them cannot deadlock, and looks at
both again once it holds them: a withdrawal or a recusal in another tab is seen.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.catalogue.form_models import Criterion
from portal.core import audit
from portal.core.db import db
from portal.core.text import clean
from portal.letters.rules import why_waiting
from portal.letters.status import REVIEW_OPEN
from portal.messaging.actions import write
from portal.review.conflicts import Ties, ties
from portal.review.models import Assignment, ReviewSummary
from portal.review.queries import criteria_of
from portal.review.staff_queries import candidates, coordinators_for
from portal.review.status import ACTIVE, REVIEWABLE, REVISABLE, AssignmentState

CENT = Decimal("0.01")
MAIL_NAMES = 12


class CannotAssign(Exception):
    """Somebody may not review this application; `reasons` are whole sentences."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


class CannotUnassign(Exception):
    """The review is in, so the assignment stays."""


class ReviewClosed(Exception):
    """The file is no longer open to this reviewer, or their review is fixed."""


class ReviewChanged(Exception):
    """Somebody saved the review since the page was opened; `assignment` holds what is saved now."""

    def __init__(self, assignment: Assignment) -> None:
        super().__init__("the review was saved since")
        self.assignment = assignment


class Incomplete(Exception):
    """Criteria without a score; `missing` holds them."""

    def __init__(self, missing: Sequence[Criterion]) -> None:
        super().__init__(", ".join(criterion.label for criterion in missing))
        self.missing = list(missing)


@dataclass(frozen=True)
class Plan:
    """Who would get what: pairs to make, and sentences on the pairs that cannot be made."""

    pairs: Sequence[tuple[Application, Person]]
    refused: Sequence[str]

    def by_reviewer(self) -> list[tuple[Person, list[Application]]]:
        """The pairs, grouped by reviewer in the order of their names: one mail each."""
        grouped: dict[Person, list[Application]] = {}
        for application, person in self.pairs:
            grouped.setdefault(person, []).append(application)
        return sorted(grouped.items(), key=lambda item: (item[0].sort_name, item[0].id))


def plan(applications: Sequence[Application], reviewer_ids: Collection[int]) -> Plan:
    """What assigning these reviewers to these applications of one cycle would do; nothing is written.

    In: applications of one cycle, ids of people.  Pairs that exist already are left out silently.
    """
    if not applications:
        return Plan([], [])
    known = {one.person.id: one for one in candidates(applications[0].cycle)}
    refused = [] if set(reviewer_ids) <= known.keys() else ["Choose reviewers of this listing."]
    chosen = [known[key] for key in dict.fromkeys(reviewer_ids) if key in known]
    states = _states(applications, [one.person.id for one in chosen])
    waits = why_waiting([one for one in applications if one.status not in REVIEW_OPEN])
    tied = ties(applications)
    pairs = []
    for one in chosen:
        if one.competes:
            refused.append(f"{one.person.full_name} has an application in this cycle and cannot review it.")
            continue
        for application in applications:
            state = states.get((application.id, one.person.id))
            if reason := _why_not(application, one.person, state, tied):
                refused.append(reason)
            elif state is None and application.id in waits:
                refused.append(waits[application.id])
            elif state is None:
                pairs.append((application, one.person))
    return Plan(pairs, list(dict.fromkeys(refused)))


def _why_not(application: Application, person: Person, state: AssignmentState | None, tied: Ties) -> str:
    """Why somebody is not assigned to an application, as a sentence; empty when they can be, or are already."""
    if reason := tied.why_not(application, person):
        return reason
    if application.status not in REVIEWABLE:
        return f"{application} is not under review ({application.status.label.lower()})."
    if state is AssignmentState.RECUSED:
        return f"{person.full_name} recused themselves from {application}."
    return ""


def _states(applications: Sequence[Application], reviewer_ids: Sequence[int]) -> dict[tuple[int, int], AssignmentState]:
    rows = db.session.execute(
        select(Assignment.application_id, Assignment.reviewer_id, Assignment.state).where(
            Assignment.application_id.in_([application.id for application in applications]),
            Assignment.reviewer_id.in_(reviewer_ids),
        )
    )
    return {(row.application_id, row.reviewer_id): row.state for row in rows}


def assign(
    application: Application, *, reviewers: Collection[int], by: Person, due_at: datetime | None = None, now: datetime
) -> list[Assignment]:
    """Give an application to reviewers and write each of them one mail; those who have it already are left alone.

    In: ids of people; when the reviews are due (the cycle's date unless given).  Out: the new assignments.
    Raises CannotAssign when one of them may not review it; then nobody is assigned.
    """
    _lock([application])
    wanted = plan([application], reviewers)
    if wanted.refused:
        raise CannotAssign(wanted.refused)
    return _carry_out(wanted, by=by, due_at=due_at, now=now)


def assign_all(
    applications: Sequence[Application],
    *,
    reviewers: Collection[int],
    by: Person,
    due_at: datetime | None = None,
    now: datetime,
) -> list[Assignment]:
    """Give applications of one cycle to reviewers wherever `plan` allows it, with one mail to each reviewer."""
    _lock(applications)
    return _carry_out(plan(applications, reviewers), by=by, due_at=due_at, now=now)


def _carry_out(wanted: Plan, *, by: Person, due_at: datetime | None, now: datetime) -> list[Assignment]:
    made = []
    for person, applications in wanted.by_reviewer():
        cycle = applications[0].cycle
        due = due_at or cycle.reviews_due_at
        for application in applications:
            row = Assignment(
                application=application, reviewer=person, assigned_by_id=by.id, assigned_at=now, due_at=due,
                state=AssignmentState.ASSIGNED, scores={}, comment="", recusal_reason="",
            )  # fmt: skip
            db.session.add(row)
            made.append(row)
            audit.record(by, "assignment.made", row, application=str(application), reviewer=str(person))
        write(
            "review_assigned", to=person, about=cycle, reply_to=cycle.opportunity.contact_email,
            person=person, cycle=cycle, due_at=due, n=len(applications),
            names=[application.person.full_name for application in applications[:MAIL_NAMES]],
        )  # fmt: skip
    for application in dict.fromkeys(application for application, _ in wanted.pairs):
        _summarise(application)
    return made


def unassign(assignment: Assignment, *, by: Person) -> None:
    """Take a file back from a reviewer, with their draft.  Raises CannotUnassign once the review is in."""
    assignment = _locked(assignment)
    if assignment.state is AssignmentState.SUBMITTED:
        raise CannotUnassign
    audit.record(
        by, "assignment.removed", assignment, application=str(assignment.application),
        reviewer=str(assignment.reviewer), state=assignment.state.value,
    )  # fmt: skip
    application = assignment.application
    db.session.delete(assignment)
    _summarise(application)


def save_draft(
    assignment: Assignment, *, scores: Mapping[int, int], comment: str, version: int, by: Person, now: datetime
) -> Assignment:
    """Keep scores (criterion id to 1..5) and comment as a draft that nobody else sees.

    Raises ReviewClosed or ReviewChanged; a submitted review is not turned back into a draft.
    """
    assignment = _open(assignment, version)
    if assignment.state is AssignmentState.SUBMITTED:
        raise ReviewClosed
    _write(assignment, scores, comment, now)
    assignment.state = AssignmentState.DRAFT
    audit.record(by, "review.saved", assignment, application=str(assignment.application))
    db.session.flush()
    return assignment


def submit(
    assignment: Assignment, *, scores: Mapping[int, int], comment: str, version: int, by: Person, now: datetime
) -> Assignment:
    """Hand the review in, or revise one that is in while the application is not yet at the selection meeting.

    Raises Incomplete when a criterion has no score, ReviewClosed or ReviewChanged.
    """
    assignment = _open(assignment, version)
    criteria = criteria_of(assignment.application.cycle_id)
    missing = [criterion for criterion in criteria if criterion.id not in scores]
    score = weighted(criteria, scores)
    if missing or score is None:
        raise Incomplete(missing)
    revised = assignment.state is AssignmentState.SUBMITTED
    before = {"scores": assignment.scores, "score": str(assignment.score)} if revised else {}
    _write(assignment, scores, comment, now)
    assignment.score = score
    assignment.submitted_at = now
    assignment.state = AssignmentState.SUBMITTED
    audit.record(
        by, "review.revised" if revised else "review.submitted", assignment,
        application=str(assignment.application), scores=assignment.scores, score=str(assignment.score),
        **({"before": before} if revised else {}),
    )  # fmt: skip
    db.session.flush()
    _summarise(assignment.application)
    return assignment


def weighted(criteria: Sequence[Criterion], scores: Mapping[int, int]) -> Decimal | None:
    """The weighted mean of 1..5 over the criteria scored, rounded half up to two decimals; None without any weight.

    Weights are percents that add up to 100, so that a complete review's score is the sum of weight x value / 100.
    """
    scored = [(criterion.weight, scores[criterion.id]) for criterion in criteria if criterion.id in scores]
    total = sum(weight for weight, _ in scored)
    if not total:
        return None
    points = sum(weight * value for weight, value in scored)
    return (Decimal(points) / total).quantize(CENT, ROUND_HALF_UP)


def recuse(assignment: Assignment, *, reason: str, by: Person, now: datetime) -> None:
    """End the reviewer's access at once, delete their scores and comment, and tell the coordinators.

    Raises ReviewClosed when the file is not open to them (any more).
    """
    assignment = _locked(assignment)
    if assignment.state not in ACTIVE or assignment.application.status not in REVIEWABLE:
        raise ReviewClosed
    assignment.state = AssignmentState.RECUSED
    assignment.scores, assignment.comment, assignment.score = {}, "", None
    assignment.submitted_at, assignment.saved_at = None, now
    assignment.recusal_reason = clean(reason)
    audit.record(by, "assignment.recused", assignment, application=str(assignment.application), reason=reason)
    db.session.flush()
    _summarise(assignment.application)
    application = assignment.application
    opportunity = application.cycle.opportunity
    told: list[Person | tuple[str, str]] = list(coordinators_for(opportunity))
    if not told and opportunity.contact_email:
        told = [(opportunity.contact_name or opportunity.title, opportunity.contact_email)]
    for person in told:
        write(
            "review_recused", to=person, about=application, application=application, reviewer=assignment.reviewer,
            reason=assignment.recusal_reason,
        )  # fmt: skip


def summarise(application: Application) -> ReviewSummary:
    """Write the summary that lists sort by, from the assignments as they are, under the application's row lock."""
    _lock([application])
    return _summarise(application)


def _summarise(application: Application) -> ReviewSummary:
    db.session.flush()
    row = db.session.execute(
        select(
            func.count().filter(Assignment.state.in_(ACTIVE)).label("assigned"),
            func.count(Assignment.score).label("submitted"),
            func.round(func.avg(Assignment.score), 2).label("mean"),
            func.min(Assignment.score).label("low"),
            func.max(Assignment.score).label("high"),
        ).where(Assignment.application_id == application.id)
    ).one()
    values = {**row._mapping, "cycle_id": application.cycle_id}
    summary: ReviewSummary = db.session.scalars(
        insert(ReviewSummary)
        .values(application_id=application.id, **values)
        .on_conflict_do_update(index_elements=[ReviewSummary.application_id], set_=values)
        .returning(ReviewSummary),
        execution_options={"populate_existing": True},
    ).one()
    return summary


def _lock(applications: Sequence[Application]) -> None:
    """Hold the rows of the applications, in the order of their ids, and read them afresh."""
    db.session.flush()
    ids = sorted(application.id for application in applications)
    db.session.scalars(
        select(Application)
        .where(Application.id.in_(ids))
        .order_by(Application.id)
        .with_for_update(of=Application)
        .execution_options(populate_existing=True)
    ).all()


def _locked(assignment: Assignment) -> Assignment:
    """Hold the application's row, then the assignment's, and read both afresh.  Raises ReviewClosed when it is gone."""
    key = assignment.id
    _lock([assignment.application])
    held = select(Assignment).where(Assignment.id == key).with_for_update(of=Assignment)
    found = db.session.scalar(held.execution_options(populate_existing=True))  # `get` would stop at another version
    if found is None:
        raise ReviewClosed
    return found


def _open(assignment: Assignment, version: int) -> Assignment:
    assignment = _locked(assignment)
    status = assignment.application.status
    fixed = assignment.state is AssignmentState.SUBMITTED and status not in REVISABLE
    if assignment.state not in ACTIVE or status not in REVIEWABLE or fixed:
        raise ReviewClosed
    if assignment.version != version:
        raise ReviewChanged(assignment)
    return assignment


def _write(assignment: Assignment, scores: Mapping[int, int], comment: str, now: datetime) -> None:
    assignment.scores = {str(key): value for key, value in sorted(scores.items())}
    assignment.comment = clean(comment)
    assignment.saved_at = now
