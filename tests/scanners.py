"""Virus scanners of the tests: the real clamd where it is installed, and a server that speaks its protocol badly."""

import os
import pwd
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.core.scanner import Scanner

CLAMD = shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
SIGNATURE = "Portal.Test.EICAR"


def eicar() -> bytes:
    """The string that every scanner takes for a virus, in halves, so that no scanner takes this file for one."""
    return b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"


@contextmanager
def clamd(*, most_megabytes: int = 25) -> Iterator[str]:
    """The real daemon with a database of one signature.  Out: the path of its socket.

    Started by root it works as the account that its package made, as in production; so its folder stands where that
    account can reach it, which the folders of the tests are not.
    """
    with tempfile.TemporaryDirectory(prefix="portal-clamd-") as folder:
        Path(folder).chmod(0o755)
        with _clamd_in(Path(folder), most_megabytes) as path:
            yield path


@contextmanager
def _clamd_in(folder: Path, most_megabytes: int) -> Iterator[str]:
    assert CLAMD is not None
    database = folder / "database"
    database.mkdir()
    # Type 0 is any file, * is anywhere in it.
    (database / "portal.ndb").write_text(f"{SIGNATURE}:0:*:{eicar().hex()}\n")
    run = folder / "run"
    run.mkdir()
    path = run / "clamd.sock"
    lines = [f"LocalSocket {path}", f"DatabaseDirectory {database}", "Foreground yes"]
    lines += [f"StreamMaxLength {most_megabytes}M", "MaxThreads 2", "TemporaryDirectory " + str(run)]
    if os.geteuid() == 0:
        account = pwd.getpwnam("clamav")
        os.chown(run, account.pw_uid, account.pw_gid)
        lines.append("User clamav")
    config = folder / "clamd.conf"
    config.write_text("\n".join(lines) + "\n")
    log = (folder / "clamd.log").open("wb")
    process = subprocess.Popen([CLAMD, "--config-file", str(config)], stdout=log, stderr=log)
    try:
        scanner = Scanner(str(path), seconds=10)
        until = time.monotonic() + 60
        while not scanner.is_alive():
            assert process.poll() is None, (folder / "clamd.log").read_text()
            assert time.monotonic() < until, (folder / "clamd.log").read_text()
            time.sleep(0.05)
        yield str(path)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


Answer = Callable[[bytes, socket.socket], bytes]


def judge(received: bytes, _connection: socket.socket) -> bytes:
    """What clamd would answer, of the one virus that it knows."""
    return b"stream: " + (SIGNATURE.encode() + b" FOUND" if eicar() in received else b"OK") + b"\0"


class ScannerServer:
    """A TCP server that takes INSTREAM as clamd does.

    `answer` gives what it says of the bytes received; `limit` is how many it takes before it says that they are too
    many and closes, as clamd does.
    """

    def __init__(self) -> None:
        self.answer: Answer = judge
        self.limit = 10**9
        self.scans: list[bytes] = []
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                outer._serve(self.request)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def _serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        command = b""
        while not command.endswith(b"\0"):
            command += stream.read(1)
        if command == b"zPING\0":
            connection.sendall(b"PONG\0")
            return
        assert command == b"zINSTREAM\0", command
        received = b""
        while size := int.from_bytes(stream.read(4), "big"):
            if len(received) + size > self.limit:
                connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
            received += stream.read(size)
        self.scans.append(received)
        try:
            connection.sendall(self.answer(received, connection))
        except OSError:
            return


@contextmanager
def server() -> Iterator[ScannerServer]:
    made = ScannerServer()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join(5)
