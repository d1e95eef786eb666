"""Who reads and scores what.  Reviewers see their own files while these are under review, and nothing else."""

from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import with_expression

from portal.accounts.datastore import more_of_session
from portal.accounts.models import Person
from portal.accounts.rules import coordinates, reviews_for, scope
from portal.accounts.status import Role
from portal.applications.models import Application, Document
from portal.applications.queries import teams_of
from portal.applications.rules import coordinate_application, more_readers, stands, took_part
from portal.applications.status import Status
from portal.catalogue.form_models import Question, Section
from portal.catalogue.models import Cycle
from portal.core.access import Refusal, once, rule
from portal.core.db import db
from portal.letters.policy import reviewers as letter_readers
from portal.review.models import Assignment
from portal.review.status import ACTIVE, REVIEWABLE, REVISABLE, AssignmentState

more_of_session.append(with_expression(Person.was_assigned, exists().where(Assignment.reviewer_id == Person.id)))


@rule("review.enter")
def enter_reviews(user: Any, _thing: object) -> bool:
    """Reviewers, and whoever was ever given a file."""
    if not user.is_authenticated:
        return False
    if scope(user, Role.REVIEWER):
        return True
    if user.was_assigned is None:  # somebody whose session this is not
        return bool(db.session.scalar(select(exists().where(Assignment.reviewer_id == user.id))))
    return bool(user.was_assigned)


def applies_too(person_id: int, cycle_id: int) -> bool:
    """Whether somebody has an application of their own or of their team in the cycle; withdrawn ones do not count."""
    mine = exists().where(
        Application.cycle_id == cycle_id,
        or_(Application.person_id == person_id, Application.id.in_(teams_of(person_id))),
        Application.status != Status.WITHDRAWN,
        Application.is_test.is_(False),
    )
    return once(("applies_too", person_id, cycle_id), lambda: bool(db.session.scalar(select(mine))))


@rule("assignment.read")
def read_assignment(user: Any, assignment: Any) -> bool:
    """One's own file, not recused, while the application is under review, one reviews for its listing and does not
    compete with it."""
    return (
        isinstance(assignment, Assignment)  # an application, when asked by the rule of managing
        and user.is_authenticated
        and assignment.reviewer_id == user.id
        and assignment.state in ACTIVE
        and assignment.application.status in REVIEWABLE
        and reviews_for(user, assignment.application.cycle.opportunity)
        and not took_part(user, assignment.application)
        and not _competes(assignment)
    )


def _competes(assignment: Assignment) -> bool:
    if assignment.competes is None:
        return applies_too(assignment.reviewer_id, assignment.application.cycle_id)
    return assignment.competes


@rule("review.write")
def write_review(user: Any, assignment: Assignment) -> bool | Refusal:
    """Drafts and first reviews until the decision; a submitted review is fixed once the selection meeting has it."""
    if not read_assignment(user, assignment):
        return False
    if assignment.state is AssignmentState.SUBMITTED and assignment.application.status not in REVISABLE:
        return Refusal("The selection meeting has this application, so your submitted review is fixed.")
    return True


@rule("assignment.manage")
def manage_assignments(user: Any, application: Application) -> bool:
    """Coordinators of the listing, for what was submitted; never for an application of their own."""
    return bool(coordinate_application(user, application))


@rule("cycle.assign")
def assign_in_cycle(user: Any, cycle: Cycle) -> bool:
    """Coordinators of the listing."""
    return coordinates(user, cycle.opportunity)


def reads_document(user: Any, document: Document) -> bool:
    """Whether a document belongs to a file that is the user's to review and answers a question for reviewers."""
    if not user.is_authenticated or not stands(document):
        return False
    assignment = db.session.scalar(
        select(Assignment).where(
            Assignment.application_id == document.application_id, Assignment.reviewer_id == user.id
        )
    )
    if assignment is None or not read_assignment(user, assignment):
        return False
    question = (
        select(Question.id)
        .join(Question.section)
        .where(
            Section.form_id == assignment.application.form_id,
            Question.key == document.question_key,
            Question.for_reviewers,
        )
    )
    return bool(db.session.scalar(select(question.exists())))


more_readers.append(reads_document)


def reads_letters(user: Any, application: Application) -> bool:
    """Whether an application is the user's to review: its letters are read beside it, once its review is open."""

    def read() -> bool:
        mine = select(Assignment).where(Assignment.application_id == application.id, Assignment.reviewer_id == user.id)
        assignment = db.session.scalar(mine)
        return assignment is not None and bool(read_assignment(user, assignment))

    return once(("reads_letters", user.id, application.id), read)


letter_readers.append(reads_letters)
