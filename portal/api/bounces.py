"""Where mail services report messages that came back: signed requests of machines, each counted once.

The signature is the HMAC-SHA256, in hexadecimal, of the time in seconds since 1970, a dot, and the body, with
`BOUNCE_WEBHOOK_SECRET` as its key; time and signature come in two headers.  A request more than five minutes from our
clock is refused, so that one that was overheard is of no use later; within that time the same news changes nothing.
"""

import hashlib
import hmac
import json
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, request

from portal.core.access import by_machine
from portal.core.clock import now
from portal.messaging.bounces import record
from portal.messaging.status import BounceKind

bp = Blueprint("api_bounces", __name__)

TIMESTAMP = "X-Bounce-Timestamp"
SIGNATURE = "X-Bounce-Signature"
WINDOW_SECONDS = 300
LARGEST_BODY = 64 * 1024
LONGEST_ID = 500


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The signature of a request, in hexadecimal."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


@bp.post("/messaging/bounces")
@by_machine
def bounce() -> Response | tuple[Response, int]:
    """Record one report: JSON with `message_id`, `kind` (hard, soft or complaint) and perhaps `reason`.

    Answers 404 where no secret is set, 403 for a request that is not signed or not of now, 400 for one that says
    nothing we know, and otherwise what became of it: recorded, repeated, or unknown.
    """
    secret: str = current_app.config["SETTINGS"].bounce_webhook_secret
    if not secret:
        abort(404)
    if (request.content_length or 0) > LARGEST_BODY:
        return _said("The report is too large.", 413)
    body = request.get_data()
    if not _is_signed(secret, body):
        return _said("The signature or its time is not right.", 403)
    report = _report(body)
    if report is None:
        return _said("Send JSON with message_id, and kind: hard, soft or complaint.", 400)
    message_id, kind, reason = report
    return jsonify(outcome=record(message_id, kind, reason=reason).value)


def _is_signed(secret: str, body: bytes) -> bool:
    stamp, given = request.headers.get(TIMESTAMP, ""), request.headers.get(SIGNATURE, "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12 and given.isascii()):
        return False
    is_right = hmac.compare_digest(signature(secret, stamp, body), given.removeprefix("sha256=").lower())
    return is_right and abs(now().timestamp() - int(stamp)) <= WINDOW_SECONDS


def _report(body: bytes) -> tuple[str, BounceKind, str] | None:
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    message_id, kind, reason = found.get("message_id"), found.get("kind"), found.get("reason", "")
    if not isinstance(message_id, str) or not isinstance(reason, str) or not isinstance(kind, str):
        return None
    if not 0 < len(message_id) <= LONGEST_ID or "\0" in message_id or not message_id.isascii():
        return None
    return (message_id, BounceKind(kind), reason) if kind in set(BounceKind) else None


def _said(words: str, code: int) -> tuple[Response, int]:
    return jsonify(error=words), code
