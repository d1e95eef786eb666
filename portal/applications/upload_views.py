"""Files as the script of a section page sends them: each to its question, with the question's part of the page back."""

from typing import Any

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.applications import queries
from portal.applications.autosave_views import section_of
from portal.applications.blueprint import bp
from portal.applications.forms import section_form
from portal.applications.models import Application
from portal.applications.saving import Saved, save_section
from portal.applications.scan_states import ScanState
from portal.applications.sheet import Part, Row, field_name, sheet
from portal.core.access import guard
from portal.core.clock import now
from portal.core.db import transaction


@bp.get("/<int:application_id>/sections/<int:section_id>/files/<int:question_id>")
@guard("application.edit", application=queries.in_hand)
def files(application: Application, section_id: int, question_id: int) -> ResponseReturnValue:
    """The files of a question as they stand: asked again while one is being checked."""
    part, row = _find(application, section_id, question_id)
    words = [f"{each.filename}: {each.scan_state.label}." for each in (*row.documents, *row.unusable)]
    return _answer(application, part, row, Saved(), " ".join(words))


@bp.post("/<int:application_id>/sections/<int:section_id>/files/<int:question_id>")
@guard("application.edit", application=queries.held)
def upload(application: Application, section_id: int, question_id: int) -> ResponseReturnValue:
    """Take files as an answer to the question, or one away; what is refused is said with what to do."""
    part, row = _find(application, section_id, question_id)
    remove = request.form.get("remove", type=int)
    gone = next((each.filename for each in (*row.documents, *row.unusable) if each.id == remove), "")
    sent = request.files.getlist(field_name(row.question))
    with transaction():
        saved = save_section(
            application,
            part.section,
            by=current_user._get_current_object(),
            now=now(),
            typed={},
            uploads={field_name(row.question): sent},
            seen={},
            remove=remove if gone else None,
        )
        part, row = _find(application, section_id, question_id)
        kept = [document.filename for document in row.documents if document.storage_key in saved.stored_keys]
        words = [f"{name} is uploaded." for name in kept] + ([f"{gone} is removed."] if gone else [])
        words += [f"{refused.reason}." for refused in saved.files]
        answer = _answer(application, part, row, saved, " ".join(words))
    if any(refused.is_outage for refused in saved.files):
        return answer, 503
    return answer, 422 if saved.files else 200


def _find(application: Application, section_id: int, question_id: int) -> tuple[Part, Row]:
    """The question among those of the section that people answer with files; 404 for any other."""
    section = section_of(application, section_id)
    part = next((each for each in sheet(application) if each.section is section), None) or abort(404)
    row = next((each for each in part.offered if each.question.id == question_id and each.kind.is_file), None)
    return part, row or abort(404)


def _answer(application: Application, part: Part, row: Row, saved: Saved, words: str) -> dict[str, Any]:
    """The question's part of the page, and what the script needs to know of it."""
    form = section_form(part, application.values)
    form[row.anchor].errors = [refused.reason for refused in saved.files]
    advice = next((refused.advice for refused in saved.files), "")
    html = render_template(
        "applications/file_slot.html", row=row, field=form[row.anchor], application=application, advice=advice
    )
    checking = any(document.scan_state is ScanState.CHECKING for document in row.documents)
    return {"html": html, "words": words, "checking": checking, "badge": part.badge[1]}
