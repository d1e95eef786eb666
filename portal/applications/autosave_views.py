"""What the script of a section page asks: to save the answers that changed, by the action of the button."""

from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.applications import queries
from portal.applications.blueprint import bp
from portal.applications.carrying import former
from portal.applications.later import closed
from portal.applications.marks import read_marks, stamp
from portal.applications.models import Application
from portal.applications.progress import saved_line
from portal.applications.refusals import AskedLater
from portal.applications.saving import Conflict, Saved, save_section
from portal.applications.team_queries import last_by_others
from portal.catalogue.fields import kind_of
from portal.catalogue.frozen import FrozenSection, frozen
from portal.core.access import guard
from portal.core.clock import now
from portal.core.db import transaction
from portal.core.pages import for_script

MOVED = "The form has changed since you opened this page. Choose “Save and continue”: all you typed goes with it."


@bp.post("/<int:application_id>/sections/<int:section_id>/autosave")
@guard("application.edit", application=queries.held)
def autosave(application: Application, section_id: int) -> ResponseReturnValue:
    """Save the questions whose marks were sent, and no other.

    The save is a transaction of its own: with some answers in conflict (409) all others are saved.
    """
    known = any(each.id == section_id for each in frozen(application.form).sections)
    if not known and former(application, section_id):
        return for_script("moved", 409, MOVED)
    section = section_of(application, section_id)
    seen = read_marks(request.form.get("seen", ""))
    with transaction():
        saved = save_section(
            application,
            section,
            by=current_user._get_current_object(),
            now=now(),
            typed=request.form.to_dict(flat=False),
            uploads={},
            seen=seen,
        )
        answer = _answer(application, section, seen, saved)
    return answer, 409 if saved.conflicts else 200


def section_of(application: Application, section_id: int) -> FrozenSection:
    """The section of the application's own form; 404 for one of another form.  Raises AskedLater."""
    form = frozen(application.form)
    found = next((each for each in form.sections if each.id == section_id), None) or abort(404)
    if found in closed(application, form, now()):
        raise AskedLater(application, found.title)
    return found


def _answer(application: Application, section: FrozenSection, seen: dict[int, str], saved: Saved) -> dict[str, Any]:
    """What the script does with its page: words of the saved line, marks to send next time, and what is wrong."""
    values = application.values
    wrong = {}
    for question in section.questions:
        if question.id in seen:
            kind, value = kind_of(question), values.get(question.key)
            wrong[question.id] = [] if kind.is_empty(value) else kind.problems(value, question)
    refused = {each.question.id: each.reason for each in saved.refused}
    return {
        "saved": " ".join([saved_line(application), *(words.replace("|", " ") for words in saved.news)]),
        "marks": saved.marks,
        "problems": {key: sentences for key, sentences in wrong.items() if key not in refused},
        "refused": refused,
        "conflicts": [_conflict(application, conflict) for conflict in saved.conflicts],
    }


def _conflict(application: Application, conflict: Conflict) -> dict[str, Any]:
    """Both texts of a question, and who wrote the other in a team; `raw` and `mark` are those of the one stored."""
    kind, question = kind_of(conflict.question), conflict.question
    other = last_by_others(application, [question.key], current_user.id)
    return {
        "by": other.full_name if other else "",
        "id": question.id,
        "label": question.label,
        "mine": kind.display(conflict.mine, question),
        "theirs": kind.display(conflict.theirs, question),
        "raw": kind.raw(conflict.theirs),
        "mark": stamp(conflict.theirs),
    }
