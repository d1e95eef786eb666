"""Reading applications: one with all its parts in a fixed number of queries, and the set that somebody may see."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.orm import InstrumentedAttribute, contains_eager, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from portal.accounts.rules import scope
from portal.accounts.status import Role
from portal.applications.models import Answer, Application, Document
from portal.applications.status import RELEASED
from portal.applications.team_models import TeamMember
from portal.catalogue.form_models import Form, Section
from portal.catalogue.frozen import FrozenForm, FrozenSection, frozen, frozen_all
from portal.catalogue.models import Cycle, Opportunity
from portal.catalogue.status import Publication
from portal.core.db import db
from portal.messaging.models import Message

MESSAGES_SHOWN = 6

_LISTING = joinedload(Application.cycle).joinedload(Cycle.opportunity)
_FORM = joinedload(Application.form)  # its questions are kept by `catalogue.frozen`
_OWN_DATES = (joinedload(Application.extension), joinedload(Application.change_request))

_WRITING = (
    select(Application)
    .where(Application.id == bindparam("id"))
    .options(
        joinedload(Application.cycle)
        .joinedload(Cycle.opportunity)
        .load_only(
            Opportunity.unit_id,
            Opportunity.title,
            Opportunity.state,
            Opportunity.contact_name,
            Opportunity.contact_email,
        ),
        _FORM,
        *_OWN_DATES,
    )
)
_HELD = _WRITING.with_for_update(of=Application)
# Built once: loading these two with `selectinload` takes as long as all the rest of a save.
_PARTS = {
    "answers": select(Answer).where(Answer.application_id == bindparam("id")),
    "documents": select(Document).where(Document.application_id == bindparam("id")).order_by(Document.id),
}


def by_id(application_id: int) -> Application | None:
    """An application with its listing and person: what the rules ask about."""
    return db.session.scalar(
        select(Application)
        .where(Application.id == application_id)
        .options(_LISTING, *_OWN_DATES, joinedload(Application.person))
    )


def whole(application_id: int) -> Application | None:
    """An application with everything its pages show: form, answers, documents, events, and the dates of its cycle."""
    return db.session.scalar(
        select(Application)
        .where(Application.id == application_id)
        .options(
            _LISTING,
            _FORM,
            *_OWN_DATES,
            joinedload(Application.stage_notice),
            joinedload(Application.cycle).selectinload(Cycle.dates),
            joinedload(Application.person),
            selectinload(Application.answers),
            selectinload(Application.documents),
            selectinload(Application.events),
            selectinload(Application.members).joinedload(TeamMember.person),
        )
    )


def in_hand(application_id: int) -> Application | None:
    """An application with what writing it takes: form, answers, documents and listing; three queries."""
    return _with_parts(_WRITING, application_id)


def held(application_id: int) -> Application | None:
    """The same as it is now, held until the transaction ends: others wait to save, submit or withdraw it.

    Answers and documents are read once the row is held, so they are those of the last save.
    """
    return _with_parts(_HELD, application_id, populate_existing=True)


def _with_parts(query: Select[Application], application_id: int, **options: bool) -> Application | None:
    found = db.session.scalar(query, {"id": application_id}, execution_options=options)
    if found is not None:
        for name, part in _PARTS.items():
            rows = db.session.scalars(part, {"id": application_id}, execution_options=options).all()
            set_committed_value(found, name, list(rows))
    return found


def locked(application_id: int) -> Application | None:
    """The application as it is now, held until the transaction ends: others wait to save, submit or withdraw it."""
    query = select(Application).where(Application.id == application_id).with_for_update(of=Application)
    return db.session.scalar(query.execution_options(populate_existing=True))


def cycle_by_id(cycle_id: int) -> Cycle | None:
    """A cycle with its listing."""
    return db.session.scalar(select(Cycle).where(Cycle.id == cycle_id).options(joinedload(Cycle.opportunity)))


def document_by_id(document_id: int) -> Document | None:
    """A document with its application and listing: what the rule of reading it asks about."""
    return db.session.scalar(
        select(Document)
        .join(Document.application)
        .where(Document.id == document_id)
        .options(contains_eager(Document.application).options(_LISTING, joinedload(Application.person)))
    )


def teams_of(person_id: Any) -> Select[int]:
    """The ids of the applications in whose team a person is now, besides those that they lead.

    In: the person's id, or the column of an enclosing query that holds it.
    """
    joined = select(TeamMember.application_id).where(
        TeamMember.person_id == person_id, TeamMember.joined_at.is_not(None), TeamMember.ended_at.is_(None)
    )
    return joined.correlate_except(TeamMember)


def of_others(person_id: int) -> ColumnElement[bool]:
    """Whether somebody has no part in an application, now or before: the rule `took_part`, denied, in SQL."""
    joined = select(TeamMember.application_id).where(TeamMember.person_id == person_id)
    return and_(Application.person_id != person_id, Application.id.not_in(joined))


def people_in(application_ids: Collection[int]) -> dict[int, set[int]]:
    """The ids of all who were ever in the teams of these applications, by application: `people_of` for many."""
    found: dict[int, set[int]] = {application_id: set() for application_id in application_ids}
    rows = db.session.execute(
        select(TeamMember.application_id, TeamMember.person_id).where(
            TeamMember.application_id.in_(application_ids), TeamMember.person_id.is_not(None)
        )
    )
    for application_id, person_id in rows:
        found[application_id].add(person_id or 0)
    return found


def of_person(person_id: int) -> Sequence[Application]:
    """All applications of a person and of their teams with what their dashboard shows, newest first.

    Dates and teams come in the same rows: there are few of each, and a page has few queries to spend.
    """
    rows = db.session.scalars(
        select(Application)
        .where(or_(Application.person_id == person_id, Application.id.in_(teams_of(person_id))))
        .order_by(Application.id.desc())
        .options(
            _LISTING,
            _FORM,
            *_OWN_DATES,
            joinedload(Application.stage_notice),
            joinedload(Application.cycle).joinedload(Cycle.dates),
            joinedload(Application.person),
            joinedload(Application.members).joinedload(TeamMember.person),
            selectinload(Application.answers),
            selectinload(Application.documents),
            selectinload(Application.events),
        )
    )
    found = rows.unique().all()
    frozen_all({application.form for application in found})  # all at once, not one by one as they are shown
    return found


def in_cycle(person_id: int, cycle_id: int) -> Application | None:
    """The one application of a person to a cycle, or None; test applications aside."""
    return db.session.scalar(
        select(Application)
        .where(Application.person_id == person_id, Application.cycle_id == cycle_id, Application.is_test.is_(False))
        .options(*_OWN_DATES)
    )


def sections_of(application: Application) -> Sequence[FrozenSection]:
    """The sections of an application's own version of the form, in order."""
    return frozen(application.form).sections


