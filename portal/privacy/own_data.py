"""All that an account holds, as plain values: what a person may take away.

What the portal keeps from the person stays out: decisions whose letter has not gone, notes of staff, reviews of their
application, letters of recommendation that they waived the right to see.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select

from portal.accounts.models import Person
from portal.accounts.queries import SIGN_IN_VERBS
from portal.applications import queries as application_queries
from portal.applications.conversation_models import ConversationMessage
from portal.applications.extension_models import Extension
from portal.applications.inspection import plain_name
from portal.applications.models import Application, Document
from portal.applications.progress import timeline
from portal.applications.revision_models import ChangeRequest, Revision
from portal.applications.sheet import sheet
from portal.applications.status import Status
from portal.applications.team_models import TeamComment, TeamMember
from portal.applications.transfer import export_answers
from portal.applications.transfer_files import described
from portal.core.audit import Event
from portal.core.db import db
from portal.endorsements.models import Endorsement
from portal.following.models import Follow
from portal.following.newsletter_queries import of_address
from portal.letters.models import Letter
from portal.letters.policy import sight
from portal.letters.queries import requests_with_letters
from portal.messaging.models import Message
from portal.profiles.models import Profile
from portal.receipts.models import Receipt
from portal.review.models import Assignment
from portal.self_identification.actions import subject_of
from portal.self_identification.models import SelfIdAnswer


@dataclass(frozen=True)
class File:
    """A file of the copy: where it stands in the ZIP, and where its bytes are."""

    path: str
    storage_key: str


Part = Callable[[Person], Any]
_parts: dict[str, Part] = {}


def part(name: str) -> Callable[[Part], Part]:
    """Have a copy hold what the decorated function says of a person, under this name."""

    def register(function: Part) -> Part:
        _parts[name] = function
        return function

    return register


def everything(person: Person) -> dict[str, Any]:
    """The whole of it, as JSON can hold it once times are written as text."""
    return {name: of(person) for name, of in _parts.items()}


def files_of(person: Person) -> Iterator[File]:
    """The files of the person's applications, but for what the virus check blocked; and letters that they may read."""
    mine = led_by(person)
    for application in mine:
        for document in application.documents:
            if _is_given(document):
                yield File(path_of(application, document), document.storage_key)
    for letter in shown_letters(person, mine):
        if letter.storage_key is not None:
            yield File(letter_path(letter), letter.storage_key)


def led_by(person: Person) -> list[Application]:
    """The applications that the person leads, newest first; those of a team that somebody else leads are theirs."""
    return [each for each in application_queries.of_person(person.id) if each.person_id == person.id]


def shown_letters(person: Person, applications: Sequence[Application]) -> list[Letter]:
    """The letters of recommendation that the policy lets this person read."""
    asked = requests_with_letters([application.id for application in applications])
    requests = [request for of in asked.values() for request in of if sight(person, request).content]
    return [request.letter for request in requests if request.letter is not None]


def letter_path(letter: Letter) -> str:
    return f"letters/{letter.id}-{plain_name(letter.filename)}"


def _is_given(document: Document) -> bool:
    return document.removed_at is None and document.is_usable


def path_of(application: Application, document: Document) -> str:
    """Where a document stands in the ZIP; its number keeps two of the same name apart."""
    return f"files/{application.reference or f'draft-{application.id}'}/{document.id}-{plain_name(document.filename)}"


@part("account")
def _account(person: Person) -> dict[str, Any]:
    names = ("email", "given_name", "family_name", "credentials", "phone", "time_zone", "created_at", "confirmed_at")
    return {name: getattr(person, name) for name in names} | {
        "two_step_sign_in": bool(person.tf_primary_method),
        "passkeys": [{"name": key.name, "last_used": key.lastuse_datetime} for key in person.webauthn],
        "roles": [membership.role.value for membership in person.memberships],
    }


