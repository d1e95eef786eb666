"""Jobs that cross features: the store and the rows that name its files are compared, sent forms are forgotten."""

import logging
from datetime import timedelta

from portal.applications.models import Document
from portal.applications.scanning import mark_found, mark_lost
from portal.core import once, orphans
from portal.core.clock import now
from portal.core.jobs import task
from portal.core.orphans import Suspicious, Swept

log = logging.getLogger(__name__)


@task("admin.sweep_files", periodic="41 3 * * *", lock="admin.sweep_files")
def sweep_files(timestamp: int) -> None:
    """Delete what no row names and mark what the store lost, unless store and database do not belong together."""
    try:
        sweep()
    except Suspicious as doubt:
        log.error("files were not swept: %s", doubt)


@task("admin.forget_sent_forms", periodic="53 3 * * *")
def forget_sent_forms(timestamp: int) -> None:
    """Nobody presses a button twice a day apart."""
    once.forget(before=now() - once.KEPT)


def sweep(*, grace: timedelta = orphans.GRACE) -> Swept:
    """One sweep, told of in the log.  Raises Suspicious, StorageDown."""
    done = orphans.sweep(now(), grace=grace)
    lost = done.lost.pop(Document.__tablename__, [])
    mark_lost(lost, now=now())
    mark_found(except_for=lost)
    for table, ids in done.lost.items():
        log.error("%d files of %s are not in the store, those of rows %s", len(ids), table, ids[:20])
    log.info("files swept: %d in the store, %d deleted, %d lost", done.objects, done.deleted, len(lost))
    return Swept(done.objects, done.deleted, done.unfinished, done.lost | ({"document": lost} if lost else {}))
