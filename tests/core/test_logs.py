"""Logs: every request has an id and one line; nothing personal is in them."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy.exc import IntegrityError

from portal.config import Environment, Settings
from portal.core import logs


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Logging is of the whole process: leave it as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def make_app(tmp_path: Path, **chosen: Any) -> Flask:
    app = Flask("logs")
    app.config["SETTINGS"] = Settings(portal_env=Environment.TEST, data_dir=tmp_path, **chosen)
    logs.init_app(app)

    @app.get("/hello/<int:number>")
    def hello(number: int) -> str:
        logging.getLogger("portal.some").warning("inside")
        return str(g.request_id)

    @app.get("/reset/<token>")
    def reset(token: str) -> str:
        person = "maria"
        raise ValueError(f"no mail to {person}@example.org")

    return app


def lines(captured: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.splitlines()]


def test_one_access_line_with_the_id_of_the_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = make_app(tmp_path).test_client().get("/hello/7?email=maria@example.org")
    inside, line = lines(capsys.readouterr().err)
    assert answer.text == answer.headers["X-Request-ID"] == inside["request_id"] == line["request_id"]
    assert inside["level"] == "WARNING"
    assert (line["logger"], line["method"], line["path"], line["status"]) == ("portal.access", "GET", "/hello/7", 200)
    assert (line["endpoint"], line["user_id"]) == ("hello", None)
    assert line["ms"] >= 0
    assert "maria" not in json.dumps([inside, line])


@pytest.mark.parametrize(
    ("proxies", "sent", "kept"),
    [
        (1, "abc-12345", True),
        (0, "abc-12345", False),
        (1, "short", False),
        (1, "a" * 65, False),
        (1, "abc 12345!", False),
    ],
)
def test_a_proxy_s_id_is_taken_when_it_is_sane(tmp_path: Path, proxies: int, sent: str, kept: bool) -> None:
    client = make_app(tmp_path, proxy_count=proxies).test_client()
    assert (client.get("/hello/7", headers={"X-Request-ID": sent}).text == sent) is kept


def test_errors_are_told_without_tokens_and_addresses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = make_app(tmp_path).test_client().get("/reset/very-secret")
    assert answer.status_code == 500
    captured = capsys.readouterr().err
    assert "very-secret" not in captured
    assert "maria" not in captured
    error, line = lines(captured)
    assert "ValueError: no mail to (address)" in error["exc_info"]
    assert error["request_id"] == line["request_id"] == answer.headers["X-Request-ID"]
    assert (line["path"], line["status"]) == ("/reset/<token>", 500)


def test_a_line_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_app(tmp_path, log_format="text").test_client().get("/none%0AERROR forged")
    (line,) = capsys.readouterr().err.splitlines()
    assert "GET /none%0AERROR%20forged 404" in line


def test_database_errors_are_told_without_values() -> None:
    error = IntegrityError("INSERT INTO person VALUES (%s)", {"email": "maria"}, ValueError("x"))
    assert "maria" not in logs.describe(error)
    assert "INSERT" not in logs.describe(error)


def test_the_person_is_named_by_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from sqlalchemy import Integer
    from sqlalchemy.orm import DeclarativeBase, Mapped, make_transient_to_detached, mapped_column

    class Base(DeclarativeBase):
        """A mapping of its own."""

    class Someone(Base):
        """A person whose attributes are all expired, as after a commit."""

        __tablename__ = "someone"
        id: Mapped[int] = mapped_column(Integer, primary_key=True)

    app = make_app(tmp_path)

    @app.get("/me")
    def me() -> str:
        someone = Someone(id=41)
        make_transient_to_detached(someone)
        g._login_user = someone
        return ""

    app.test_client().get("/me")
    assert lines(capsys.readouterr().err)[-1]["user_id"] == 41


def test_configuring_again_does_not_double_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_app(tmp_path)
    make_app(tmp_path).test_client().get("/none")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_levels_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_app(tmp_path, log_level="ERROR").test_client().get("/hello/7")
    assert capsys.readouterr().err == ""
