"""A stored file as an answer to a request, under headers that keep a hostile one harmless."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from flask import Response

INLINE = frozenset({"application/pdf", "image/png", "image/jpeg", "text/plain"})
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; object-src 'self'; " + (
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox"
)
_PLAIN = re.compile(r"[^A-Za-z0-9._ -]")


def file_answer(content: Iterable[bytes], filename: str, media_type: str, size: int) -> Response:
    """The file: shown by the browser where it is of a kind that can do no harm there, otherwise saved.

    In: its bytes in chunks, its name, the type that its content showed, its size in bytes.
    """
    response = Response(content, mimetype=media_type)
    response.headers["Content-Length"] = str(size)
    response.headers["Content-Disposition"] = disposition(filename, inline=media_type in INLINE)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def disposition(filename: str, *, inline: bool) -> str:
    """A Content-Disposition that no name can break out of: plain letters, and the real name percent-encoded."""
    plain = _PLAIN.sub("_", filename) or "file"
    return f"{'inline' if inline else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
