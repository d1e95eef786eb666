"""Staff pages of application forms: one page shows a version; its sections and questions open on it to be edited."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.catalogue import applied, conditions, form_actions, staff_queries
from portal.catalogue.differences import Difference, compare
from portal.catalogue.fields import kind_of
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.forms import PublishFormForm
from portal.catalogue.frozen import frozen
from portal.catalogue.models import Cycle
from portal.catalogue.question_forms import SectionForm, picture, question_form
from portal.catalogue.readiness import form_checks, sensitive_lines
from portal.catalogue.refusals import Frozen, Gone, Refused
from portal.catalogue.staff_blueprint import bp
from portal.catalogue.staff_pages import FROZEN, Page, attempt, code, conflict, listing_page
from portal.catalogue.status import Publication
from portal.core.access import guard

GONE = "Someone else removed this at the same time. Read the form as it is now."
GONE_TYPED = "Someone else removed this at the same time. What you wrote stands below. Save it to add it anew."


@bp.get("/cycles/<int:cycle_id>/form")
@guard("form.edit", cycle=staff_queries.cycle_by_id)
def cycle_form(cycle: Cycle) -> str:
    """The newest version of a cycle's form, or the one that `?version=` names."""
    number = request.args.get("version", type=int)
    if number is None:
        return form_page(cycle, staff_queries.newest_form(cycle))
    found = staff_queries.form_version(cycle, number) if 0 < number < 10_000 else None
    return form_page(cycle, found) if found else abort(404)


def form_page(cycle: Cycle, version: Form | None, *, editor: Any = None, **opened: Any) -> str:
    """A version of a form, with what is open on it: `question`, `section`, `adding` (a section for a question)."""
    shown = {
        "question": None,
        "section": None,
        "adding": None,
        "adding_section": False,
        "preview": None,
        "frozen": "",
    } | opened
    versions = staff_queries.versions_of(cycle)
    return listing_page(
        "form.html",
        cycle.opportunity,
        "Application form",
        cycle=cycle,
        cycles=staff_queries.cycles_of(cycle.opportunity),
        version=version,
        versions=versions,
        unpublished=_unpublished(version, versions),
        checks=form_checks(version) if version else [],
        sensitive=sensitive_lines(version) if version else [],
        publish_form=opened.get("publish_form") or PublishFormForm(formdata=None),
        editor=editor,
        kind_of=kind_of,
        only_if=conditions.words,
        begun=applied.begun(cycle.id),
        tests=applied.tests(current_user, cycle.id),
        **{"conflict": []} | {name: value for name, value in shown.items() if name != "publish_form"},
    )


def _unpublished(version: Form | None, versions: Sequence[Form]) -> list[Difference]:
    """What a draft has that people do not have yet; nothing for a public version, and for a first one."""
    public = next((other for other in versions if other.state is Publication.PUBLISHED), None)
    if version is None or version.state is not Publication.DRAFT or public is None:
        return []
    return compare(frozen(public), version)


def _back(form: Form, anchor: str = "") -> Response:
    return redirect(url_for(".cycle_form", cycle_id=form.cycle_id, _anchor=anchor or None), 303)


def shut(form: Form) -> Page | None:
    """The answer to somebody who opens a part of a published version to edit it."""
    if request.method == "POST" or form.state is Publication.DRAFT:
        return None
    return form_page(form.cycle, staff_queries.form_version(form.cycle, form.number), frozen=FROZEN), 409


def refusing(form: Form, action: Callable[[], Any], anchor: str = "", told: str = "") -> Page | Response:
    """Do something to a draft that needs no form; where it cannot be done the answer is 409 and says what to do.

    In: where on the form's page one lands, and what is told once it is done.
    """
    try:
        action()
    except Refused as refused:
        why = " ".join(refused.errors.values())
    except Frozen:
        why = FROZEN
    except Gone:
        why = GONE
    else:
        if told:
            flash(told)
        return _back(form, anchor)
    return form_page(form.cycle, staff_queries.form_version(form.cycle, form.number), frozen=why), 409


def anew(form: Form, editor: Any, section_id: int = 0) -> Page:
    """What somebody typed for a part that is gone, ready to be added: a question to its section, or to the last."""
    found = staff_queries.form_version(form.cycle, form.number)
    sections = found.sections if found else []
    editor.form_errors.append(GONE_TYPED)
    if not section_id:
        return form_page(form.cycle, found, editor=editor, adding_section=True), 409
    section = next((each for each in sections if each.id == section_id), sections[-1] if sections else None)
    if section is None:
        return form_page(form.cycle, found, frozen=GONE), 409
    return form_page(form.cycle, found, editor=editor, adding=section, preview=picture(editor.picture())), 409


@bp.post("/cycles/<int:cycle_id>/form-versions")
@guard("form.edit", cycle=staff_queries.cycle_by_id)
def new_form_version(cycle: Cycle) -> Response:
    """Start the form, or a new version of it."""
    form = form_actions.new_form_version(cycle, by=current_user)
    if form.number == 1:
        flash("The form is a draft.|Nobody sees it until you publish it.")
    else:
        flash(f"Version {form.number} is a draft.|People keep the version they have until you publish this one.")
    return _back(form)


