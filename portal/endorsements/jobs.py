"""Jobs of endorsements: ask again once nobody has changed anything for a while."""

from portal.core.clock import now
from portal.core.db import db
from portal.core.jobs import enqueue, task
from portal.endorsements.actions import ASK_AGAIN, QUIET
from portal.endorsements.actions import ask_again as ask
from portal.endorsements.models import Endorsement


@task(ASK_AGAIN)
def ask_again(endorsement_id: int) -> None:
    """Ask the person again unless the applicant is still writing: then look once more half an hour after that."""
    endorsement = db.session.get(Endorsement, endorsement_id)
    if endorsement is None:
        return
    saved_at = endorsement.application.saved_at
    if saved_at is not None and now() - saved_at < QUIET:
        enqueue(ASK_AGAIN, schedule_at=saved_at + QUIET, endorsement_id=endorsement_id)
    else:
        ask(endorsement, by=None, now=now())