@part("sign_ins")
def _sign_ins(person: Person) -> list[dict[str, Any]]:
    query = select(Event).where(
        Event.thing_type == "person", Event.thing_id == person.id, Event.verb.in_(SIGN_IN_VERBS)
    )
    return [
        {"at": event.at, "what": event.verb, "address": str(event.address or "")}
        for event in db.session.scalars(query.order_by(Event.id))
    ]


@part("applications")
def _applications(person: Person) -> list[dict[str, Any]]:
    return [_application(application) for application in led_by(person)]


def _application(application: Application) -> dict[str, Any]:
    steps = [] if application.status is Status.DRAFT else timeline(application)
    return {
        "listing": application.cycle.opportunity.title,
        "cycle": application.cycle.name,
        "reference": application.reference,
        "status": application.shown.public_label,
        "started_at": application.created_at,
        "saved_at": application.saved_at,
        "submitted_at": application.submitted_at,
        "timeline": [{"step": stop.title, "note": stop.note} for stop in steps if stop.state],
        "sections": [
            {
                "title": each.section.title,
                "answers": [{"question": row.question.label, "answer": row.text} for row in each.rows],
            }
            for each in sheet(application)
        ],
        "answers": export_answers(application),
        "files": [_file(application, document) for document in application.documents if _is_given(document)],
    }


def _file(application: Application, document: Document) -> dict[str, Any]:
    return described(document, path_of(application, document)) | {"uploaded_at": document.uploaded_at}


@part("recommenders")
def _recommenders(person: Person) -> list[dict[str, Any]]:
    """Who was asked to write, and where that stands; what they wrote only where the policy shows it."""
    mine = {application.id: application for application in led_by(person)}
    shown = {letter.request_id: letter for letter in shown_letters(person, list(mine.values()))}
    return [
        {
            "application": mine[request.application_id].reference,
            "name": request.writer_name,
            "address": request.writer_address,
            "waived": None if request.by_staff else request.waived,
            "state": request.state.value,
            "letter": _letter(shown.get(request.id)),
        }
        for of in requests_with_letters(list(mine)).values()
        for request in of
        if sight(person, request).state
    ]


def _letter(letter: Letter | None) -> dict[str, Any] | None:
    if letter is None:
        return None
    return {"text": letter.body, "path": letter_path(letter) if letter.storage_key else None}


@part("submissions")
def _submissions(person: Person) -> list[dict[str, Any]]:
    """What was submitted each time, with the code of its receipt."""
    mine = {application.id: application for application in led_by(person)}
    query = (
        select(Revision, Receipt.code)
        .outerjoin(Receipt, and_(Receipt.application_id == Revision.application_id, Receipt.number == Revision.number))
        .where(Revision.application_id.in_(mine))
        .order_by(Revision.application_id, Revision.number)
    )
    return [
        {
            "application": mine[each.application_id].reference,
            "number": each.number,
            "at": each.at,
            "receipt": code,
            "answers": each.answers,
            "files": [{name: file[name] for name in ("filename", "size", "sha256")} for file in each.documents],
        }
        for each, code in db.session.execute(query)
    ]


@part("changes_requested")
def _changes_requested(person: Person) -> list[dict[str, Any]]:
    """What a coordinator asked to have changed or invited to complete, and until when."""
    mine = {application.id: application for application in led_by(person)}
    query = select(ChangeRequest).where(ChangeRequest.application_id.in_(mine)).order_by(ChangeRequest.id)
    names = ("is_invitation", "reason", "asked_at", "due_at", "answered_at", "cancelled_at")
    return [
        {"application": mine[each.application_id].reference} | {name: getattr(each, name) for name in names}
        for each in db.session.scalars(query)
    ]


@part("own_deadlines")
def _own_deadlines(person: Person) -> list[dict[str, Any]]:
    """Later deadlines that were granted to the person; the reason is for the staff of the program."""
    query = select(Extension).where(Extension.person_id == person.id).order_by(Extension.id)
    return [
        {"cycle": str(each.cycle), "until": each.until, "granted_at": each.granted_at, "ended_at": each.revoked_at}
        for each in db.session.scalars(query)
    ]


