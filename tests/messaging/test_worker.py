"""With a real Procrastinate worker on a committed database: jobs share the transaction, run, and are put off."""

import asyncio
import mailbox
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from portal import create_app
from portal.core.db import db, transaction
from portal.core.jobs import worker_app
from portal.messaging.actions import write
from portal.messaging.models import Message
from portal.messaging.status import Delivery
from tests.conftest import make_database, make_settings
from tests.messaging.smtp_servers import Postbox, free_port, smtp_server

WORDS = {"invited_by": "Gideon", "link": "http://localhost/x", "valid_words": "5 days"}


@pytest.fixture(scope="module")
def committed(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application on a database of its own, whose commits stay."""
    url = make_database(server_url, "portal_messaging")
    app = create_app(make_settings(url, tmp_path_factory.mktemp("worker")))
    with app.app_context():
        upgrade(directory=str(Path(__file__).parents[2] / "migrations"))
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def context(committed: Flask) -> Iterator[Flask]:
    with committed.app_context():
        yield committed
        db.session.rollback()
        db.session.execute(text("TRUNCATE message, procrastinate_jobs CASCADE"))
        db.session.commit()


def configure(app: Flask, monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update=values))


def work(app: Flask) -> None:
    """Run a worker until nothing is due."""

    async def run() -> None:
        queue = worker_app(app, app.config["SETTINGS"].psycopg_url)
        async with queue.open_async():
            await queue.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)

    asyncio.run(run())


def jobs() -> list[tuple[str, bool]]:
    rows = db.session.execute(
        text("SELECT status, scheduled_at > now() FROM procrastinate_jobs WHERE task_name LIKE '%deliver' ORDER BY id")
    )
    return [(status, bool(later)) for status, later in rows]


def test_the_job_vanishes_with_the_rollback(context: Flask) -> None:
    write("invitation", to=("Ada", "ada@example.org"), **WORDS)
    assert jobs() == [("todo", False)]
    db.session.rollback()
    assert jobs() == []
    assert db.session.query(Message).count() == 0


def test_a_worker_sends_what_was_committed(context: Flask) -> None:
    with transaction():
        key = write("invitation", to=("Ada", "ada@example.org"), **WORDS).id
    work(context)
    db.session.rollback()
    message = db.session.get(Message, key)
    assert message is not None
    assert (message.state, message.attempts) == (Delivery.SENT, 1)
    assert jobs() == [("succeeded", False)]
    kept = list(mailbox.Maildir(context.config["SETTINGS"].data_dir / "mailbox", create=False))
    assert message.message_id in [mail["Message-ID"] for mail in kept]


def test_a_retry_is_scheduled_and_carried_out(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    configure(context, monkeypatch, mail_server="127.0.0.1", mail_port=port, mail_tls="none")
    with transaction():
        key = write("invitation", to=("Ada", "ada@example.org"), **WORDS).id
    work(context)
    db.session.rollback()
    message = db.session.get(Message, key)
    assert message is not None
    assert (message.state, message.attempts) == (Delivery.QUEUED, 1)
    assert message.last_error == "The mail server cannot be reached: connection refused."
    assert jobs() == [("succeeded", False), ("todo", True)]
    with transaction():
        db.session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'"))
    box = Postbox()
    with smtp_server(box) as open_port:
        configure(context, monkeypatch, mail_port=open_port)
        work(context)
    db.session.rollback()
    message = db.session.get(Message, key)
    assert message is not None
    assert (message.state, message.attempts, message.last_error) == (Delivery.SENT, 2, "")
    assert len(box.received) == 1
