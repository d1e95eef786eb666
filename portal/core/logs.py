"""Logs: one line per record on standard error, JSON for machines or text for people, each with its request's id.

No personal data: paths without query and without tokens, people by id only, and of errors that quote what people
typed (database, mail) only what names the fault.
"""

import logging
import re
import secrets
import sys
import time
import traceback
from types import TracebackType
from typing import Any
from urllib.parse import quote

import psycopg
from flask import Flask, Response, g, has_request_context, request
from pythonjsonlogger.json import JsonFormatter
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError, StatementError

from portal.config import Settings

REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
ADDRESS = re.compile(r"[^\s@<>\"'(]+@[^\s@<>\"')]+")
LONGEST_PATH = 300
LONG = re.compile(r"[^/]{32,}")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
access = logging.getLogger("portal.access")


class _Discreet(logging.Formatter):
    """Tracebacks without the values that errors quote."""

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - logging's own name
        return describe(ei[1]) if ei[1] is not None else ""


class _Text(_Discreet):
    """For a terminal."""


class _Json(_Discreet, JsonFormatter):
    """For machines."""


class _StandardError(logging.StreamHandler[Any]):
    """Writes to what standard error is at the time, and stamps each record with the id of its request."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr  # a test or a daemon may have replaced it since
        record.request_id = g.get("request_id", "-") if has_request_context() else "-"
        super().emit(record)


def describe(error: BaseException) -> str:
    """The traceback of an error and its causes, latest first, without personal data."""
    parts: list[str] = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        frames = "".join(traceback.format_tb(link.__traceback__))
        parts.append(f"{frames}{type(link).__module__}.{type(link).__qualname__}: {_message(link)}")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\ncaused by\n".join(parts)


def _message(error: BaseException) -> str:
    """What an error says; of a database's error only its code and the names of table, column and constraint."""
    if isinstance(error, StatementError):
        original = error.orig
        if not isinstance(error, DBAPIError) or original is None:
            return "(statement and values withheld)"
        return _message(original)
    if isinstance(error, psycopg.Error) and error.sqlstate:
        diag = error.diag
        names = (error.sqlstate, diag.table_name, diag.column_name, diag.constraint_name)
        return " ".join(name for name in names if name)
    return ADDRESS.sub("(address)", str(error))


def configure(settings: Settings) -> None:
    """Send the process's records where the settings say; may be called again, and leaves other handlers alone."""
    handler = _StandardError()
    if settings.log_format == "json":
        names = {"levelname": "level", "name": "logger"}
        fields = "%(levelname)s %(name)s %(message)s %(request_id)s"
        handler.setFormatter(_Json(fields, rename_fields=names, timestamp="at"))
    else:
        handler.setFormatter(_Text("%(asctime)s %(levelname)-7s %(name)s: %(message)s [%(request_id)s]"))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _StandardError)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    # Their access lines hold query strings, which hold tokens.
    for name in ("werkzeug", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def init_app(app: Flask) -> None:
    """Configure logging, give each request its id, and write one access line per request.

    To be attached first: what is attached first runs last after a request, and so sees the final answer.
    """
    settings: Settings = app.config["SETTINGS"]
    configure(settings)

    @app.before_request
    def begin() -> None:
        g.request_began = time.perf_counter()
        theirs = request.headers.get("X-Request-ID", "") if settings.proxy_count else ""
        g.request_id = theirs if REQUEST_ID.fullmatch(theirs) else secrets.token_hex(8)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        path, ms = _path(), round((time.perf_counter() - g.request_began) * 1000, 1)
        access.info(
            "%s %s %d %s ms",
            request.method,
            path,
            response.status_code,
            ms,
            extra={
                "method": request.method,
                "endpoint": request.endpoint,
                "path": path,
                "status": response.status_code,
                "ms": ms,
                "user_id": _user_id(),
            },
        )
        return response

    def log_exception(exc_info: ExcInfo) -> None:
        app.logger.error("unhandled error at %s", request.endpoint, exc_info=exc_info)

    app.log_exception = log_exception  # type: ignore[method-assign]  # Flask's own writes the path, token and all


def _path() -> str:
    """The path as it came, without control characters; tokens in it are replaced by their names."""
    path = request.path
    if request.view_args is None:  # the address of nothing: perhaps one with a token, and a sign too many
        path = LONG.sub("<long>", path)
    for name, value in (request.view_args or {}).items():
        if isinstance(value, str) and value and "token" in name:
            path = path.replace(value, f"<{name}>")
    return quote(path[:LONGEST_PATH], safe="/<>:@!$&'()*+,;=~-._")


def _user_id() -> int | None:
    """Id of the person, if the request has loaded one: asks nothing of the database."""
    state = inspect(g.get("_login_user"), raiseerr=False)
    identity = getattr(state, "identity", None)
    return identity[0] if identity else None
