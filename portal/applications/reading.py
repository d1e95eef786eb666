"""The reading view of staff and reviewers: the answers or one of the documents, the file itself or its words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from flask import abort, request
from flask_login import current_user

from portal.applications import document_queries
from portal.applications.models import Document, DocumentText
from portal.applications.rules import opens
from portal.applications.sheet import Part
from portal.core import audit

ANSWERS = "answers"
IN_FRAME = frozenset({"application/pdf", "image/png", "image/jpeg"})


@dataclass(frozen=True)
class Reading:
    """What the address asks for: the answers (`document` is None), or a document and how it is shown.

    `words` are the kept words where these are shown and were read already; `as_text` says that they are asked for.
    """

    documents: Sequence[Document]
    document: Document | None = None
    as_text: bool = False
    words: DocumentText | None = None

    @property
    def view(self) -> str:
        return str(self.document.id) if self.document else ANSWERS

    @property
    def in_frame(self) -> bool:
        """Whether browsers show files of this kind."""
        return self.document is not None and self.document.media_type in IN_FRAME

    @property
    def has_words(self) -> bool:
        """Whether files of this kind have words that can be read out of them."""
        return self.document is not None and not self.document.media_type.startswith("image/")


def asked_for(parts: Sequence[Part], *, besides: Collection[str] = (), page: audit.Read | None = None) -> Reading:
    """What `?view=` and `?as=text` ask for, of the documents of a sheet; 404 for any other, and none for a view
    that the page shows `besides`.

    Reading a document's words is recorded first, as opening the file is, and so is that the `page` was read.
    """
    reading = _chosen(parts, besides)
    reads = [] if page is None else [page]
    if reading.as_text and reading.document is not None:
        facts = {"application": reading.document.application_id, "words": True}
        reads.append(audit.Read("document.read", reading.document, facts))
    if reads:
        audit.record_reads(current_user._get_current_object(), *reads)
    if reading.as_text and reading.document is not None:
        return replace(reading, words=document_queries.text_of(reading.document.id))
    return reading


def _chosen(parts: Sequence[Part], besides: Collection[str]) -> Reading:
    """The view that the address asks for, its words not read yet."""
    documents = [document for part in parts for row in part.rows for document in (*row.documents, *row.unusable)]
    view = request.args.get("view", ANSWERS)
    if view == ANSWERS or view in besides:
        return Reading(documents)
    document = next((one for one in documents if str(one.id) == view), None)
    if document is None:
        abort(404)
    plain = Reading(documents, document)
    as_text = plain.has_words and (request.args.get("as") == "text" or not plain.in_frame)
    if not as_text or not opens(current_user, document):
        return plain
    return Reading(documents, document, as_text=True)
