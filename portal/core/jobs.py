"""Jobs on Procrastinate: a job row is part of the transaction that causes it, and vanishes with its rollback.

A task is a plain function; in the worker it runs inside the Flask application and one transaction.  Tasks that must
commit in several steps say `own_transactions=True` and use `transaction()` themselves.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

import procrastinate
from flask import Flask
from procrastinate import PsycopgConnector
from procrastinate.tasks import Task

from portal.core.db import driver_connection, transaction

queue = procrastinate.App(connector=PsycopgConnector())
_flask: dict[str, Flask] = {}


def init_app(app: Flask) -> None:
    """Let the worker's tasks run inside this application."""
    app.extensions["jobs"] = queue


def worker_app(app: Flask, database_url: str) -> procrastinate.App:
    """The queue as a worker runs it: connected, with every task bound to the Flask application."""
    _flask["app"] = app
    return queue.with_connector(PsycopgConnector(conninfo=database_url))


def task(
    name: str,
    *,
    retry: procrastinate.RetryStrategy | None = None,
    lock: str | None = None,
    periodic: str | None = None,
    own_transactions: bool = False,
) -> Callable[[Callable[..., None]], Task[Any, Any, Any]]:
    """Register a task.

    In: its name (`messaging.deliver`), how it is retried, a lock that lets one run at a time, and a cron expression
    (UTC) when it is periodic; a periodic task is called with the timestamp of its tick.
    """

    def decorate(function: Callable[..., None]) -> Task[Any, Any, Any]:
        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            with _flask["app"].app_context():
                if own_transactions:
                    function(*args, **kwargs)
                else:
                    with transaction():
                        function(*args, **kwargs)

        run.unwrapped = function  # type: ignore[attr-defined]
        made = queue.task(run, name=name, retry=retry or False, lock=lock, queueing_lock=name if periodic else None)
        if periodic:
            queue.periodic(cron=periodic)(made)
        return made

    return decorate


def enqueue(job: Task[Any, Any, Any] | str, *, schedule_at: datetime | None = None, **arguments: Any) -> int:
    """Defer a task in the present transaction.

    In: the task, or its name where the caller stands below the module of the tasks; when to run it at the earliest;
    arguments that JSON can hold.  Out: the job's id.
    """
    name = job if isinstance(job, str) else job.name
    deferrer = queue.configure_task(name, connection=driver_connection(), schedule_at=schedule_at)
    return deferrer.defer(**arguments)
