"""Staff pages that take a section or a question out of a draft: they say first what goes with it."""

from collections.abc import Callable

from flask import url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.catalogue import applied, removals, staff_queries
from portal.catalogue.fields import kind_of
from portal.catalogue.form_models import Form, Question, Section
from portal.catalogue.staff_blueprint import bp
from portal.catalogue.staff_forms import refusing, shut
from portal.catalogue.staff_pages import Page, listing_page
from portal.core.access import guard


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
