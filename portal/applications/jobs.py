"""Jobs of applications: files that nobody needs any more leave the store, drafts follow their form."""

from datetime import timedelta

from procrastinate import RetryStrategy
from sqlalchemy import delete, select

from portal.applications import (
    companions,
    document_jobs,  # noqa: F401 - registers its tasks
    reminders,
    stage_actions,
)
from portal.applications.actions import DELETE_FILES
from portal.applications.carrying import carry, waiting
from portal.applications.models import Application, Document
from portal.applications.revision_actions import drop_late
from portal.catalogue.form_actions import CARRY_DRAFTS
from portal.core import storage
from portal.core.clock import now
from portal.core.db import db, transaction
from portal.core.jobs import task

KEEP_REMOVED = timedelta(days=1)
AT_ONCE = 500


@task(DELETE_FILES, retry=RetryStrategy(max_attempts=10, exponential_wait=4))
def delete_files(keys: list[str]) -> None:
    """Delete the files of a deleted draft; deleting twice is no error."""
    for key in keys:
        storage.delete(key)


@task("applications.remind", periodic="*/15 * * * *", own_transactions=True)
def remind(timestamp: int) -> None:
    """Write the reminders of deadlines that are due, each in a transaction of its own."""
    at = now()
    for application_id, window in reminders.due(now=at):
        with transaction():
            reminders.remind(application_id, window, now=at)


@task(stage_actions.TELL, retry=RetryStrategy(max_attempts=10, exponential_wait=4), own_transactions=True)
def tell_new_dates(notice_id: int) -> None:
    """Write to applicants about new dates, some in each transaction, each once."""
    left = 1
    while left:
        with transaction():
            left = stage_actions.tell_some(notice_id)


@task("applications.drop_late_edits", periodic="*/10 * * * *", own_transactions=True)
def drop_late_edits(timestamp: int) -> None:
    """Drop what was changed in submitted applications and not submitted again in time; each in a transaction."""
    query = select(Application.id).where(Application.editing_since.is_not(None)).order_by(Application.id)
    last = 0
    while ids := db.session.scalars(query.where(Application.id > last).limit(AT_ONCE)).all():
        for last in ids:
            with transaction():
                drop_late(last, now=now())


@task("applications.sweep_removed", periodic="17 * * * *")
def sweep_removed(timestamp: int) -> None:
    """Delete documents removed more than a day ago, first the bytes, then the row: a crash between is made good.

    What was ever submitted stays, since revisions name it; and so does what may not be deleted at the moment.
    """
    query = select(Document.id, Document.storage_key, Document.application_id).where(
        Document.removed_at < now() - KEEP_REMOVED, Document.submitted_at.is_(None)
    )
    kept: dict[int, bool] = {}
    last, gone = 0, 0
    while rows := db.session.execute(query.where(Document.id > last).order_by(Document.id).limit(AT_ONCE)).all():
        for last, key, application_id in rows:
            if application_id not in kept:
                application = db.session.get_one(Application, application_id)
                kept[application_id] = bool(companions.kept_because(application))
            if not kept[application_id]:
                storage.delete(key)
                db.session.execute(delete(Document).where(Document.id == last))
                gone += 1
        if gone >= AT_ONCE:  # the rest in an hour
            return


@task(CARRY_DRAFTS, retry=RetryStrategy(max_attempts=10, exponential_wait=4), own_transactions=True)
def carry_drafts(cycle_id: int) -> None:
    """Move the drafts of a cycle to the newest version of its form, each in a transaction of its own."""
    _carry_all(cycle_id)


@task("applications.carry_stragglers", periodic="*/10 * * * *", own_transactions=True)
def carry_stragglers(timestamp: int) -> None:
    """Move what was begun on an old version at the very moment a new one was published, and what a fault left."""
    _carry_all(None)


def _carry_all(cycle_id: int | None) -> None:
    last = 0
    while True:
        with transaction():
            ids = waiting(cycle_id=cycle_id, beyond=last)
        for last in ids:
            with transaction():
                carry(last, now=now())
        if not ids:
            return
