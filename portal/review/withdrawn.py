"""What a withdrawal means for reviewers: files that wait for them are released, and they are told."""

from sqlalchemy import select

from portal.applications.companions import Companion, register
from portal.applications.models import Application, StatusEvent
from portal.applications.status import Status
from portal.core import audit
from portal.core.db import db
from portal.messaging.actions import write
from portal.review.actions import summarise
from portal.review.models import Assignment
from portal.review.status import UNSCORED


class Release(Companion):
    """Reviews handed in stay, as they are part of what happened; unfinished ones are deleted with their drafts."""

    def moved(self, application: Application, event: StatusEvent) -> None:
        """Release the file when it is withdrawn; the application's row is held by the withdrawal."""
        if event.target is not Status.WITHDRAWN:
            return
        waiting = db.session.scalars(
            select(Assignment)
            .where(Assignment.application_id == application.id, Assignment.state.in_(sorted(UNSCORED)))
            .order_by(Assignment.id)
            .with_for_update(of=Assignment)
        ).all()
        for assignment in waiting:
            reviewer = assignment.reviewer
            audit.record(
                None, "assignment.released", assignment, application=str(application), reviewer=str(reviewer),
                state=assignment.state.value,
            )  # fmt: skip
            db.session.delete(assignment)
            cycle = application.cycle
            write(
                "review_released", to=reviewer, about=cycle, reply_to=cycle.opportunity.contact_email,
                application=application, cycle=cycle, opportunity=cycle.opportunity,
            )  # fmt: skip
        if waiting:
            summarise(application)


register(Release())
