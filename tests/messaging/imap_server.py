"""A small IMAP server on loopback over TLS: as much of RFC 3501 as a reader of mailboxes asks for; fails as told."""

import re
import socketserver
import ssl
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.messaging.smtp_servers import server_context

USER, PASSWORD, FOLDER = "portal", 'correct "horse" \\battery', "Bounces"
_QUOTED = r'"((?:[^"\\]|\\.)*)"'


class ImapServer:
    """One folder of mails.

    `uids` are those of the mails, in their order; `seen` those marked as read.  `drops` and `hangs` name a command
    during which the connection ends, or nothing is said; `refuses` one that is answered NO.
    """

    def __init__(self, mails: Sequence[bytes], *, drops: str = "", hangs: str = "", refuses: str = "") -> None:
        self.mails = dict(enumerate(mails, 101))
        self.seen: set[int] = set()
        self.drops, self.hangs, self.refuses = drops, hangs, refuses
        self.commands: list[str] = []
        self.left = 0
        self.ending = threading.Event()
        self.faults: list[BaseException | None] = []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                try:
                    outer._serve(self)
                except (OSError, ssl.SSLError):
                    return  # the other side went away

        self.handler = Handler

    def _serve(self, connection: socketserver.StreamRequestHandler) -> None:
        self._say(connection, "* OK ready")
        while line := connection.rfile.readline().decode().rstrip("\r\n"):
            tag, _, command = line.partition(" ")
            verb = " ".join(command.split()[: 2 if command.upper().startswith("UID") else 1]).upper()
            self.commands.append(verb)
            if verb == self.drops:
                if verb == "UID FETCH":  # in the middle of a mail
                    connection.wfile.write(b"* 1 FETCH (UID 101 BODY[]<0> {9000}\r\nhalf of")
                return
            if verb == self.hangs:
                self.ending.wait(30)
                return
            if verb == self.refuses:
                self._say(connection, f"{tag} NO not now")
                continue
            getattr(self, "_" + verb.lower().replace(" ", "_"))(connection, tag, command)
            if verb == "LOGOUT":
                return

    @staticmethod
    def _say(connection: socketserver.StreamRequestHandler, words: str) -> None:
        connection.wfile.write(words.encode() + b"\r\n")

    def _capability(self, connection: socketserver.StreamRequestHandler, tag: str, _command: str) -> None:
        self._say(connection, "* CAPABILITY IMAP4rev1")
        self._say(connection, f"{tag} OK done")

    def _login(self, connection: socketserver.StreamRequestHandler, tag: str, command: str) -> None:
        found = re.fullmatch(rf"LOGIN (?:{_QUOTED}|(\S+)) {_QUOTED}", command)
        assert found, command
        user = found[1] or found[2]
        if (user, re.sub(r"\\(.)", r"\1", found[3])) == (USER, PASSWORD):
            self._say(connection, f"{tag} OK welcome")
        else:
            self._say(connection, f"{tag} NO [AUTHENTICATIONFAILED] wrong user or password")

    def _select(self, connection: socketserver.StreamRequestHandler, tag: str, command: str) -> None:
        if command != f'SELECT "{FOLDER}"':
            self._say(connection, f"{tag} NO [NONEXISTENT] no such folder")
            return
        self._say(connection, f"* {len(self.mails)} EXISTS")
        self._say(connection, f"{tag} OK [READ-WRITE] selected")

    def _uid_search(self, connection: socketserver.StreamRequestHandler, tag: str, command: str) -> None:
        assert command == "UID SEARCH UNSEEN", command
        self._say(connection, " ".join(["* SEARCH", *(str(uid) for uid in self.mails if uid not in self.seen)]))
        self._say(connection, f"{tag} OK done")

    def _uid_fetch(self, connection: socketserver.StreamRequestHandler, tag: str, command: str) -> None:
        found = re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", command)
        assert found, command
        uid, most = int(found[1]), int(found[2])
        if uid in self.mails:  # one that is gone is no error, and nothing is said of it
            part = self.mails[uid][:most]
            number = list(self.mails).index(uid) + 1
            connection.wfile.write(f"* {number} FETCH (UID {uid} BODY[]<0> {{{len(part)}}}\r\n".encode() + part)
            connection.wfile.write(b")\r\n")
        self._say(connection, f"{tag} OK done")

    def _uid_store(self, connection: socketserver.StreamRequestHandler, tag: str, command: str) -> None:
        found = re.fullmatch(r"UID STORE (\d+) \+FLAGS \(\\Seen\)", command)
        assert found, command
        self.seen.add(int(found[1]))
        self._say(connection, f"{tag} OK done")

    def _logout(self, connection: socketserver.StreamRequestHandler, tag: str, _command: str) -> None:
        self.left += 1
        self._say(connection, "* BYE")
        self._say(connection, f"{tag} OK done")


@contextmanager
def serving(server: ImapServer, certificate: Path) -> Iterator[int]:
    """Serve until the block ends.  In: a key and its certificate, in one PEM file.  Out: the port."""
    context = server_context(certificate)

    class Server(socketserver.ThreadingTCPServer):
        def get_request(self) -> tuple[ssl.SSLSocket, object]:
            connection, address = super().get_request()
            return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

        def handle_error(self, request: object, client_address: object) -> None:
            server.faults.append(sys.exception())

    listening = Server(("127.0.0.1", 0), server.handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield listening.server_address[1]
    finally:
        server.ending.set()
        listening.shutdown()
        listening.server_close()
        thread.join(5)
        assert server.faults == []
