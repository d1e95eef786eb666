"""Jobs of files: each is looked at for viruses, its words are read, and none is forgotten on the way."""

import logging
from collections.abc import Iterator
from datetime import timedelta

from procrastinate import RetryStrategy

from portal.applications import document_queries, extraction, scanning
from portal.applications.scan_states import ScanState
from portal.core import scanner, storage
from portal.core.clock import now
from portal.core.db import transaction
from portal.core.jobs import task
from portal.core.scanner import ScannerDown, TooLargeToScan

LOST_AFTER = timedelta(minutes=10)
log = logging.getLogger(__name__)


@task(scanning.SCAN, own_transactions=True)
def scan(document_id: int) -> None:
    """Look at a file that waits; where scanner or store cannot be reached, a later job tries again."""
    if scanner.configured() is None:
        with transaction():
            if document := document_queries.waiting(document_id):
                scanning.give_up(document)
        return
    try:
        look_at(document_id, [ScanState.CHECKING])
    except (ScannerDown, storage.StorageDown) as fault:
        log.warning("document %d was not checked for viruses: %s", document_id, fault)
        with transaction():
            if document := document_queries.waiting(document_id):
                scanning.put_off(document, now=now())


def look_at(document_id: int, states: list[ScanState]) -> ScanState | None:
    """Scan a file that stands in one of the states, outside of any transaction, and record what was found.

    Out: the state it has now, or None where there was nothing to look at.  Raises ScannerDown, and StorageDown.
    """
    found = scanner.configured()
    with transaction():
        document = document_queries.held(document_id, states)
        if document is None or found is None:
            return None
        key = document.storage_key
    verdict = None
    try:
        verdict = found.scan(storage.get(key))
    except TooLargeToScan:
        log.warning("document %d is too large for the scanner: raise StreamMaxLength in clamd.conf", document_id)
    except storage.Missing:
        log.error("document %d has no bytes in the store", document_id)
        with transaction():
            scanning.mark_lost([document_id], now=now())
        return None
    with transaction():
        document = document_queries.held(document_id, states)
        if document is None:
            return None
        if verdict is None:
            scanning.refuse_size(document, now=now())
        else:
            scanning.settle(document, verdict, now=now())
        return document.scan_state


def look_at_all(states: list[ScanState]) -> Iterator[ScanState]:
    """Look at every file that stands in one of the states, in order.  Out: the state of each by now.

    Raises ScannerDown, and StorageDown; what was found before stands.
    """
    last = 0
    while ids := document_queries.ids_in(states, after=last):
        for document_id in ids:
            if state := look_at(document_id, states):
                yield state
        last = ids[-1]


@task("applications.sweep_scans", periodic="*/5 * * * *")
def sweep_scans(timestamp: int) -> None:
    """Give files that wait a new job where theirs was lost with a worker."""
    before = now() - LOST_AFTER
    for document in document_queries.without_job(before):
        if scanner.configured() is None:
            scanning.give_up(document)
        else:
            scanning.put_off(document, now=now())
    for document in document_queries.without_words(before, scanned=scanner.configured() is not None):
        scanning.read_words(document)


@task(scanning.EXTRACT, retry=RetryStrategy(max_attempts=6, exponential_wait=4), own_transactions=True)
def extract_text(document_id: int) -> None:
    """Read the words of a file that others may open, and keep them.  Raises what a later try can make good."""
    with transaction():
        document = document_queries.readable(document_id, scanned=scanner.configured() is not None)
        if document is None:
            return
        key, media_type = document.storage_key, document.media_type
    with storage.open_temporary(key) as path:
        words = extraction.words_of(path, media_type)
    with transaction():
        if document_queries.readable(document_id, scanned=scanner.configured() is not None):
            scanning.keep_words(document_id, words, now=now())
