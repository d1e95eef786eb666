"""What a profile puts into the questions of a form that nobody has answered yet, and takes from answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from portal.accounts.models import Person
from portal.catalogue.fields import kind_of
from portal.catalogue.frozen import FrozenQuestion
from portal.profiles.actions import NAMES, save_answers
from portal.profiles.queries import facts_of, of_person


def fill_in(person: Person, questions: Sequence[FrozenQuestion], values: Mapping[str, Any]) -> dict[str, Any]:
    """Answers from the person's profile by question key, for a page of a form where nothing is stored yet.

    Only what the question takes without a fault: a choice that it does not offer is left to the person.  Once anything
    on the page is saved, what is empty was left empty.
    """
    named = [question for question in questions if question.profile_field]
    if not named or any(values.get(question.key) is not None for question in questions):
        return {}
    facts = facts_of(person)
    return {
        question.key: facts[question.profile_field]
        for question in named
        if question.profile_field in facts and not kind_of(question).problems(facts[question.profile_field], question)
    }


def offered(questions: Sequence[FrozenQuestion]) -> list[FrozenQuestion]:
    """The questions whose answers a profile can keep; name, phone and email are the account's."""
    return [question for question in questions if question.profile_field in NAMES]


def differs(person: Person, questions: Sequence[FrozenQuestion], values: Mapping[str, Any]) -> bool:
    """Whether answers to these questions, by question key, say something else than the person's profile does."""
    kept = offered(questions)
    profile = of_person(person.id) if kept else None
    known = dict(profile.answers) if profile else {}
    told = [question for question in kept if values.get(question.key) is not None]
    return any(values[question.key] != known.get(question.profile_field) for question in told)


def keep_in_profile(
    person: Person, questions: Sequence[FrozenQuestion], values: Mapping[str, Any], *, now: datetime
) -> None:
    """Put the stored answers that are right into the person's profile; what was not answered leaves it as it is."""
    answers = {
        question.profile_field: values[question.key]
        for question in offered(questions)
        if values.get(question.key) is not None and not kind_of(question).problems(values[question.key], question)
    }
    if answers:
        save_answers(person, answers=answers, now=now)
