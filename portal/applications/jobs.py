"""Jobs of applications: files that nobody needs any more leave the store."""

from datetime import timedelta

from procrastinate import RetryStrategy
from sqlalchemy import delete, select

from portal.applications import document_jobs  # noqa: F401 - registers its tasks
from portal.applications.actions import DELETE_FILES
from portal.applications.models import Document
from portal.core import storage
from portal.core.clock import now
from portal.core.db import db
from portal.core.jobs import task

KEEP_REMOVED = timedelta(days=1)
AT_ONCE = 500


@task(DELETE_FILES, retry=RetryStrategy(max_attempts=10, exponential_wait=4))
def delete_files(keys: list[str]) -> None:
    """Delete the files of a deleted draft; deleting twice is no error."""
    for key in keys:
        storage.delete(key)


@task("applications.sweep_removed", periodic="17 * * * *")
def sweep_removed(timestamp: int) -> None:
    """Delete documents removed more than a day ago, first the bytes, then the row: a crash between is made good."""
    query = select(Document.id, Document.storage_key).where(Document.removed_at < now() - KEEP_REMOVED)
    for document_id, key in db.session.execute(query.order_by(Document.id).limit(AT_ONCE)).all():
        storage.delete(key)
        db.session.execute(delete(Document).where(Document.id == document_id))
