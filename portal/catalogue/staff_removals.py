"""Staff pages that take a section or a question out of a draft: they say first what goes with it."""

from collections.abc import Callable

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from portal.catalogue import applied, form_actions, removals, staff_queries
from portal.catalogue.fields import kind_of
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.question_forms import SectionForm, question_form
from portal.catalogue.staff_blueprint import bp
from portal.catalogue.staff_forms import anew, refusing, shut
from portal.catalogue.staff_pages import Page, listing_page
from portal.core import pages
from portal.core.access import can, guard

EDITORS = frozenset({"catalogue_staff.section", "catalogue_staff.question", "catalogue_staff.new_question"})
"""Where somebody saves a part that another person may have taken out since they opened it."""


@bp.get("/sections/<int:section_id>/remove")
@guard("form.edit", section=staff_queries.section_by_id)
def ask_to_remove_section(section: Section) -> Page:
    """What goes with a section, and the button that takes it out."""
    return shut(section.form) or _ask(section.form, section, url_for(".remove_section", section_id=section.id))


@bp.get("/questions/<int:question_id>/remove")
@guard("form.edit", question=staff_queries.question_by_id)
def ask_to_remove_question(question: Question) -> Page:
    """What goes with a question, and the button that takes it out."""
    form = question.section.form
    return shut(form) or _ask(form, question, url_for(".remove_question", question_id=question.id))


def _ask(form: Form, thing: Section | Question, url: str) -> str:
    whole = staff_queries.form_version(form.cycle, form.number) or form
    gone = removals.questions_of(thing)
    answers = applied.answered(form.cycle_id, [question.key for question in gone])
    return listing_page(
        "form_remove.html",
        form.cycle.opportunity,
        "Application form",
        cycle=form.cycle,
        version=whole,
        thing=thing,
        is_section=isinstance(thing, Section),
        gone=gone,
        url=url,
        kind_of=kind_of,
        blockers=removals.left_hanging(whole, gone),
        begun=applied.begun(form.cycle_id),
        answered=answers,
    )


@bp.post("/sections/<int:section_id>/remove")
@guard("form.edit", section=staff_queries.section_by_id)
def remove_section(section: Section) -> Page | Response:
    """Take a section and its questions out."""
    asked = bool(section.questions)
    words = f"Section “{section.title}” removed." + ("|Its questions went with it." if asked else "")
    return refusing(section.form, lambda: removals.remove_section(section, by=current_user), told=words)


@bp.post("/questions/<int:question_id>/remove")
@guard("form.edit", question=staff_queries.question_by_id)
def remove_question(question: Question) -> Page | Response:
    """Take a question out."""
    section = question.section
    words = f"Question “{question.label}” removed."
    act: Callable[[], None] = lambda: removals.remove_question(question, by=current_user)  # noqa: E731
    return refusing(section.form, act, f"section-{section.id}", words)


@bp.errorhandler(NotFound)
def taken_out(error: NotFound) -> ResponseReturnValue:
    """There is no such part any more for somebody who saves it: what they typed is given back, ready to be added.

    Their page names the form that it was of; to whoever may not edit that one, there was never anything.
    """
    form = staff_queries.form_by_id(_sent("form-id")) if request.endpoint in EDITORS and request.form else None
    if form is None or not can(current_user, "form.edit", form):
        return pages.http_error(error)
    form = staff_queries.newest_form(form.cycle) or form
    if request.endpoint == "catalogue_staff.section":
        return anew(form, SectionForm())
    section_id = _sent("section-id")
    section = next((each for each in form.sections if each.id == section_id), None)
    return anew(form, question_form(earlier=form_actions.in_order(form, until=section)), section_id or -1)


def _sent(name: str) -> int:
    """A row's id out of a hidden field; 0, which no row has, for anything else."""
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
