"""Jobs on Procrastinate: a job row is part of the transaction that causes it, and vanishes with its rollback.

A task is a plain function in the `jobs` module of its feature; in the worker it runs inside the Flask application and
one transaction.  Tasks that commit in several steps say `own_transactions=True` and use `transaction()` themselves.
"""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import procrastinate
from flask import Flask
from procrastinate import PsycopgConnector
from procrastinate.tasks import Task

from portal.core.db import driver_connection, transaction

Function = Callable[..., None]


@dataclass(frozen=True)
class _Definition:
    """A task as its feature declares it."""

    name: str
    function: Function
    retry: procrastinate.RetryStrategy | bool
    lock: str | None
    periodic: str | None
    own_transactions: bool

    def register(self, on: procrastinate.App, function: Function) -> Task[Any, Any, Any]:
        """Make the task known to a queue; a periodic one never waits twice."""
        once = self.name if self.periodic else None
        return on.task(name=self.name, retry=self.retry, lock=self.lock, queueing_lock=once)(function)


# Deferring works on this one, which is never opened: each job goes through the connection of its transaction.
queue = procrastinate.App(connector=PsycopgConnector())
_definitions: dict[str, _Definition] = {}


def init_app(app: Flask) -> None:
    """Know all tasks: the `jobs` module of every feature is imported."""
    package = import_module("portal")
    for module in pkgutil.iter_modules(package.__path__, "portal."):
        if module.ispkg and module.name != "portal.core" and find_spec(f"{module.name}.jobs"):
            import_module(f"{module.name}.jobs")
    app.extensions["jobs"] = queue


def worker_app(app: Flask, database_url: str) -> procrastinate.App:
    """The queue as a worker runs it: to be opened, with every task bound to the Flask application.

    A queue of its own rather than `queue` with another connector: tasks remember the queue that they were made for.
    """
    made = procrastinate.App(connector=PsycopgConnector(conninfo=database_url))
    for definition in _definitions.values():
        bound = definition.register(made, _in(app, definition))
        if definition.periodic:
            made.periodic(cron=definition.periodic)(bound)
    return made


def _in(app: Flask, definition: _Definition) -> Function:
    """The task's function inside the application, and in one transaction unless it makes its own."""

    @wraps(definition.function)
    def run(*args: Any, **kwargs: Any) -> None:
        with app.app_context():
            if definition.own_transactions:
                definition.function(*args, **kwargs)
            else:
                with transaction():
                    definition.function(*args, **kwargs)

    return run


def task(
    name: str,
    *,
    retry: procrastinate.RetryStrategy | None = None,
    lock: str | None = None,
    periodic: str | None = None,
    own_transactions: bool = False,
) -> Callable[[Function], Task[Any, Any, Any]]:
    """Register a task.

    In: its name (`messaging.deliver`), how it is retried, a lock that lets one run at a time, and a cron expression
    (UTC) when it is periodic; a periodic task is called with the timestamp of its tick.  Out: the task, to be given
    to `enqueue`; calling it runs the plain function.
    """

    def decorate(function: Function) -> Task[Any, Any, Any]:
        definition = _Definition(name, function, retry or False, lock, periodic, own_transactions)
        _definitions[name] = definition
        return definition.register(queue, function)

    return decorate


def enqueue(job: Task[Any, Any, Any] | str, *, schedule_at: datetime | None = None, **arguments: Any) -> int:
    """Defer a task in the present transaction.

    In: the task, or its name where the caller stands below the module of the tasks; when to run it at the earliest;
    arguments that JSON can hold.  Out: the job's id.
    """
    name = job if isinstance(job, str) else job.name
    deferrer = queue.configure_task(name, connection=driver_connection(), schedule_at=schedule_at)
    return deferrer.defer(**arguments)
