"""What a listing, a cycle, a form needs before people see it: one list for the pages and for the actions.

A check that is `needed` stops publishing; any other is advice.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.catalogue.conditions import condition_problems
from portal.catalogue.fields import kind_of
from portal.catalogue.form_models import Criterion, Form, Question, Section
from portal.catalogue.models import Cycle, Opportunity
from portal.catalogue.sensitive import sensitive_topics
from portal.catalogue.status import Kind, Publication


@dataclass(frozen=True)
class Check:
    """One line of "Ready to publish?".  `field` names the control that mends it, where there is one."""

    passed: bool
    done: str
    missing: str
    field: str = ""
    needed: bool = True

    @property
    def text(self) -> str:
        return self.done if self.passed else self.missing

    @property
    def stops(self) -> bool:
        return self.needed and not self.passed


def gaps(checks: Iterable[Check]) -> list[str]:
    """The sentences of what stops publishing."""
    return [check.missing for check in checks if check.stops]


def listing_checks(opportunity: Opportunity) -> list[Check]:
    """What a listing needs before it is public, and what would make it better."""
    checks = [
        Check(bool(opportunity.title), "Title", "Write a title.", "title"),
        Check(bool(opportunity.summary), "Summary", "Write a summary of one or two sentences.", "summary"),
        Check(
            bool(opportunity.contact_email or opportunity.contact_phone),
            "A contact",
            "Give an email address or phone number that people can write to or call.",
            "contact_email",
        ),
    ]
    if opportunity.kind is Kind.POSITION:
        checks.append(
            Check(
                opportunity.pay_low is not None and opportunity.pay_high is not None,
                "Pay range",
                "Give the pay range, from and to. Massachusetts asks for it in every job posting.",
                "pay_low",
            )
        )
    return checks + [
        Check(bool(value), done, missing, field, needed=False)
        for value, done, missing, field in (
            (opportunity.about, "About it", "Tell what it is about.", "about"),
            (
                opportunity.half_days is not None,
                "Time it takes",
                "Say how much time it takes, if you know.",
                "half_days",
            ),
            (opportunity.audiences, "Who can apply", "Say who can apply.", "audiences"),
            (opportunity.places, "Where it happens", "Say where it happens.", "places"),
            (opportunity.next_steps, "What happens next", "Say what happens after people apply.", "next_steps"),
        )
    ]


def topics_of(question: Question) -> list[str]:
    """The topics a question touches that a first form must not ask about, in any words that people read of it."""
    return sensitive_topics(question.label, question.help, *_words(question.settings))


def _words(setting: Any, name: str = "") -> Iterator[str]:
    """All words inside the settings of a question.  A choice is one word among others: `Age` alone asks nothing."""
    if isinstance(setting, str):
        yield f"choose {setting}" if name == "choices" else setting
    elif isinstance(setting, Mapping):
        for key, value in setting.items():
            yield from _words(value, str(key))
    elif isinstance(setting, list | tuple):
        for value in setting:
            yield from _words(value, name)


def sensitive_questions(form: Form) -> dict[str, list[str]]:
    """What touches such topics: questions by label, and sections by title, with the topics."""
    found = {question.label: topics_of(question) for question in form.questions}
    found |= {
        f"Section: {section.title}": topics
        for section in form.sections
        if (topics := sensitive_topics(section.title, section.intro))
    }
    return {label: topics for label, topics in found.items() if topics}


def sensitive_sentences(form: Form) -> list[str]:
    """One refusal for each."""
    return [sentence for sentence, _ in sensitive_lines(form)]


def sensitive_lines(form: Form) -> list[tuple[str, Section | Question]]:
    """One refusal for each question and section, with the thing that it is about."""
    found: list[tuple[str, Section | Question]] = []
    for section in form.sections:
        if topics := sensitive_topics(section.title, section.intro):
            words = f"Change the words of the section “{section.title}”. They ask about {_all(topics)}"
            found.append((f"{words}, which a first form may not ask.", section))
        for question in section.questions:
            if topics := topics_of(question):
                words = f"Take out the question “{question.label}”. It asks about {_all(topics)}"
                found.append((f"{words}, which a first form may not ask.", question))
    return found


def _all(topics: list[str]) -> str:
    return " and ".join(topics)


def form_checks(form: Form) -> list[Check]:
    """What a form needs before people fill it in; questions that may not be asked are judged separately."""
    empty = [section.title for section in form.sections if not section.questions]
    unsettled = [q.label for q in form.questions if kind_of(q).settings_problems(q.settings)]
    titles = sum(question.in_queue for question in form.questions)
    unshown = list(condition_problems(form.questions).values())
    closed = [q.label for q in form.questions if kind_of(q).clinicians_only and q.required and not q.condition]
    unhelped = [question.label for question in form.questions if not question.help]
    return [
        Check(bool(form.sections), "Sections", "Add a section."),
        Check(not empty, "Questions in each section", f"Add a question to {_named(empty)}, or remove the section."),
        Check(not unsettled, "Settings of each question", f"Open {_named(unsettled)} and mend its settings."),
        Check(not unshown, "Each question can be shown", f"{unshown[0] if unshown else ''}."),
        Check(not closed, "A way for those without a US license", f"Let people skip {_named(closed)}."),
        Check(titles <= 1, "One title in staff lists", "Choose one question only as the title in staff lists."),
        Check(titles > 0, "A title in staff lists", "Choose the question that titles applications.", needed=False),
        Check(not unhelped, "Help under each question", f"No help under {_named(unhelped)}.", needed=False),
    ]


def rubric_checks(criteria: list[Criterion]) -> list[Check]:
    """Weights are whole percents; a cycle without a rubric is published without one."""
    total = sum(criterion.weight for criterion in criteria)
    if not criteria:
        return [Check(False, "A rubric", "There is no rubric. Reviewers will not score.", needed=False)]
    return [
        Check(
            total == 100,
            "Rubric weights add up to 100%",
            f"Rubric weights add up to {total}%. Change them until they add up to 100%.",
        )
    ]


def cycle_checks(
    cycle: Cycle, *, newest: Form | None, has_published_form: bool, rubric: list[Criterion]
) -> list[Check]:
    """What a cycle needs before people can apply to it.

    In: its newest form version, whether any version is published, and its criteria.
    """
    checks = [
        Check(cycle.opens_at is not None, "Opening date", "Set when it opens.", "opens_at"),
        Check(newest is not None, "An application form", "Make an application form."),
    ]
    if newest is not None and newest.state is Publication.DRAFT and not has_published_form:
        checks += form_checks(newest)
        checks += [Check(False, "", sentence) for sentence in sensitive_sentences(newest)]
    return [
        *checks,
        *rubric_checks(rubric),
        Check(
            cycle.closes_at is not None, "Closing date", "No closing date: it is rolling.", "closes_at", needed=False
        ),
        Check(cycle.seats is not None, "Seats", "Say how many seats there are, if you know.", "seats", needed=False),
    ]


def _named(labels: list[str]) -> str:
    shown = ", ".join(f"“{label}”" for label in labels[:3])
    return f"{shown} and {len(labels) - 3} more" if len(labels) > 3 else shown
