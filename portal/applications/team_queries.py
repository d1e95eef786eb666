"""Reading teams: an invitation by its link, comments by section, who changed what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import joinedload, lazyload

from portal.accounts.models import Person
from portal.applications.later import left_out
from portal.applications.models import DELETED, Application
from portal.applications.team_models import TeamChange, TeamComment, TeamMember
from portal.catalogue.frozen import FrozenQuestion, FrozenSection, frozen
from portal.catalogue.models import Cycle
from portal.core.audit import Event
from portal.core.clock import now
from portal.core.db import db
from portal.core.tokens import hashed

CHANGES_SHOWN = 20


def invited_by_token(token: str) -> TeamMember | None:
    """The invitation of a link, if it was neither used nor withdrawn; its time may be over."""
    return db.session.scalar(select(TeamMember).where(TeamMember.token_hash == hashed(token)))


def with_team(application_id: int) -> Application | None:
    """An application with its listing, lead and team: what an invitation and its rules ask about."""
    return db.session.scalar(
        select(Application)
        .where(Application.id == application_id)
        .options(
            joinedload(Application.cycle).joinedload(Cycle.opportunity),
            joinedload(Application.person),
            joinedload(Application.members).joinedload(TeamMember.person),
        )
    )


def deleted_from(person_id: int, application_id: int) -> Event | None:
    """The line of the audit trail on deleting a draft, for whoever led it or was in its team then; None for others.

    It is all that is left of the draft, and so the only thing that knows whose it was.
    """
    found = db.session.scalar(
        select(Event).where(
            Event.thing_type == Application.__tablename__, Event.thing_id == application_id, Event.verb == DELETED
        )
    )
    was_theirs = found is not None and (found.actor_id == person_id or person_id in found.facts.get("team", ()))
    return found if was_theirs else None


def member_of(application: Application, member_id: int) -> TeamMember | None:
    """Somebody of this team who is in it or asked into it."""
    found = (member for member in application.members if member.id == member_id and member.ended_at is None)
    return next(found, None)


@dataclass(frozen=True)
class Thread:
    """What the team wrote to each other about one section, and what a new comment can be about."""

    section: FrozenSection
    comments: Sequence[TeamComment]

    @property
    def open(self) -> int:
        return sum(comment.resolved_at is None for comment in self.comments)

    def about(self, comment: TeamComment) -> FrozenQuestion | None:
        """The question that a comment names; None for the whole section."""
        if comment.is_on_section:
            return None
        return next((each for each in self.section.questions if each.key == comment.question_key), None)


def comments_of(application: Application) -> Sequence[TeamComment]:
    """All comments of a team, the oldest first."""
    return db.session.scalars(
        select(TeamComment)
        .where(TeamComment.application_id == application.id)
        .order_by(TeamComment.id)
        .options(joinedload(TeamComment.author), joinedload(TeamComment.resolved_by))
    ).all()


def threads(application: Application) -> list[Thread]:
    """The comments by section of the application's own form, each section with a thread; in one query.

    Comments on a question that a newer form no longer has, or asks later, stand with the first section.
    """
    form = frozen(application.form)
    later = left_out(application, form, now())
    sections = [section for section in form.sections if section not in later]
    if not sections:
        return []
    place = {question.key: section.id for section in sections for question in section.questions}
    found: dict[int, list[TeamComment]] = {section.id: [] for section in sections}
    for comment in comments_of(application):
        found[place.get(comment.question_key, sections[0].id)].append(comment)
    return [Thread(section, found[section.id]) for section in sections]


def last_by_others(application: Application, keys: Sequence[str], person_id: int) -> Person | None:
    """Who of the others wrote what stands in one of these answers, the last of them; None where they did themselves,
    or nobody on a team did."""
    rows = db.session.execute(
        select(Person, TeamChange.at)
        .join(TeamChange, TeamChange.person_id == Person.id)
        .where(TeamChange.application_id == application.id, TeamChange.question_key.in_(keys))
        .ext(distinct_on(TeamChange.question_key))
        .order_by(TeamChange.question_key, TeamChange.at.desc())
        .options(lazyload(Person.memberships))
    )
    others = [(at, person) for person, at in rows if person.id != person_id]
    return max(others, key=lambda one: one[0])[1] if others else None


@dataclass(frozen=True)
class Changed:
    """A line of the team's log: who last changed the answer to a question, and when."""

    at: datetime
    who: str
    label: str


def changes(application: Application) -> list[Changed]:
    """The last changes to the draft, the newest first."""
    labels = {question.key: question.label for question in frozen(application.form).questions}
    rows = db.session.scalars(
        select(TeamChange)
        .where(TeamChange.application_id == application.id)
        .order_by(TeamChange.at.desc(), TeamChange.id.desc())
        .limit(CHANGES_SHOWN)
        .options(joinedload(TeamChange.person))
    )
    return [Changed(row.at, row.person.full_name, labels.get(row.question_key, "A question of before")) for row in rows]
