"""Writers of letters for the load scripts: asked by mail, they upload and type letters by the link of that mail.

Afterwards each acknowledged letter must be there with its bytes, and the mails about it must have been written.
"""

import hashlib
import http.client
import random
import re
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Flask, g, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select

from bench.applicants import BOUNDARY, Applicant, one_page
from portal.applications.models import Application
from portal.core import storage
from portal.core.clock import now
from portal.core.db import db, transaction
from portal.letters.asking import ask
from portal.letters.models import Letter, LetterPlan, LetterRequest
from portal.letters.status import Mode, State
from portal.letters.writing import MOST_VERSIONS
from portal.messaging.models import Message

PDF = one_page()
LINK = re.compile(r"/recommend/\S+")
MOST_TRIES = MOST_VERSIONS - 2  # each try whose answer was cut off may have been taken


@dataclass
class Writer:
    """Somebody asked for a letter: their link, their browser, and the letters that the portal acknowledged, by hash."""

    request_id: int
    application_id: int
    path: str
    cookie: str
    token: str
    tried: int = 0
    acknowledged: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"session={self.cookie}"}


def make_writers(app: Flask, applicants: Sequence[Applicant]) -> list[Writer]:
    """Have the cycle ask for a letter, and each of its applicants name a writer, whom the portal writes to.

    The context of the application must be pushed.
    """
    with transaction():
        cycle = db.session.get_one(Application, applicants[0].application_id).cycle
        plan = LetterPlan(cycle_id=cycle.id, mode=Mode.BEFORE_REVIEW, wanted=1, waiver_words="I give up my right.")
        db.session.add(plan)
        asked = []
        for one in applicants:
            draft = db.session.get_one(Application, one.application_id)
            address = f"writer-{one.application_id}@example.org"
            asked.append(ask(draft, name="A Writer", address=address, waived=True, by=draft.person, now=now()))
        ids = [request.id for request in asked]
    return [_writer(app, request_id) for request_id in ids]


def _writer(app: Flask, request_id: int) -> Writer:
    request = db.session.get_one(LetterRequest, request_id)
    message = db.session.get_one(Message, request.message_id)
    link = LINK.search(message.text_body)
    assert link is not None
    with app.test_request_context():
        g.pop("csrf_token", None)
        token = generate_csrf()
        cookie = app.session_interface.get_signing_serializer(app).dumps(dict(session))  # type: ignore[attr-defined]
    return Writer(request.id, request.application_id, link[0], cookie, token)


def write_letters(port: int, mine: Sequence[Writer], over: threading.Event, seed: int) -> None:
    """One writer after the other: letters by file and in words, by turns; whatever is cut off is tried again."""
    chance = random.Random(seed)
    for writer in mine:
        left = chance.randint(1, 4)
        while left and writer.tried < MOST_TRIES and not over.is_set():
            try:
                left -= send(port, writer, as_file=chance.random() < 0.5)
            except (OSError, http.client.HTTPException):
                time.sleep(0.2)
            time.sleep(chance.uniform(0, 0.3))


def send(port: int, writer: Writer, *, as_file: bool) -> bool:
    """Send the next letter, which no other is like.  Out: whether it was acknowledged."""
    writer.tried += 1
    mark = f"Letter {writer.tried} of request {writer.request_id}"
    fields = {"csrf_token": writer.token, "body": "" if as_file else mark}
    content, kind = urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded"
    letter = mark.encode()
    if as_file:
        letter = PDF + b"\n%" + mark.encode() + b"\n"
        content, kind = _upload(fields, f"{mark}.pdf", letter), f"multipart/form-data; boundary={BOUNDARY}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", f"{writer.path}/letter", content, writer.headers | {"Content-Type": kind})
        status = connection.getresponse().status
    finally:
        connection.close()
    writer.answers[f"letter {status}"] += 1
    if status == 303:
        writer.acknowledged.append(hashlib.sha256(letter).hexdigest())
    return status == 303


def _upload(fields: dict[str, str], name: str, content: bytes) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    parts = [f'{head}"{key}"\r\n\r\n{value}\r\n'.encode() for key, value in fields.items()]
    parts += [f'{head}"file"; filename="{name}"\r\nContent-Type: application/pdf\r\n\r\n'.encode(), content]
    return b"".join([*parts, f"\r\n--{BOUNDARY}--\r\n".encode()])


def check_letters(writers: Sequence[Writer]) -> list[str]:
    """Acknowledged letters that are not there or have other bytes, and mails about letters that were not written."""
    faults = []
    thanks = _mails("letter_thanks")
    told = _mails("letter_received")
    for writer in writers:
        request = db.session.get_one(LetterRequest, writer.request_id)
        letters = db.session.scalars(select(Letter).where(Letter.request_id == writer.request_id)).all()
        stored = [_hash(letter) for letter in letters]
        faults += [
            f"{request}: {key} was acknowledged and is not there" for key in writer.acknowledged if key not in stored
        ]
        faults += [f"{request}: {letter} has other bytes" for letter in letters if _hash(letter) != letter.sha256]
        if len(letters) > writer.tried or len(set(stored)) < len(stored):
            faults.append(f"{request}: {len(letters)} letters of {writer.tried} tries, some of them twice")
        if letters and request.state is not State.RECEIVED:
            faults.append(f"{request} has a letter and stands at {request.state.label}")
        wrote = thanks[request.id], told[writer.application_id]
        if wrote != (len(letters), bool(letters)):
            faults.append(f"{request}: {len(letters)} letters, {wrote[0]} mails of thanks, {wrote[1]} to the applicant")
    return faults


def _mails(template: str) -> Counter[int | None]:
    """How many mails of this kind there are about each request."""
    return Counter(db.session.scalars(select(Message.thing_id).where(Message.template == template)))


def _hash(letter: Letter) -> str:
    if letter.storage_key is None:
        return hashlib.sha256(letter.body.encode()).hexdigest()
    try:
        return hashlib.sha256(storage.read(letter.storage_key)).hexdigest()
    except storage.Missing:
        return "nothing"
