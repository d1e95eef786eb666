"""Plans, requests, links and letters for tests, made in one line each and valid by default."""

import hashlib
from io import BytesIO
from itertools import count
from typing import Any

from portal.applications.models import Application
from portal.catalogue.models import Cycle
from portal.core import storage
from portal.core.clock import now
from portal.core.db import db
from portal.letters.addresses import address_key
from portal.letters.models import Letter, LetterPlan, LetterRequest
from portal.letters.moves import new_link
from portal.letters.status import Mode, Sender, State
from tests import factories

_numbers = count(1)


def _add(thing: Any) -> Any:
    db.session.add(thing)
    db.session.flush()
    return thing


def plan(of: Cycle | None = None, **fields: Any) -> LetterPlan:
    """Two letters before review, due when the cycle closes."""
    defaults: dict[str, Any] = {"mode": Mode.BEFORE_REVIEW, "wanted": 2, "waiver_words": "I give up my right."}
    return _add(LetterPlan(**({"cycle_id": (of or factories.cycle()).id} | defaults | fields)))


def request(of: Application, name: str = "Tobias Ferreira", **fields: Any) -> LetterRequest:
    """Somebody who was asked two days ago, and waived by the applicant; of no plan by itself."""
    n = next(_numbers)
    address = fields.setdefault("writer_address", f"writer.{n}@hospital.example")
    state = fields.get("state", State.ASKED)
    asked = None if state is State.NAMED else of.created_at
    defaults: dict[str, Any] = {
        "application": of,
        "cycle_id": of.cycle_id,
        "writer_name": name,
        "writer_key": address_key(address),
        "waived": True,
        "waiver_words": "I give up my right.",
        "state": State.ASKED,
        "made_by_id": of.person_id,
        "made_at": of.created_at,
        "asked_at": asked,
        "changed_at": now(),
    }
    return _add(LetterRequest(**(defaults | fields)))


def staff_request(of: Application, name: str = "Chiara Moretti", **fields: Any) -> LetterRequest:
    """Somebody whom the staff added and did not write to yet; the applicant was asked nothing."""
    given = {"state": State.NAMED, "waived": False, "waiver_words": "", "by_staff": True}
    return request(of, name, **(given | fields))


def link(to: LetterRequest, **fields: Any) -> str:
    """A link to a request.  Out: its token."""
    return new_link(to, now=now(), **fields)


def letter(of: LetterRequest, body: str = "She is the best I have known.", **fields: Any) -> Letter:
    """A letter as typed text; the request must stand at received for it to count."""
    data = body.encode()
    defaults: dict[str, Any] = {
        "request": of,
        "number": len(of.letters) + 1,
        "body": body,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "sent_by": Sender.WRITER,
        "sender_name": of.writer_name,
        "received_at": now(),
    }
    made = _add(Letter(**(defaults | fields)))
    db.session.expire(of, ["letters"])
    return made


def letter_file(of: LetterRequest, content: bytes, filename: str = "letter.pdf", **fields: Any) -> Letter:
    """A letter as a file, its bytes in the store."""
    stored = storage.put(BytesIO(content))
    return letter(
        of, "", storage_key=stored.key, filename=filename, media_type="application/pdf", size=stored.size,
        sha256=stored.sha256, pages=1, **fields,
    )  # fmt: skip
