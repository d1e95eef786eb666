"""The commands as an operator runs them, each in a process of its own."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import make_database

ROOT = Path(__file__).parents[2]
Answer = subprocess.CompletedProcess[str]
PLAIN = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def portal(*arguments: str, **environment: str) -> Answer:
    return subprocess.run(
        [sys.executable, "-m", "portal", *arguments],
        env=PLAIN | environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def production(server_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": make_database(server_url, "portal_commands"),
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "s" * 40,
        "PASSWORD_SALT": "p" * 40,
        "TOTP_SECRETS": '{"1": "TjQ9Qa31VOrfEzuPy4VHQWPCTmRzCnFzMKLxXYiZu9B"}',
        "BASE_URL": "https://portal.example.org",
    }


def test_without_settings_production_says_what_is_missing() -> None:
    answer = portal("serve")
    assert answer.returncode != 0
    assert "set DATABASE_URL, SECRET_KEY, PASSWORD_SALT, TOTP_SECRETS, BASE_URL" in " ".join(answer.stderr.split())
    assert "Traceback" not in answer.stderr
    assert "No such command" not in answer.stderr
    unknown = portal("nothing")
    assert unknown.returncode != 0
    assert "set DATABASE_URL" in " ".join(unknown.stderr.split())


def test_a_command_that_is_not_there(production: dict[str, str]) -> None:
    answer = portal("nothing", **production)
    assert answer.returncode == 2
    assert "No such command 'nothing'." in answer.stderr


def test_without_tables_or_without_a_database_a_command_says_so(production: dict[str, str]) -> None:
    names = ("--email", "a@example.org", "--given-name", "A", "--family-name", "B", "--password", "half-days for all")
    answer = portal("create-admin", *names, **production)
    assert (answer.returncode, answer.stderr) == (
        1, "Error: The database has no tables yet. Run: portal db upgrade\n",
    )  # fmt: skip
    nowhere = production | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"}
    for command in (["db", "upgrade"], ["create-admin", *names]):
        answer = portal(*command, **nowhere)
        assert (answer.returncode, answer.stderr) == (
            1, "Error: The database does not answer. Look at DATABASE_URL, and whether it runs.\n",
        )  # fmt: skip


def test_a_worker_says_so_too(production: dict[str, str]) -> None:
    nowhere = production | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"}
    for environment, words in (
        (production, "Error: The database has no tables yet. Run: portal db upgrade"),
        (nowhere, "Error: The database does not answer. Look at DATABASE_URL, and whether it runs."),
    ):
        answer = portal("worker", **environment)
        assert (answer.returncode, answer.stderr.splitlines()[-1]) == (1, words)
        assert "Traceback" not in answer.stderr


def test_a_port_that_is_taken_is_named(production: dict[str, str], tmp_path: Path) -> None:
    """The server would share it: two portals would answer in turn."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        words = f"Error: Something listens on 127.0.0.1:{port} already. Stop it, or set PORT to another port.\n"
        served = portal("serve", PORT=port, **production)
        assert (served.returncode, served.stderr) == (1, words)
        demo = portal("demo", PORT=port, DATABASE_URL=production["DATABASE_URL"], DATA_DIR=str(tmp_path))
        assert (demo.returncode, demo.stdout, demo.stderr) == (1, "", words)


def test_help_lists_the_commands_without_settings() -> None:
    answer = portal("--help")
    assert answer.returncode == 0
    assert "demo-data" in answer.stdout
    assert "Traceback" not in answer.stderr


def test_a_short_secret_is_refused(production: dict[str, str]) -> None:
    answer = portal("worker", **(production | {"SECRET_KEY": "short"}))
    assert answer.returncode != 0
    assert "at least 32 characters" in " ".join(answer.stderr.split())


def test_the_demo_does_not_run_in_production() -> None:
    answer = portal("demo", PORTAL_ENV="production")
    assert answer.returncode == 1
    assert answer.stderr == "Error: The demo does not run with PORTAL_ENV=production.\n"


def test_a_first_admin(production: dict[str, str]) -> None:
    def create(password: str = "half-days for everyone", email: str = "first@example.org") -> Answer:
        names = ("--given-name", "Gideon", "--family-name", "Asante-Wolfe")
        return portal("create-admin", "--email", email, *names, "--password", password, **production)

    assert portal("db", "upgrade", **production).returncode == 0
    assert "12 characters" in create("short").stderr
    assert "is not an email address" in create(email="nobody").stderr
    made = create()
    assert (made.returncode, made.stdout) == (0, "Gideon Asante-Wolfe can sign in as first@example.org.\n")
    assert create().stderr == "Error: Somebody has an account with first@example.org already.\n"

    engine = sa.create_engine(sa.make_url(production["DATABASE_URL"]).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT email, role, confirmed_at IS NOT NULL FROM person JOIN membership ON person_id = person.id")
        ).all()
    engine.dispose()
    assert rows == [("first@example.org", "admin", True)]