@bp.post("/forms/<int:form_id>/publish")
@guard("form.edit", form=staff_queries.form_by_id)
def publish_form(form: Form) -> Page | Response:
    """Freeze a draft and let people start with it."""
    typed = PublishFormForm()
    typed.validate()
    if not typed.errors and attempt(
        typed, lambda: form_actions.publish_form(form, by=current_user, reason=typed.reason.data or "")
    ):
        flash(f"Version {form.number} published.|People who start from now on get it. It stays as it is.")
        return _back(form)
    found = staff_queries.form_version(form.cycle, form.number)
    return form_page(form.cycle, found, publish_form=typed), code(typed)


@bp.route("/forms/<int:form_id>/sections/new", methods=["GET", "POST"])
@guard("form.edit", form=staff_queries.form_by_id)
def new_section(form: Form) -> Page | Response:
    """Add a section to a draft."""
    if closed := shut(form):
        return closed
    editor = SectionForm()
    add = lambda: form_actions.add_section(form, by=current_user, **editor.columns())  # noqa: E731
    if editor.validate_on_submit() and (not editor.sent(by=current_user)[1] or attempt(editor, add)):
        return _back(form)
    found = staff_queries.form_version(form.cycle, form.number)
    return form_page(form.cycle, found, editor=editor, adding_section=True), code(editor)


@bp.route("/sections/<int:section_id>", methods=["GET", "POST"])
@guard("form.edit", section=staff_queries.section_by_id)
def section(section: Section) -> Page | Response:
    """The words of a section, and when it is asked."""
    form, mark = section.form, form_actions.fingerprint(section)
    if closed := shut(form):
        return closed
    editor = SectionForm(obj=section)
    if not editor.is_submitted():
        editor.version.data = mark

    def save() -> None:
        version = editor.version.data or ""
        form_actions.update_section(section, by=current_user, version=version, **editor.columns())

    try:
        if editor.validate_on_submit() and attempt(editor, save):
            return _back(form, f"section-{section.id}")
    except Gone:
        return anew(form, editor)
    rows = conflict(editor, mark, lambda: SectionForm(formdata=None, obj=section))
    found = staff_queries.form_version(form.cycle, form.number)
    return form_page(form.cycle, found, editor=editor, section=section, conflict=rows), code(editor)


@bp.post("/sections/<int:section_id>/move/<any(up, down):way>")
@guard("form.edit", section=staff_queries.section_by_id)
def move_section(section: Section, way: str) -> Page | Response:
    """One place up or down."""
    act = lambda: form_actions.move_section(section, by=current_user, up=way == "up")  # noqa: E731
    return refusing(section.form, act, f"section-{section.id}")


@bp.route("/sections/<int:section_id>/questions/new", methods=["GET", "POST"])
@guard("form.edit", section=staff_queries.section_by_id)
def new_question(section: Section) -> Page | Response:
    """Add a question to a section."""
    form = section.form
    editor = question_form(earlier=form_actions.earlier_than(section))
    if closed := shut(form):
        return closed
    made: list[Question] = []
    right, section_id = editor.validate_on_submit() and "preview" not in request.form, section.id
    add = lambda: made.append(form_actions.add_question(section, by=current_user, **editor.columns()))  # noqa: E731
    try:
        sent, is_first = editor.sent(by=current_user) if right else (None, True)
        if sent is not None and (not is_first or attempt(editor, add)):
            if is_first:
                sent.location = f"question-{made[0].id}"
            return _back(form, sent.location)
    except Gone:
        return anew(form, editor, section_id)
    found = staff_queries.form_version(form.cycle, form.number)
    look = picture(editor.picture())
    return form_page(form.cycle, found, editor=editor, adding=section, preview=look), code(editor)


@bp.route("/questions/<int:question_id>", methods=["GET", "POST"])
@guard("form.edit", question=staff_queries.question_by_id)
def question(question: Question) -> Page | Response:
    """A question of a draft, with a picture of how applicants see it."""
    form, mark = question.section.form, form_actions.fingerprint(question)
    if closed := shut(form):
        return closed
    earlier = form_actions.earlier_than(question)
    editor = question_form(question, earlier=earlier, version=mark)

    def save() -> None:
        version = editor.version.data or ""
        form_actions.update_question(question, by=current_user, version=version, **editor.columns())

    section_id = question.section_id
    try:
        if editor.validate_on_submit() and "preview" not in request.form and attempt(editor, save):
            return _back(form, f"question-{question.id}")
    except Gone:
        return anew(form, editor, section_id)
    rows = conflict(editor, mark, lambda: question_form(question, earlier=earlier, formdata=None))
    look = picture(editor.picture())
    found = staff_queries.form_version(form.cycle, form.number)
    page = form_page(form.cycle, found, editor=editor, question=question, preview=look, conflict=rows)
    return page, code(editor)


@bp.post("/questions/<int:question_id>/move/<any(up, down):way>")
@guard("form.edit", question=staff_queries.question_by_id)
def move_question(question: Question, way: str) -> Page | Response:
    """One place up or down, into the next section at the end of its own."""
    act = lambda: form_actions.move_question(question, by=current_user, up=way == "up")  # noqa: E731
    return refusing(question.section.form, act, f"question-{question.id}")
