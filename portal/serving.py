"""The long-running processes: web server, worker, and the demo that runs everything at once."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psycopg
from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from procrastinate.exceptions import ConnectorException
from sqlalchemy import text

from portal.config import Environment, Settings, local_secrets
from portal.core import embedded, scanner
from portal.core.db import db
from portal.core.jobs import worker_app

ROOT = Path(__file__).parent.parent
GRACE_SECONDS = 20
RETRY_SECONDS = 2


def serve(settings: Settings) -> None:
    """Run the web server until SIGTERM or SIGINT; requests under way are finished first.

    Raises `AddressTaken` where something listens there already.
    """
    check_address(settings)
    scanner.report_at_start(settings)
    Granian(
        "wsgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=4,
        backlog=1024,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE_SECONDS,
        working_dir=ROOT,
        log_enabled=True,
        log_level=LogLevels.warning,
    ).serve()


class AddressTaken(Exception):
    """Raised when the web server cannot listen on its address."""


def check_address(settings: Settings) -> None:
    """Raise `AddressTaken` unless the web server can have its address to itself; the server shares it without a word,
    and two portals would answer in turn."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise AddressTaken(f"{settings.host}:{settings.port}") from error


def work(app: Flask, settings: Settings, *, concurrency: int = 2) -> None:
    """Run jobs until SIGTERM or SIGINT; jobs under way are finished first.

    A database that goes away is waited for.  Raises what SQLAlchemy says where it is not there at the start.
    """
    scanner.report_at_start(settings)
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(text("SELECT FROM procrastinate_workers LIMIT 1"))
    asyncio.run(_work(app, settings.psycopg_url, concurrency))


async def _work(app: Flask, database_url: str, concurrency: int) -> None:
    """Run queues, a new one when the last ended by a fault of the database.

    Procrastinate's worker stops then as if it had been told to, so that the signals must be caught here.
    """
    told_to_stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, told_to_stop.set)
    waiting = asyncio.create_task(told_to_stop.wait())
    while not told_to_stop.is_set():
        running = asyncio.create_task(_run_queue(app, database_url, concurrency))
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        running.cancel()  # finishes the jobs under way, where it still runs
        try:
            await running
        except asyncio.CancelledError:
            break
        except (ConnectorException, psycopg.Error) as fault:
            app.logger.warning("the queue stopped: %s", type(fault).__name__)
        if not told_to_stop.is_set():
            app.logger.warning("the worker lost the database, and tries again")
            await asyncio.wait({waiting}, timeout=RETRY_SECONDS)


async def _run_queue(app: Flask, database_url: str, concurrency: int) -> None:
    queue = worker_app(app, database_url)
    async with queue.open_async():
        await queue.run_worker_async(
            concurrency=concurrency,
            install_signal_handlers=False,
            shutdown_graceful_timeout=GRACE_SECONDS,
            fetch_job_polling_interval=5,
            delete_jobs="successful",
        )


@contextmanager
def local_settings(**changes: object) -> Iterator[Settings]:
    """Settings of a local installation, with an embedded PostgreSQL unless `DATABASE_URL` names another.

    Out: settings in the demo environment.  Raises `ProductionSetting` when the environment says production.
    """
    if os.environ.get("PORTAL_ENV") == Environment.PRODUCTION:
        raise ProductionSetting
    data_dir = Path(os.environ.get("DATA_DIR") or "var").resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    values = {"portal_env": Environment.DEMO, "data_dir": data_dir} | local_secrets(data_dir) | changes
    if os.environ.get("DATABASE_URL"):
        yield Settings.model_validate(_from_environment() | values)
        return
    with embedded.start(data_dir) as server:
        yield Settings.model_validate(_from_environment() | values | {"database_url": server.url})


def _from_environment() -> dict[str, str]:
    """What the environment sets, under the names of the fields."""
    return {name: os.environ[name.upper()] for name in Settings.model_fields if os.environ.get(name.upper())}


class ProductionSetting(Exception):
    """Raised when something meant for the demo is asked for in production."""


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as environment variables for a child process."""
    values = settings.model_dump(mode="json")
    return os.environ | {
        name.upper(): json.dumps(value) if isinstance(value, dict) else str(value)
        for name, value in values.items()
        if value not in ("", {}, None)
    }


class Stopped(Exception):
    """Raised in the main thread by SIGTERM or SIGINT."""


def run_together(commands: Sequence[Sequence[str]], settings: Settings, *, ready: str, on_ready: str) -> int:
    """Run child processes until one ends or we are told to stop; then stop them all.

    In: argument lists for `portal`, the settings they run under, a URL that answers 200 when they are up, and the
    text printed then.  Out: the exit code.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Stopped

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    children: list[subprocess.Popen[bytes]] = []
    try:
        children.extend(start(command, settings) for command in commands)
        await_ready(ready, children)
        print(on_ready, flush=True)  # noqa: T201 - the demo speaks to a person
        while all(child.poll() is None for child in children):
            time.sleep(0.3)
        return 1
    except Stopped:
        return 0
    finally:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_IGN)
        stop_all(children)


def start(command: Sequence[str], settings: Settings) -> subprocess.Popen[bytes]:
    """A command of `portal` as a process of its own, which Ctrl-C in the terminal does not reach."""
    return subprocess.Popen(  # noqa: S603 - our own console script
        [sys.executable, "-m", "portal", *command], env=environment_of(settings), cwd=ROOT, start_new_session=True
    )


def await_ready(url: str, children: Sequence[subprocess.Popen[bytes]], *, seconds: float = 60) -> None:
    """Wait until the URL answers 200.  Raises RuntimeError when a child ends first or the time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if any(child.poll() is not None for child in children):
            raise RuntimeError("a process ended while starting; its message is above")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"{url} did not answer within {seconds:.0f} seconds")


def stop_all(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask every child to finish, and end those that do not within the grace time."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(GRACE_SECONDS + 5)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
