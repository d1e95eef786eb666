"""Reading endorsements: by link, of applications, with the truth about their mail."""

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.accounts.queries import holders
from portal.accounts.status import Role
from portal.applications.models import Application
from portal.applications.revisions import as_submitted
from portal.catalogue.models import Cycle
from portal.core.db import db
from portal.core.tokens import hashed
from portal.endorsements.facts import facts_of, fingerprint
from portal.endorsements.models import Endorsement, EndorsementLink
from portal.endorsements.status import IN_FORCE, State
from portal.messaging.models import Message


def by_token(token: str) -> Endorsement | None:
    """The request of a link with its application and listing; None for a link that was never made."""
    application = joinedload(Endorsement.application)
    return db.session.scalar(
        select(Endorsement)
        .join(EndorsementLink, EndorsementLink.endorsement_id == Endorsement.id)
        .where(EndorsementLink.token_hash == hashed(token))
        .options(
            application.joinedload(Application.cycle).joinedload(Cycle.opportunity),
            application.joinedload(Application.person),
        )
    )


def locked(endorsement_id: int) -> Endorsement | None:
    """A request as it is now, held until the transaction ends; its application has to be held first."""
    query = select(Endorsement).where(Endorsement.id == endorsement_id).with_for_update(of=Endorsement)
    return db.session.scalar(query.execution_options(populate_existing=True))


def application_of(endorsement_id: int) -> int | None:
    """The id of the application that a request is about."""
    return db.session.scalar(select(Endorsement.application_id).where(Endorsement.id == endorsement_id))


def of_application(application_id: int) -> Sequence[Endorsement]:
    """All requests of an application, the newest first."""
    query = select(Endorsement).where(Endorsement.application_id == application_id).order_by(Endorsement.id.desc())
    return db.session.scalars(query).all()


def last_of(application_ids: Collection[int]) -> dict[int, Endorsement]:
    """The newest request of each of these applications, by application; one query."""
    newest = (
        select(func.max(Endorsement.id))
        .where(Endorsement.application_id.in_(application_ids))
        .group_by(Endorsement.application_id)
    )
    rows = db.session.scalars(select(Endorsement).where(Endorsement.id.in_(newest)))
    return {row.application_id: row for row in rows}


def endorsers(application_ids: Collection[int]) -> list[tuple[int, str, State]]:
    """Who endorsed these applications or is asked to: application, address and state."""
    rows = db.session.execute(
        select(Endorsement.application_id, Endorsement.email, Endorsement.state).where(
            Endorsement.application_id.in_(application_ids), Endorsement.state.in_(IN_FORCE)
        )
    )
    return [(row[0], row[1], row[2]) for row in rows]


def in_force(application_id: int) -> Endorsement | None:
    """The request that stands, held until the transaction ends: asked, confirmed or reopened."""
    return db.session.scalar(
        select(Endorsement)
        .where(Endorsement.application_id == application_id, Endorsement.state.in_(IN_FORCE))
        .with_for_update()
    )


def last_message(endorsement: Endorsement) -> Message | None:
    """The last mail written to the person who was asked."""
    return db.session.scalar(
        select(Message)
        .where(
            Message.thing_type == Endorsement.__tablename__,
            Message.thing_id == endorsement.id,
            Message.to_address == endorsement.email,
        )
        .order_by(Message.id.desc())
        .limit(1)
    )


def reviews_for(cycle: Cycle, address: str) -> bool:
    """Whether the address is that of somebody who reviews for the cycle's listing."""
    return any(person.email.casefold() == address.casefold() for person in holders(Role.REVIEWER, cycle.opportunity))


def shown_to_reviewers(application: Application) -> Endorsement | None:
    """The endorsement as reviewers may know of it: confirmed, or confirmed and to be confirmed again; else None.

    What was confirmed of an edit that is not submitted is not confirmed of what they read.  No query where the cycle
    wants none, or does not show it.
    """
    if not application.cycle.endorser or not application.cycle.endorsement_shown:
        return None
    found = db.session.scalar(
        select(Endorsement).where(
            Endorsement.application_id == application.id,
            Endorsement.state.in_([State.CONFIRMED, State.REOPENED]),
        )
    )
    if found is None or application.editing_since is None or found.state is State.REOPENED:
        return found
    stands = fingerprint(facts_of(as_submitted(application)))
    return found if found.fingerprint == stands else None
