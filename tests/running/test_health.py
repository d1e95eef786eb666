"""What the process says of itself, and how it behaves while its database is gone."""

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from portal import create_app, serving
from portal.core import embedded
from portal.core.db import db, transaction
from portal.messaging.actions import write
from portal.messaging.status import Delivery
from tests.conftest import make_settings
from tests.page_client import PageClient


def beat(client: PageClient, *, seconds_ago: int) -> None:
    db.session.execute(
        sa.text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => :s))"),
        {"s": seconds_ago},
    )
    db.session.commit()


def test_the_process_answers(client: PageClient) -> None:
    page = client.get("/healthz")
    assert (page.status, page.response.json) == (200, {"status": "ok"})


def test_without_a_worker_it_is_not_ready(client: PageClient) -> None:
    page = client.get("/readyz")
    assert page.status == 503
    assert page.response.json == {
        "status": "not ready",
        "database": "ok",
        "migrations": "ok",
        "queue": "no worker has reported in the last minute",
    }


def test_with_a_worker_it_is_ready(client: PageClient) -> None:
    beat(client, seconds_ago=5)
    page = client.get("/readyz")
    assert (page.status, page.response.json["status"]) == (200, "ok")


def test_a_worker_that_fell_silent_counts_no_more(client: PageClient) -> None:
    beat(client, seconds_ago=61)
    assert client.get("/readyz").status == 503


def test_a_database_behind_the_migrations_is_not_ready(client: PageClient) -> None:
    beat(client, seconds_ago=5)
    db.session.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    db.session.commit()
    page = client.get("/readyz")
    assert page.status == 503
    assert page.response.json["migrations"].startswith("at 0001, wanted ")


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="portal-tests-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        embedded.remove(made)
        shutil.rmtree(made, ignore_errors=True)


def test_database_gone_and_back(folder: Path) -> None:
    """A calm page and 503 while it is gone, and recovery without a restart of ours."""
    server = embedded.start(folder, fast=True)
    app = create_app(make_settings(server.url, folder, log_level="ERROR"))
    with app.app_context():
        upgrade(directory=str(Path(__file__).parents[2] / "migrations"))
    client = PageClient(app)
    assert client.get("/").status == 200

    server.stop()
    app.extensions["brand"].forget()
    for path in ("/", "/login", "/sites"):
        page = client.get(path)
        assert page.status == 503
        assert page.response.headers["Retry-After"] == "30"
    assert "Error" not in page.title
    assert client.get("/readyz").response.json["database"] == "unreachable or without tables"
    assert client.get("/healthz").status == 200

    with embedded.start(folder, fast=True):
        assert client.get("/").status == 200
        assert client.get("/readyz").response.json["database"] == "ok"
        with app.app_context():
            db.engine.dispose()


def sent_by_the_worker(app: Flask, name: str) -> bool:
    """Whether a mail that is written now has gone within half a minute."""
    with app.app_context():
        with transaction():
            made = write("invitation", to=(name, "ada@example.org"), invited_by=name, link="/", valid_words="one day")
        for _ in range(150):
            db.session.rollback()
            db.session.refresh(made)
            if made.state is Delivery.SENT:
                return True
            time.sleep(0.2)
    return False


def test_a_worker_outlives_its_database(folder: Path) -> None:
    """It waits while the database is gone, goes on with what comes after, and still stops when it is told to."""
    server = embedded.start(folder, fast=True)
    settings = make_settings(server.url, folder, log_level="ERROR")
    app = create_app(settings)
    with app.app_context():
        upgrade(directory=str(Path(__file__).parents[2] / "migrations"))
    worker = serving.start(["worker"], settings)
    try:
        assert sent_by_the_worker(app, "Before")
        server.stop()
        time.sleep(3)
        assert worker.poll() is None
        with embedded.start(folder, fast=True):
            assert sent_by_the_worker(app, "After")
            assert worker.poll() is None
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
            with app.app_context():
                db.engine.dispose()
    finally:
        serving.stop_all([worker])
