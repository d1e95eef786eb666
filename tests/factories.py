"""Things that tests are about, made in one line each and valid by default."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from io import BytesIO
from itertools import count
from typing import Any

from portal.accounts.models import Membership, Person
from portal.accounts.status import Role
from portal.applications.models import Answer, Application, Document, StatusEvent
from portal.applications.status import Status
from portal.applications.team_models import Access, TeamMember
from portal.catalogue.form_models import Criterion, Form, Question, Section
from portal.catalogue.models import Cycle, Opportunity, Site, Unit
from portal.catalogue.status import Audience, Kind, Place, Publication
from portal.core import storage
from portal.core.clock import now
from portal.core.db import db
from portal.core.text import folded

_numbers = count(1)


def _add(thing: Any) -> Any:
    db.session.add(thing)
    db.session.flush()
    return thing


def person(given: str = "Maren", family: str = "Okafor-Lind", **fields: Any) -> Person:
    """Somebody with a confirmed account; cannot sign in by password unless one is given (hashed)."""
    n = next(_numbers)
    email = fields.setdefault("email", f"{folded(given)}.{n}@example.org")
    defaults: dict[str, Any] = {
        "sort_name": folded(f"{family}, {given}"),
        "search_text": folded(f"{given} {family} {email}"),
        "created_at": now(),
        "confirmed_at": now(),
        "fs_uniquifier": f"uniquifier-{n}",
        "active": True,
    }
    return _add(Person(given_name=given, family_name=family, **(defaults | fields)))


def membership(
    who: Person, role: Role, *, unit: Unit | None = None, opportunity: Opportunity | None = None
) -> Membership:
    made = Membership(
        person=who,
        role=role,
        unit_id=unit.id if unit else None,
        opportunity_id=opportunity.id if opportunity else None,
        granted_at=now(),
    )
    return _add(made)


def admin(**fields: Any) -> Person:
    who = person("Gideon", "Asante-Wolfe", **fields)
    membership(who, Role.ADMIN)
    return who


def coordinator(of: Unit | Opportunity, **fields: Any) -> Person:
    who = person("Ines", "Calloway-Brandt", **fields)
    membership(who, Role.COORDINATOR, **_scope(of))
    return who


def reviewer(of: Unit | Opportunity, given: str = "Rosalind", family: str = "Hale", **fields: Any) -> Person:
    who = person(given, family, **fields)
    membership(who, Role.REVIEWER, **_scope(of))
    return who


def _scope(of: Unit | Opportunity) -> dict[str, Any]:
    return {"unit": of} if isinstance(of, Unit) else {"opportunity": of}


def unit(**fields: Any) -> Unit:
    n = next(_numbers)
    defaults = {"slug": f"unit-{n}", "name": f"Division {n}", "short_name": f"D{n}", "organisation": "Test Hospital"}
    return _add(Unit(**(defaults | fields)))


def site(of: Unit | None = None, **fields: Any) -> Site:
    n = next(_numbers)
    defaults = {
        "slug": f"site-{n}",
        "name": f"Harborside practice {n}",
        "short_name": f"Harborside {n}",
        "unit": of or unit(),
        "place": Place.HEALTH_CENTERS,
        "summary": "A practice by the harbor.",
    }
    return _add(Site(**(defaults | fields)))


def opportunity(of: Unit | None = None, **fields: Any) -> Opportunity:
    """A published scholars program of one half-day a week."""
    n = next(_numbers)
    defaults: dict[str, Any] = {
        "slug": f"scholars-{n}",
        "unit": of or unit(),
        "kind": Kind.SCHOLARS,
        "title": f"Scholars program {n}",
        "summary": "Half-days for a project of your own.",
        "about": "About it.",
        "eligibility": "Physicians of the division.",
        "selection": "Reviewers read each application.",
        "next_steps": "We write to you.",
        "half_days": 1,
        "time_words": "One half-day a week",
        "length_words": "three months",
        "places": [Place.MAIN_CAMPUS],
        "audiences": [Audience.PHYSICIANS],
        "contact_name": "Ines Calloway-Brandt",
        "contact_email": "scholars@example.org",
        "state": Publication.PUBLISHED,
        "published_at": now(),
        "created_at": now(),
        "updated_at": now(),
    }
    return _add(Opportunity(**(defaults | fields)))


def cycle(of: Opportunity | None = None, *, form: bool = True, rubric: bool = True, **fields: Any) -> Cycle:
    """A published cycle that opened a month ago and closes in two weeks, with a form and a rubric."""
    n = next(_numbers)
    letters = "".join(chr(ord("A") + int(digit)) for digit in f"{n:05d}")
    defaults: dict[str, Any] = {
        "opportunity": of or opportunity(),
        "name": f"Spring {n}",
        "code": f"{letters}-27",
        "state": Publication.PUBLISHED,
        "opens_at": now() - timedelta(days=30),
        "closes_at": now() + timedelta(days=14),
        "seats": 6,
        "created_at": now(),
    }
    made: Cycle = _add(Cycle(**(defaults | fields)))
    if form:
        published_form(made)
    if rubric:
        for position, (label, weight) in enumerate((("Originality", 60), ("Feasibility", 40)), 1):
            anchors = {str(score): f"{label} {score}" for score in range(1, 6)}
            _add(Criterion(cycle_id=made.id, position=position, label=label, weight=weight, anchors=anchors))
    return made


DEFAULT_QUESTIONS: tuple[tuple[str, list[dict[str, Any]]], ...] = (
    (
        "About the project",
        [
            {"key": "title", "kind": "short_text", "label": "Project title", "in_queue": True},
            {"key": "proposal", "kind": "long_text", "label": "What do you want to do?", "settings": {"max_words": 50}},
        ],
    ),
    ("Documents", [{"key": "cv", "kind": "file", "label": "Your CV"}]),
)


def published_form(
    of: Cycle,
    sections: Sequence[tuple[str, list[dict[str, Any]]]] = DEFAULT_QUESTIONS,
    *,
    number: int = 1,
    later: Collection[str] = (),
) -> Form:
    """A form version with these sections of questions, published (frozen); those of the titles `later` are asked of
    those invited."""
    made: Form = _add(Form(cycle=of, number=number, state=Publication.DRAFT))
    for position, (title, questions) in enumerate(sections, 1):
        section = Section(form=made, position=position, title=title, on_invitation=title in later)
        for place, fields in enumerate(questions, 1):
            section.questions.append(Question(**({"position": place, "settings": {}} | fields)))
        _add(section)
    made.state = Publication.PUBLISHED
    made.published_at = now()
    db.session.flush()
    return made


def application(
    of: Cycle | None = None,
    by: Person | None = None,
    *,
    status: Status = Status.DRAFT,
    answers: dict[str, Any] | None = None,
    **fields: Any,
) -> Application:
    """Somebody's application to a cycle, on its newest form, with answers by question key.

    Any status but a draft has a reference and was submitted a day ago; its events are those of the straight path.
    """
    n = next(_numbers)
    of, by = of or cycle(), by or person()
    form = db.session.scalars(
        db.select(Form).where(Form.cycle_id == of.id, Form.state == Publication.PUBLISHED).order_by(Form.number.desc())
    ).first()
    submitted = status is not Status.DRAFT
    defaults: dict[str, Any] = {
        "cycle": of,
        "person": by,
        "form": form,
        "status": status,
        "reference": f"{of.code}-{n:05d}" if submitted else None,
        "sort_name": by.sort_name,
        "search_text": by.search_text,
        "created_at": now() - timedelta(days=2),
        "submitted_at": now() - timedelta(days=1) if submitted else None,
        "changed_at": now(),
    }
    made: Application = Application(**(defaults | fields))
    for key, value in (answers or {}).items():
        made.answers.append(Answer(question_key=key, value=value, saved_at=now()))
    _add(made)
    _add(StatusEvent(application_id=made.id, at=made.created_at, actor_id=by.id, source=None, target=Status.DRAFT))
    if made.submitted_at:
        _add(
            StatusEvent(
                application_id=made.id,
                at=made.submitted_at,
                actor_id=by.id,
                source=Status.DRAFT,
                target=Status.SUBMITTED,
            )
        )
    if submitted and status is not Status.SUBMITTED:
        _add(StatusEvent(application_id=made.id, at=made.changed_at, source=Status.SUBMITTED, target=status))
    db.session.expire(made, ["events"])
    return made


def member(
    of: Application, who: Person | None = None, access: Access = Access.EDIT, *, left: bool = False, **fields: Any
) -> TeamMember:
    """Somebody of an application's team: joined unless nobody is named, and gone again when `left`."""
    n = next(_numbers)
    defaults: dict[str, Any] = {
        "application_id": of.id,
        "person": who,
        "email": who.email if who else f"asked-{n}@example.org",
        "name": who.full_name if who else f"Asked Person {n}",
        "access": access,
        "invited_at": now(),
        "invited_by_id": of.person_id,
        "joined_at": now() if who else None,
        "ended_at": now() if left else None,
    }
    made: TeamMember = _add(TeamMember(**(defaults | fields)))
    db.session.expire(of, ["members"])
    return made


def document(of: Application, key: str = "cv", content: bytes = b"%PDF-1.4 test", **fields: Any) -> Document:
    """A file of an application, its bytes in the store."""
    stored = storage.put(BytesIO(content))
    defaults: dict[str, Any] = {
        "application": of,
        "question_key": key,
        "storage_key": stored.key,
        "filename": "okafor-lind-cv.pdf",
        "media_type": "application/pdf",
        "size": stored.size,
        "sha256": stored.sha256,
        "pages": 6,
        "uploaded_at": now(),
        "uploaded_by_id": of.person_id,
    }
    made: Document = _add(Document(**(defaults | fields)))
    db.session.expire(of, ["documents"])
    return made
