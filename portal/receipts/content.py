"""What a receipt is about: everything that was submitted, in one canonical form, and its fingerprint.

Nothing else of the application is in it: no letters, no notes, no files' bytes; files are named with their SHA-256.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from portal.applications.models import Application, Document
from portal.applications.sheet import Row, sheet

FORMAT = 1


def content_of(application: Application, *, number: int, submitted_at: datetime) -> dict[str, Any]:
    """What is submitted now, in a form that JSON holds.

    In: an application with its form, answers and documents; which submission of it this is, and when.  Out: who
    applied for what, and each question of the form in order, as it was worded, with its answer as stored and as read.
    """
    return {
        "format": FORMAT,
        "reference": application.reference,
        "number": number,
        "submitted_at": submitted_at.isoformat(),
        "applicant": application.person.full_name,
        "listing": application.cycle.opportunity.title,
        "cycle": application.cycle.name,
        "form": application.form_id,
        "sections": [
            {"title": part.section.title, "rows": [_row(row) for row in part.rows]} for part in sheet(application)
        ],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "key": row.question.key,
        "label": row.question.label,
        "value": None if row.kind.is_file else row.value,
        "text": row.text,
        "files": [_file(document) for document in row.documents],
    }


def _file(document: Document) -> dict[str, Any]:
    return {
        "name": document.filename, "size": document.size, "pages": document.pages, "sha256": document.sha256,
    }  # fmt: skip


def canonical(content: dict[str, Any]) -> bytes:
    """The same bytes for the same content: keys in order, no spaces, UTF-8."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(content: dict[str, Any]) -> str:
    """The SHA-256 of the canonical form in hexadecimal."""
    return hashlib.sha256(canonical(content)).hexdigest()


def grouped(digest: str) -> str:
    """A fingerprint in groups of eight, as people compare it."""
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))
