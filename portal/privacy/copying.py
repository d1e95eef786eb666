"""Asking for a copy of one's data, making it in a job, and deleting it some days later."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal.accounts.models import Person
from portal.core import audit, storage
from portal.core.db import db, transaction, violated_constraint
from portal.core.jobs import enqueue
from portal.messaging.actions import write
from portal.privacy import queries
from portal.privacy.models import CopyState, DataCopy
from portal.privacy.own_data import File, everything, files_of

MAKE_COPY = "privacy.make_copy"
KEEP_COPY = timedelta(days=7)
GIVE_UP = timedelta(days=1)
LARGEST = 8 * 1024 * 1024 * 1024
READ_ME = """All that your account in the portal holds.

data.json   your account, applications with every answer, mail to you, and what you saved
files/      the files that you uploaded, by application

Letters of recommendation that you agreed not to see are not in it, nor are reviews and notes about your applications.
"""


class StillWaiting(Exception):
    """A copy is being made already."""


def ask_for_copy(person: Person, *, now: datetime) -> DataCopy:
    """Have a copy made.  Raises StillWaiting."""
    made = DataCopy(person_id=person.id, asked_at=now)
    try:
        with db.session.begin_nested():
            db.session.add(made)
    except IntegrityError as error:
        if violated_constraint(error) == "uq_data_copy_one_waiting":
            raise StillWaiting from error
        raise
    audit.record(person, "data-copy.asked", made)
    enqueue(MAKE_COPY, copy_id=made.id)
    return made


def make_copy(copy_id: int, *, now: datetime) -> None:
    """Make a copy that waits: read everything, pack it with its files, store it, write to the person.

    It commits in steps, so that the page shows how far it is.  What stops it leaves it waiting for the next try.
    """
    with transaction():
        copy = queries.locked_copy(copy_id)
        if copy is None:
            return
        files = list(files_of(copy.person))
        data = json.dumps(everything(copy.person), indent=2, ensure_ascii=False, default=_text)
        copy.done, copy.total = 0, len(files)
    with tempfile.TemporaryFile(prefix="portal-copy-") as packed:
        for done in _pack(packed, data, files):
            with transaction():
                if (waiting := queries.locked_copy(copy_id)) is None:
                    return  # the account was closed meanwhile
                waiting.done = done
        packed.seek(0)
        stored = storage.put(packed, max_bytes=LARGEST)
    try:
        with transaction():
            _finish(copy_id, stored, now=now)
    except BaseException:
        storage.delete(stored.key)
        raise


def _finish(copy_id: int, stored: storage.Stored, *, now: datetime) -> None:
    copy = queries.locked_copy(copy_id)
    if copy is None:
        storage.delete(stored.key)
        return
    copy.state, copy.ready_at, copy.storage_key, copy.size = CopyState.READY, now, stored.key, stored.size
    write("data_copy_ready", to=copy.person, about=copy, until=now + KEEP_COPY)


def _pack(packed: IO[bytes], data: str, files: list[File]) -> Iterator[int]:
    """Write the ZIP.  Out: after each file, how many are in it."""
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("READ ME.txt", READ_ME)
        archive.writestr("data.json", data)
        for done, file in enumerate(files, 1):
            with archive.open(file.path, "w", force_zip64=True) as entry:
                try:
                    for chunk in storage.get(file.storage_key):
                        entry.write(chunk)
                except storage.Missing:
                    entry.write(b"")  # the sweeper has told staff of it; the other files are still the person's
            yield done


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def give_up_old(now: datetime) -> None:
    """Say of copies that could not be made in a day that they failed; the person may ask again."""
    db.session.execute(
        update(DataCopy)
        .where(DataCopy.state == CopyState.WAITING, DataCopy.asked_at < now - GIVE_UP)
        .values(state=CopyState.FAILED)
    )


def delete_old_copies(now: datetime) -> None:
    """Delete copies whose days are over, first the bytes, then the row."""
    _delete(select(DataCopy).where(DataCopy.asked_at < now - KEEP_COPY))


def delete_copies_of(person: Person) -> None:
    """Delete every copy of a person's data."""
    _delete(select(DataCopy).where(DataCopy.person_id == person.id))


def _delete(query: Any) -> None:
    for copy in db.session.scalars(query.with_for_update(skip_locked=True)):
        if copy.storage_key:
            storage.delete(copy.storage_key)
        db.session.delete(copy)
