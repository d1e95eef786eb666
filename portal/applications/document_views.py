"""Documents: served through the permission check only, under headers that keep a hostile file harmless."""

from flask import Response, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.applications import queries
from portal.applications.blueprint import bp
from portal.applications.companions import tell_saved
from portal.applications.file_answers import file_answer
from portal.applications.models import Application, Document
from portal.applications.rules import belongs
from portal.applications.saving import note_changes
from portal.applications.saving import remove_document as remove
from portal.catalogue.frozen import frozen
from portal.core import audit, storage
from portal.core.access import guard
from portal.core.clock import now
from portal.core.db import db


@bp.get("/<int:application_id>/documents/<int:document_id>")
@guard("document.read", document=queries.document_by_id)
def document(document: Document, application_id: int) -> ResponseReturnValue:
    """The file itself.  A read by anybody but those who apply is recorded before the first byte leaves."""
    if document.application_id != application_id:
        abort(404)
    if not belongs(current_user, document.application):
        who = current_user._get_current_object()
        audit.record_read(who, "document.read", document, application=application_id)
    return file_response(document)


def file_response(document: Document) -> Response:
    """The bytes of a document under headers that keep a hostile file harmless, for whoever was let in already."""
    return file_answer(storage.get(document.storage_key), document.filename, document.media_type, document.size)


@bp.post("/<int:application_id>/documents/<int:document_id>/remove")
@guard("application.edit", application=queries.held)
def remove_document(application: Application, document_id: int) -> ResponseReturnValue:
    """Take a file out of a draft; back to its section."""
    found = next((each for each in application.documents if each.id == document_id), None) or abort(404)
    me = current_user._get_current_object()
    remove(found, by=me, now=now())
    db.session.flush()
    note_changes(application, [found.question_key], by=me, now=now())
    for words in tell_saved(application, [found.question_key], me):
        flash(words)
    flash(f"{found.filename} is removed.|Upload another file if this question still needs one.")
    questions = frozen(application.form).questions
    section = next((each.section_id for each in questions if each.key == found.question_key), None)
    if section is None:
        return redirect(url_for("applications.show", application_id=application.id), 303)
    return redirect(url_for("applications.section", application_id=application.id, section_id=section), 303)