def team_in_cycle(person_id: int, cycle_id: int) -> int | None:
    """The id of an application to the cycle in whose team a person is without leading it; the newest of several."""
    query = select(Application.id).where(Application.cycle_id == cycle_id, Application.id.in_(teams_of(person_id)))
    return db.session.scalar(query.order_by(Application.id.desc()).limit(1))


def newest_form(cycle_id: int) -> Form | None:
    """The form that people start with: the highest published version."""
    query = select(Form).where(Form.cycle_id == cycle_id, Form.state == Publication.PUBLISHED)
    return db.session.scalar(query.order_by(Form.number.desc()).limit(1))


def asks_later(cycle_id: int) -> bool:
    """Whether any version of the form that people have applied with has sections that are asked later."""
    versions = select(Form.id).where(Form.cycle_id == cycle_id, Form.state != Publication.DRAFT)
    found = select(Section.id).where(Section.form_id.in_(versions), Section.on_invitation)
    return db.session.scalar(found.limit(1)) is not None


def newest_forms(cycle_ids: Collection[int]) -> dict[int, FrozenForm]:
    """The forms that people start with, by cycle; cycles without a published one are left out."""
    query = select(Form).where(Form.cycle_id.in_(list(cycle_ids)), Form.state == Publication.PUBLISHED)
    newest = {form.cycle_id: form for form in db.session.scalars(query.order_by(Form.number))}
    forms = frozen_all(newest.values())
    return {cycle_id: forms[form.id] for cycle_id, form in newest.items()}


def visible_to(user: Any) -> Select[Application]:
    """The applications for which `application.read` says yes: one's own and one's teams', and those one coordinates
    once submitted, unless one was in the team.  Staff see no test application but their own."""
    own = or_(Application.person_id == user.id, Application.id.in_(teams_of(user.id)))
    of_staff = and_(Application.submitted_at.is_not(None), Application.is_test.is_(False), of_others(user.id))
    held = scope(user, Role.COORDINATOR)
    query = select(Application).join(Application.cycle).join(Cycle.opportunity)
    if held.everywhere:
        return query.where(or_(own, of_staff))
    listed = or_(_in(Opportunity.unit_id, held.units), _in(Opportunity.id, held.opportunities))
    return query.where(or_(own, and_(of_staff, listed)))


def _in(column: InstrumentedAttribute[int], ids: frozenset[int]) -> Any:
    return column.in_(sorted(ids))


def messages_about(person_id: int, applications: Sequence[Application]) -> Sequence[Message]:
    """The last messages written to this person about these applications, newest first."""
    if not applications:
        return []
    return db.session.scalars(
        select(Message)
        .where(
            Message.person_id == person_id,
            Message.thing_type == Application.__tablename__,
            Message.thing_id.in_([application.id for application in applications]),
        )
        .order_by(Message.id.desc())
        .limit(MESSAGES_SHOWN)
    ).all()


def message_to(person_id: int, message_id: int) -> Message | None:
    """One message about an application, if it was written to this person."""
    return db.session.scalar(
        select(Message).where(
            Message.id == message_id,
            Message.person_id == person_id,
            Message.thing_type == Application.__tablename__,
        )
    )


def last_letter(application: Application) -> Message | None:
    """The last decision letter written to the applicant, once the status says that one has gone."""
    if application.shown not in RELEASED:
        return None
    return db.session.scalar(
        select(Message)
        .where(
            Message.person_id == application.person_id,
            Message.thing_type == Application.__tablename__,
            Message.thing_id == application.id,
            Message.template == "decision_letter",
        )
        .order_by(Message.id.desc())
        .limit(1)
    )
