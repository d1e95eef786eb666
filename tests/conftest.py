"""Fixtures of the whole suite: a real PostgreSQL built by the migrations, one transaction a test, a checking client."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask_migrate import upgrade
from hypothesis import HealthCheck, settings

from portal import create_app
from portal.accounts.models import Person
from portal.config import Settings
from portal.core import audit, embedded
from portal.core.db import db
from tests.page_client import PageClient

# How long an example takes says how busy the machine is, and nothing of the portal.
settings.register_profile("portal", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("portal")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On the distribution's PostgreSQL only the tests run that ask a database anything."""
    if os.environ.get("TEST_POSTGRES") != "distribution":
        return
    asking = [item for item in items if "server_url" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=list(set(items) - set(asking)))
    items[:] = asking


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a fresh database: of `TEST_DATABASE_URL`'s server when that is set, else of one started for the tests.

    That is the embedded one, or with `TEST_POSTGRES=distribution` the one that the system's packages installed.
    """
    external = os.environ.get("TEST_DATABASE_URL")
    if external:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        yield make_database(external, f"portal_test_{worker}")
        return
    binaries = None
    if os.environ.get("TEST_POSTGRES") == "distribution":
        binaries = embedded.distribution_binaries()
        if binaries is None:
            pytest.exit("TEST_POSTGRES=distribution, but no PostgreSQL 15 or newer is installed", returncode=1)
    folder = tmp_path_factory.mktemp("postgres")
    try:
        with embedded.start(folder, fast=True, binaries=binaries) as server:
            yield server.url
    finally:
        embedded.remove(folder)  # a cluster of root's stands outside the temporary folder


def make_database(url: str, name: str) -> str:
    """An empty database of that name on the same server.  Out: its URL."""
    parts = sa.make_url(url).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(parts, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(sa.text(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'"))
    engine.dispose()
    return parts.set(database=name, drivername="postgresql").render_as_string(hide_password=False)


def make_settings(database_url: str, data_dir: Path, **changes: Any) -> Settings:
    """Settings of the tests; nothing of the machine's environment gets in."""
    values: dict[str, Any] = {
        "portal_env": "test",
        "database_url": database_url,
        "data_dir": data_dir,
        "secret_key": "test-secret-key-" * 3,
        "password_salt": "test-password-salt-" * 3,
        "totp_secrets": {"1": "TjQ9Qa31VOrfEzuPy4VHQWPCTmRzCnFzMKLxXYiZu9B"},
        "storage_url": "memory://",
        "throttling": False,
        "log_level": "WARNING",
        "base_url": "http://localhost",
    }
    return Settings.model_validate(values | changes)


@pytest.fixture(scope="session")
def app(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application on a migrated database."""
    made = create_app(make_settings(server_url, tmp_path_factory.mktemp("data")))
    with made.app_context():
        upgrade(directory=str(Path(__file__).parent.parent / "migrations"))
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def committed(
    server_url: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Flask]:
    """An application on a database of this file alone, for what only shows between transactions that commit."""
    name = request.module.__name__.rpartition(".")[2]
    url = make_database(server_url, f"portal_{name}")
    made = create_app(make_settings(url, tmp_path_factory.mktemp(name), database_pool_size=8))
    with made.app_context():
        upgrade(directory=str(Path(__file__).parent.parent / "migrations"))
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def in_autumn() -> Iterator[None]:
    """Monday, November 23, 2026, 7:42 am ET, for what says how far away a day is, or in which year."""
    with time_machine.travel(datetime(2026, 11, 23, 12, 42, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def in_december() -> Iterator[None]:
    """Wednesday, December 9, 2026, 10 am ET: after the deadlines of December 8 that the tests set."""
    with time_machine.travel(datetime(2026, 12, 9, 15, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str, int, dict[str, Any]]]:
    """What `record_reads` is told: it writes by itself, but inside the one connection of a test it is undone too."""
    told: list[tuple[int, str, int, dict[str, Any]]] = []

    def note(who: Person, *reads: audit.Read) -> None:
        told.extend((who.id, one.verb, one.thing.id, dict(one.facts)) for one in reads)

    monkeypatch.setattr(audit, "record_reads", note)
    return told


@pytest.fixture
def connection(app: Flask) -> Iterator[sa.Connection]:
    """The one connection of a test; everything on it is undone at the end.

    Requests commit into savepoints of its transaction, as `join_transaction_mode` says.
    """
    with app.app_context():
        engine = db.engines[None]
    with engine.connect() as opened:
        outer = opened.begin()
        db._app_engines[app][None] = opened  # type: ignore[assignment]
        try:
            yield opened
        finally:
            db._app_engines[app][None] = engine
            if outer.is_active:
                outer.rollback()


@pytest.fixture
def context(app: Flask, connection: sa.Connection) -> Iterator[None]:
    """An application context in which factories and actions run; requests open their own."""
    app.extensions["brand"].forget()
    with app.app_context():
        yield
        db.session.rollback()


@pytest.fixture
def client(app: Flask, context: None) -> PageClient:
    """A visitor's browser; it checks every page that it fetches."""
    return PageClient(app)


@pytest.fixture
def throttled(app: Flask, connection: sa.Connection, server_url: str, tmp_path: Path) -> Callable[[], PageClient]:
    """Browsers of an application that counts attempts, on the same database."""
    made = create_app(make_settings(server_url, tmp_path, throttling=True))
    with made.app_context():
        engine = db.engines[None]
    db._app_engines[made][None] = connection  # type: ignore[assignment]
    engine.dispose()
    return lambda: PageClient(made)
