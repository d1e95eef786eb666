"""Taking a section or a question out of a draft of a form, and what goes with it."""

from collections.abc import Sequence

from portal.accounts.models import Person
from portal.catalogue.conditions import asked_later, condition_problems
from portal.catalogue.form_actions import hold, in_order, keeping_conditions
from portal.catalogue.form_models import Form, Question, Section
from portal.core import audit


def questions_of(thing: Section | Question) -> list[Question]:
    """The questions that go with a section, or the question itself."""
    return list(thing.questions) if isinstance(thing, Section) else [thing]


def left_hanging(form: Form, gone: Sequence[Question]) -> list[tuple[Question, str]]:
    """The questions that keep others from being taken out, as they depend on them, with what to do first."""
    before, later = in_order(form), asked_later(form)
    after = [question for question in before if question not in gone]
    known, by_key = condition_problems(before, later), {question.key: question for question in after}
    return [(by_key[key], why) for key, why in condition_problems(after, later).items() if known.get(key) != why]


def remove_section(section: Section, *, by: Person) -> None:
    """Take a section and its questions out of a draft.  Raises Frozen, Gone, Refused where others depend on them."""
    form = section.form
    hold(form, section)
    with keeping_conditions(form):
        labels = [str(question) for question in section.questions]
        audit.record(by, "form.section_removed", form, section=section.title, questions=labels)
        form.sections.remove(section)


def remove_question(question: Question, *, by: Person) -> None:
    """Take a question out of a draft.  Raises Frozen, Gone, and Refused where another depends on it."""
    form = question.section.form
    hold(form, question)
    audit.record(by, "form.question_removed", form, question=question.label)
    with keeping_conditions(form):
        question.section.questions.remove(question)
