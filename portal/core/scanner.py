"""ClamAV's `clamd`, asked over its socket whether a stream of bytes holds something that it knows.

The bytes are streamed to it (command INSTREAM), so it needs no access to the store.  The protocol is that of
clamd(8): a command, chunks each led by its length, a length of zero, one line of an answer.
"""

import logging
import re
import select
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Flask, current_app

from portal.config import Settings

CHUNK_BYTES = 64 * 1024
CONNECT_SECONDS = 5.0
LONGEST_ANSWER = 4096
LONGEST_SIGNATURE = 200
_FOUND = re.compile(r"stream: (?P<signature>.+) FOUND")
_TOO_LARGE = "INSTREAM size limit exceeded"
log = logging.getLogger(__name__)


class ScannerDown(Exception):
    """The scanner cannot be reached, is too slow, or answers nonsense: nothing is known of the file.  Try later."""


class TooLargeToScan(Exception):
    """The file is larger than the scanner takes (`StreamMaxLength` in clamd.conf)."""


@dataclass(frozen=True)
class Verdict:
    """What the scanner found: the name of a signature, or nothing."""

    signature: str = ""

    @property
    def is_safe(self) -> bool:
        return not self.signature


class Scanner:
    """A clamd at an address: the path of its Unix socket, or `host:port`.

    `seconds` is how long one step may take: to connect at most `CONNECT_SECONDS`, to take a chunk, to answer.
    """

    def __init__(self, address: str, *, seconds: float) -> None:
        self._address = address
        self._seconds = seconds

    def scan(self, chunks: Iterable[bytes]) -> Verdict:
        """Have the bytes looked at.  Raises ScannerDown, TooLargeToScan; what the chunks raise passes through."""
        with self._connect() as connection:
            try:
                connection.sendall(b"zINSTREAM\0")
                for piece in _pieces(chunks):
                    if _has_answered(connection):
                        break  # it has heard enough: the limit, or a fault
                    connection.sendall(struct.pack("!L", len(piece)) + piece)
                else:
                    connection.sendall(struct.pack("!L", 0))
            except TimeoutError as error:
                raise ScannerDown("it stopped taking the file") from error
            except OSError as error:
                # It closed while we were writing; what it said before that can still be read.
                return _judged(_answer(connection, otherwise=error))
            return _judged(_answer(connection))

    def is_alive(self) -> bool:
        """Whether it answers a ping."""
        try:
            with self._connect() as connection:
                connection.sendall(b"zPING\0")
                return _answer(connection) == "PONG"
        except (ScannerDown, OSError):
            return False

    def _connect(self) -> socket.socket:
        is_path = self._address.startswith("/")
        made = socket.socket(socket.AF_UNIX) if is_path else None
        try:
            if made is None:
                made = socket.create_connection(split_address(self._address), min(self._seconds, CONNECT_SECONDS))
            else:
                made.settimeout(min(self._seconds, CONNECT_SECONDS))
                made.connect(self._address)
        except OSError as error:
            if made is not None:
                made.close()
            raise ScannerDown(f"it cannot be reached: {error.strerror or type(error).__name__}") from error
        made.settimeout(self._seconds)
        return made


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:3310` or `[::1]:3310`.  Raises ValueError."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _pieces(chunks: Iterable[bytes]) -> Iterable[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), CHUNK_BYTES):
            yield chunk[start : start + CHUNK_BYTES]


def _has_answered(connection: socket.socket) -> bool:
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0))


def _answer(connection: socket.socket, *, otherwise: OSError | None = None) -> str:
    """The one line that it answers, without its end.  Raises ScannerDown for none, naming the fault met before."""
    answer = b""
    try:
        while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
            received = connection.recv(LONGEST_ANSWER)
            if not received:
                break
            answer += received
    except TimeoutError as error:
        raise ScannerDown("it did not answer in time") from error
    except OSError as error:
        otherwise = otherwise or error
    if not answer.endswith(b"\0"):
        raise ScannerDown("it closed the connection without an answer") from otherwise
    return answer[:-1].decode("utf-8", "replace").strip()


def _judged(answer: str) -> Verdict:
    """An answer as a verdict; anything that is none of its known sentences says nothing about the file."""
    if answer == "stream: OK":
        return Verdict()
    if found := _FOUND.fullmatch(answer):
        return Verdict(found["signature"][:LONGEST_SIGNATURE])
    if answer.startswith(_TOO_LARGE):
        raise TooLargeToScan
    raise ScannerDown("it answered something that is no verdict")


def init_app(app: Flask) -> None:
    """Attach the scanner that the settings name."""
    settings: Settings = app.config["SETTINGS"]
    if settings.clamd_socket:
        app.extensions["scanner"] = Scanner(settings.clamd_socket, seconds=settings.clamd_timeout)


def report_at_start(settings: Settings) -> None:
    """Say in the log of a server or worker that starts in production that there is no scanner."""
    if settings.is_production and not settings.clamd_socket:
        log.warning("CLAMD_SOCKET is not set: uploaded files are not checked for viruses")


def configured() -> Scanner | None:
    """The scanner of the present application; None where files are not scanned."""
    found: Scanner | None = current_app.extensions.get("scanner")
    return found
