"""Teams of fictional applications, and the people who have endorsed what was submitted."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.team_models import Access, TeamMember
from portal.catalogue.models import Cycle
from portal.core.db import db
from portal.endorsements.facts import facts_of, fingerprint
from portal.endorsements.models import Endorsement
from portal.endorsements.status import State

ENDORSERS = (
    ("Josephine Adeyemi, MD", "medical director"),
    ("Henrik Solberg, MD", "medical director"),
    ("Marisol Quintana, RN", "director of nursing"),
    ("Desmond Achterberg, MD", "chief medical officer"),
    ("Priscilla Vann", "executive director"),
)
DUTIES = (("Nurse lead", Access.EDIT), ("Data manager", Access.COMMENT))


def load(applicants: Sequence[Person], chance: Random) -> None:
    """Give applications of cycles that take teams two members each, and submitted ones the endorsement they need.

    In: people with accounts, and a source of chance of its own, so that nothing else of the data changes with it.
    """
    found = db.session.scalars(
        select(Application)
        .join(Application.cycle)
        .where(Cycle.takes_teams | (Cycle.endorser != ""))
        .order_by(Application.id)
        .options(
            joinedload(Application.cycle),
            joinedload(Application.form),
            joinedload(Application.person),
            selectinload(Application.answers),
            selectinload(Application.documents),
        )
    ).all()
    for application in found:
        if application.cycle.takes_teams:
            _join(application, chance.sample(applicants, 3))
        if application.cycle.endorser and application.submitted_at is not None:
            _endorse(application, *chance.choice(ENDORSERS), after=chance.uniform(0.2, 0.9))
    db.session.flush()


def _join(application: Application, people: Sequence[Person]) -> None:
    others = [person for person in people if person.id != application.person_id]
    for person, (duty, access) in zip(others, DUTIES, strict=False):
        application.members.append(
            TeamMember(
                person=person,
                email=person.email,
                name=person.full_name,
                duty=duty,
                access=access,
                invited_at=application.created_at,
                invited_by_id=application.person_id,
                joined_at=application.created_at + timedelta(minutes=50),
            )
        )


def _endorse(application: Application, name: str, role: str, *, after: float) -> None:
    """Confirmed some time between the beginning and the submission."""
    assert application.submitted_at is not None
    begun = application.created_at
    confirmed_at = begun + (application.submitted_at - begun) * after
    facts = facts_of(application)
    db.session.add(
        Endorsement(
            application=application,
            state=State.CONFIRMED,
            name=name,
            role=role,
            email=f"endorser-{application.id}@example.org",
            asked_by_id=application.person_id,
            asked_at=begun,
            mailed_at=begun,
            changed_at=confirmed_at,
            confirmed_at=confirmed_at,
            typed_name=name.split(",", maxsplit=1)[0],
            wording=application.cycle.endorsement_wording,
            fingerprint=fingerprint(facts),
            facts=[fact.stored for fact in facts],
        )
    )