@part("endorsements")
def _endorsements(person: Person) -> list[dict[str, Any]]:
    """Who was asked to endorse the person's applications, and what they answered."""
    mine = {application.id: application for application in led_by(person)}
    query = select(Endorsement).where(Endorsement.application_id.in_(mine)).order_by(Endorsement.id)
    names = ("name", "role", "asked_at", "confirmed_at", "typed_name", "wording", "reason")
    return [
        {"application": mine[each.application_id].reference, "address": each.email, "state": each.state.value}
        | {name: getattr(each, name) for name in names}
        for each in db.session.scalars(query)
    ]


@part("messages")
def _messages(person: Person) -> list[dict[str, Any]]:
    """What the person and the coordinators wrote to each other."""
    ids = [application.id for application in led_by(person)]
    query = select(ConversationMessage).where(ConversationMessage.application_id.in_(ids))
    return [
        {"at": each.at, "by": "the program" if each.is_staff else "the applicant", "text": each.body}
        for each in db.session.scalars(query.order_by(ConversationMessage.id))
    ]


@part("teams")
def _teams(person: Person) -> dict[str, Any]:
    """The teams that the person took part in, and what they wrote to them."""
    seats = select(TeamMember).where(TeamMember.person_id == person.id).order_by(TeamMember.id)
    comments = select(TeamComment).where(TeamComment.author_id == person.id).order_by(TeamComment.id)
    return {
        "places": [
            {"access": seat.access.value, "duty": seat.duty, "joined_at": seat.joined_at, "ended_at": seat.ended_at}
            for seat in db.session.scalars(seats)
        ],
        "comments": [{"at": each.created_at, "text": each.body} for each in db.session.scalars(comments)],
    }


@part("profile")
def _profile(person: Person) -> dict[str, Any]:
    profile = db.session.get(Profile, person.id)
    return dict(profile.answers) if profile else {}


@part("mail")
def _mail(person: Person) -> list[dict[str, Any]]:
    """What was written to the person; links in it that once acted have long been used or ended."""
    query = select(Message).where(Message.person_id == person.id).order_by(Message.id)
    return [
        {"at": mail.created_at, "subject": mail.subject, "text": mail.text_body, "state": mail.state.value}
        for mail in db.session.scalars(query)
    ]


@part("saved")
def _saved(person: Person) -> list[dict[str, Any]]:
    query = select(Follow).where(Follow.person_id == person.id).order_by(Follow.id)
    return [
        {"name": str(follow), "search": follow.query, "by_mail": follow.by_mail, "since": follow.created_at}
        for follow in db.session.scalars(query)
    ]


@part("newsletters")
def _newsletters(person: Person) -> list[dict[str, Any]]:
    """What the address of the account subscribes to."""
    return [
        {
            "listing": str(each.opportunity),
            "first_name": each.given_name,
            "last_name": each.family_name,
            "email": each.email,
            "newsletters": names,
            "since": each.created_at,
        }
        for each, names in of_address(person.email)
    ]


@part("reviews")
def _reviews(person: Person) -> list[dict[str, Any]]:
    """What the person wrote as a reviewer, without the application that it is about."""
    query = select(Assignment).where(Assignment.reviewer_id == person.id).order_by(Assignment.id)
    return [
        {"assigned_at": each.assigned_at, "state": each.state.value, "scores": each.scores, "comment": each.comment}
        for each in db.session.scalars(query)
    ]


@part("self_identification")
def _self_identification(person: Person) -> list[dict[str, Any]]:
    """What the person chose: nobody but they can ask for it."""
    ids = db.session.scalars(select(Application.id).where(Application.person_id == person.id))
    query = select(SelfIdAnswer).where(SelfIdAnswer.subject.in_([subject_of(each) for each in ids]))
    return [answer.choices for answer in db.session.scalars(query)]
