"""The sweeper: bytes without a row go, rows without bytes are marked, and nothing that is under way is touched."""

import logging
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from obstore.store import LocalStore

from portal.admin import jobs
from portal.applications.models import Application, Document
from portal.core import audit, orphans, storage
from portal.core.clock import now
from portal.core.db import db
from portal.core.orphans import Suspicious
from portal.core.storage import Storage
from portal.receipts.models import ReceiptContent
from tests import factories

LATER = timedelta(days=3)


@pytest.fixture(params=["memory", "local"])
def store(request: pytest.FixtureRequest, app: Flask, context: None, tmp_path: Path) -> Iterator[Storage]:
    """An empty store of each kind that a machine keeps by itself."""
    was = app.extensions["storage"]
    kept = LocalStore(tmp_path / "files", mkdir=True) if request.param == "local" else storage.MemoryStore()
    app.extensions["storage"] = Storage(kept, max_bytes=20_000_000)
    yield app.extensions["storage"]
    app.extensions["storage"] = was


def keys(store: Storage) -> set[str]:
    return {key for batch in store.all() for key, _ in batch}


def test_bytes_without_a_row_go_and_all_others_stay(store: Storage) -> None:
    application = factories.application()
    document = factories.document(application)
    removed = factories.document(application, removed_at=now())
    orphan = store.put(BytesIO(b"orphan")).key
    assert keys(store) == {document.storage_key, removed.storage_key, orphan}
    assert jobs.sweep().deleted == 0
    assert orphan in keys(store)
    with time_machine.travel(now() + LATER):
        done = jobs.sweep()
    assert (done.objects, done.deleted, done.lost) == (3, 1, {})
    assert keys(store) == {document.storage_key, removed.storage_key}


def test_files_of_every_table_are_known(store: Storage) -> None:
    """Whatever keeps files names them in a column of this name; the sweeper takes all others for left behind."""
    tables = {column.table.name for column in orphans.owners()}
    assert {Document.__tablename__, ReceiptContent.__tablename__} <= tables
    named_otherwise = [
        f"{table.name}.{column.name}"
        for table in db.metadata.sorted_tables
        for column in table.c
        if column.name.endswith(("_storage_key", "object_key", "file_key", "blob_key"))
    ]
    assert named_otherwise == []


def test_what_is_stored_while_it_sweeps_stays(store: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload that began after the store was listed, and one whose row came after it was listed."""
    application = factories.application()
    listing = store.all
    made: list[Document] = []

    def slowly() -> Iterator[list[tuple[str, object]]]:
        yield from list(listing())
        made.append(factories.document(application))

    monkeypatch.setattr(storage, "everything", slowly)
    early = store.put(BytesIO(b"early")).key
    with time_machine.travel(now() + timedelta(hours=40)):
        jobs.sweep()
    assert keys(store) == {early, made[0].storage_key}
    assert made[0].lost_at is None


def test_rows_without_bytes_are_marked_and_recover(store: Storage, caplog: pytest.LogCaptureFixture) -> None:
    application = factories.application()
    kept, lost = factories.document(application), factories.document(application)
    content = store.read(lost.storage_key)
    store.delete(lost.storage_key)
    for _ in range(2):
        jobs.sweep_files(0)
        db.session.expire_all()
        assert (kept.lost_at, lost.lost_at is None) == (None, False)
    lines = db.session.scalars(sa.select(audit.Event).where(audit.Event.verb == "document.lost")).all()
    assert [line.thing_id for line in lines] == [lost.id]
    store.put(BytesIO(content), key=lost.storage_key)
    jobs.sweep_files(0)
    db.session.expire_all()
    assert lost.lost_at is None


def test_lost_files_of_other_tables_are_logged(store: Storage, caplog: pytest.LogCaptureFixture) -> None:
    from portal.applications.status import Status
    from portal.receipts import actions

    application = factories.application(status=Status.SUBMITTED)
    receipt = actions.issue(application, submitted_at=now())
    assert receipt.held is not None
    receipt.held.storage_key, receipt.held.size = "aa/bb/gone", 3
    db.session.flush()
    with caplog.at_level(logging.ERROR):
        done = jobs.sweep()
    assert done.lost == {"receipt_content": [receipt.id]}
    assert f"1 files of receipt_content are not in the store, those of rows [{receipt.id}]" in caplog.messages


def test_another_deployments_store_is_left_alone(store: Storage, caplog: pytest.LogCaptureFixture) -> None:
    factories.document(factories.application())
    for _ in range(orphans.FEW + 1):
        store.put(BytesIO(b"theirs"))
    with time_machine.travel(now() + LATER), caplog.at_level(logging.ERROR):
        jobs.sweep_files(0)
    assert len(keys(store)) == orphans.FEW + 2
    assert "files were not swept: 21 of 22 objects in the store have no row" in caplog.text


def test_an_empty_store_does_not_mark_all_files_lost(store: Storage) -> None:
    application: Application = factories.application()
    documents = [factories.document(application) for _ in range(orphans.FEW + 1)]
    for document in documents:
        store.delete(document.storage_key)
    with pytest.raises(Suspicious, match="21 of 21 files of document are not in the store"):
        jobs.sweep()
    assert db.session.scalar(sa.select(sa.func.count(Document.lost_at))) == 0


def test_what_killed_writes_left_in_a_folder_goes(app: Flask, context: None, tmp_path: Path) -> None:
    was = app.extensions["storage"]
    folder = tmp_path / "files"
    app.extensions["storage"] = made = Storage(LocalStore(folder, mkdir=True), max_bytes=10_000)
    try:
        made.put(BytesIO(b"whole"), key="ab/cd/whole")
        for name, age in (("old#1", 200_000), ("new#2", 60)):
            path = folder / "ab" / "cd" / name
            path.write_bytes(b"half")
            os.utime(path, (time.time() - age, time.time() - age))
        assert keys(made) == {"ab/cd/whole"}
        assert jobs.sweep().unfinished == 1
        assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["new#2", "whole"]
    finally:
        app.extensions["storage"] = was


def test_a_killed_write_leaves_what_the_sweeper_knows(tmp_path: Path) -> None:
    """The name that obstore gives to an unfinished file: if it changes, the sweeper has to learn the new one."""
    found: list[str] = []

    class Slow(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            found.extend(path.name for path in (tmp_path / "files").rglob("*") if path.is_file())
            return super().read(size)

    made = Storage(LocalStore(tmp_path / "files", mkdir=True), max_bytes=50_000_000)
    made.put(Slow(b"x" * 30_000_000), key="ab/whole")
    assert found
    assert all(storage.UNFINISHED.fullmatch(name) for name in found), set(found)


def test_the_command(app: Flask, store: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    factories.document(factories.application())
    store.put(BytesIO(b"orphan"))
    db.session.commit()
    run = app.test_cli_runner()
    assert run.invoke(args=["sweep-files"]).output == "2 files in the store, 0 deleted, 0 lost.\n"
    done = run.invoke(args=["sweep-files", "--hours", "0"])
    assert (done.exit_code, done.output) == (0, "2 files in the store, 1 deleted, 0 lost.\n")

    def down() -> Iterator[object]:
        raise storage.StorageDown("the store is away")

    monkeypatch.setattr(storage, "everything", down)
    failed = run.invoke(args=["sweep-files"])
    assert (failed.exit_code, failed.output) == (1, "Error: Nothing was changed: the store is away.\n")
