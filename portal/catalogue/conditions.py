"""*Show only if*: a question that depends on an earlier answer is asked only of those who gave it.

The same rule runs in the browser (`static/js/conditions.js`); one table of cases tests both.  A condition is
`{"key": key of an earlier question, "values": [raw input, …]}`, and an empty one holds for everybody.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Protocol

from portal.catalogue.fields import kind_of


class Conditional(Protocol):
    """What is read of a question."""

    @property
    def key(self) -> str: ...
    @property
    def condition(self) -> dict[str, Any]: ...


def asked(questions: Iterable[Conditional], raw: Mapping[str, Sequence[str]]) -> Set[str]:
    """The keys of the questions that are asked.

    In: questions in the order people meet them, and raw answers by key.  A question is asked where it has no
    condition, or where the question that it depends on stands before it, is asked itself, and has one of the answers.
    """
    found: set[str] = set()
    for question in questions:
        condition = question.condition
        if not condition or (
            condition["key"] in found and not set(condition["values"]).isdisjoint(raw.get(condition["key"], ()))
        ):
            found.add(question.key)
    return found


def asked_of(questions: Sequence[Any], values: Mapping[str, Any]) -> Set[str]:
    """The same with stored answers by key."""
    needed = {question.condition["key"] for question in questions if question.condition}
    if not needed:
        return {question.key for question in questions}
    raw = {q.key: kind_of(q).raw(values.get(q.key)) for q in questions if q.key in needed}
    return asked(questions, raw)


def words(question: Any, others: Iterable[Any]) -> str:
    """`Answer only if “Do you hold a license?” is “Yes”.`; an empty string where everybody is asked."""
    condition = question.condition
    if not condition:
        return ""
    parent = next((other for other in others if other.key == condition["key"]), None)
    if parent is None:
        return ""
    labels = dict(kind_of(parent).conditions(parent))
    *first, last = [f"“{labels.get(value, value)}”" for value in condition["values"]]
    answers = f"{', '.join(first)} or {last}" if first else last
    does = "includes" if parent.kind == "choose_several" else "is"
    return f"Answer only if “{parent.label}” {does} {answers}."


def asked_later(form: Any) -> Set[str]:
    """The keys of the questions of a form, as rows or frozen, that are asked later, only of those invited."""
    return {question.key for section in form.sections if section.on_invitation for question in section.questions}


def condition_problems(questions: Sequence[Any], later: Set[str] = frozenset()) -> dict[str, str]:
    """What is wrong with the conditions of a form: sentences that name the fix, by key of the question.

    In: the questions of one version in the order people meet them, and the keys of those that are asked later: what
    is asked at once cannot depend on them.
    """
    found: dict[str, str] = {}
    earlier: dict[str, Any] = {}
    everybody = {question.key: question for question in questions}
    for question in questions:
        if sentence := _problem(question, earlier, everybody, later):
            found[question.key] = sentence
        earlier[question.key] = question
    return found


def _problem(question: Any, earlier: Mapping[str, Any], everybody: Mapping[str, Any], later: Set[str]) -> str:
    condition = question.condition
    if not condition:
        return ""
    parent = everybody.get(condition["key"])
    if parent is None:
        return f"Choose again when “{question.label}” is shown: the question it depends on is gone"
    if parent.key not in earlier:
        return f"Keep “{parent.label}” before “{question.label}”, which is shown only after a certain answer to it"
    if parent.key in later and question.key not in later:
        return (
            f"Ask “{parent.label}” at once too, or choose again when “{question.label}” is shown: "
            "what is asked at once cannot depend on what is asked later"
        )
    possible = dict(kind_of(parent).conditions(parent))
    lost = [value for value in condition["values"] if value not in possible]
    if not condition["values"] or lost:
        gone = f"“{lost[0]}”" if lost else "an answer"
        return f"Keep {gone} among the answers to “{parent.label}”, or choose again when “{question.label}” is shown"
    return ""
