"""What a listing, a cycle, a form needs before people see it: one list for the pages and for the actions.

A check that is `needed` stops publishing; any other is advice.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.catalogue.conditions import asked_later, condition_problems
from portal.catalogue.fields import kind_of
from portal.catalogue.form_models import Criterion, Form, Question, Section
from portal.catalogue.models import Cycle, Opportunity
from portal.catalogue.sensitive import sensitive_topics
from portal.catalogue.status import Kind, Publication
from portal.core.text import plural

MOST_ADVICE = 5
WHOLE = 100


@dataclass(frozen=True)
class Check:
    """One line of "Ready to publish?".

    `field` names the control that mends it; where that is on another page, `opens` is the page (`question`, `section`,
    `new_question`, `new_section`, `rubric`, `cycle_form`) and `key` the id in its address.
    """

    passed: bool
    done: str
    missing: str
    field: str = ""
    needed: bool = True
    opens: str = ""
    key: int = 0

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
    """What a form needs before people fill it in, each hole by itself with the page that mends it.

    Questions that may not be asked are judged separately.
    """
    titles = [question for question in form.questions if question.in_queue]
    extra = [
        Check(False, "", f"“{question.label}” titles applications too. Untick one.", **_at(question))
        for question in titles[1:]
    ]
    return [
        Check(bool(form.sections), "Sections", "Add a section.", opens="new_section", key=form.id),
        *_all_later(form),
        *_each("Questions in each section", _empty_sections(form)),
        *_each("Settings of each question", _unsettled(form)),
        *_each("Each question can be shown", _unshown(form)),
        *_deciding_later(form),
        *_each("A way for those without a US license", _closed(form)),
        *_each("One title in staff lists", extra),
        Check(bool(titles), "A title in staff lists", "Choose the question that titles applications.", needed=False),
        *_each("Help under each question", _unhelped(form)),
    ]


def _each(done: str, holes: Iterable[Check]) -> list[Check]:
    """The holes, or one line that says that there is none."""
    found = list(holes)
    return found or [Check(True, done, "")]


def _at(question: Question) -> dict[str, Any]:
    return {"opens": "question", "key": question.id, "field": f"question-{question.id}"}


def _empty_sections(form: Form) -> Iterator[Check]:
    for section in form.sections:
        if not section.questions:
            words = f"Add a question to “{section.title}”, or remove the section."
            yield Check(False, "", words, opens="new_question", key=section.id, field="new-question")


def _all_later(form: Form) -> Iterator[Check]:
    if form.sections and all(section.on_invitation for section in form.sections):
        first = form.sections[0]
        words = "Ask at least one section at once. All are asked later, so there is nothing to apply with."
        yield Check(False, "", words, opens="section", key=first.id, field=f"section-{first.id}")


def _deciding_later(form: Form) -> Iterator[Check]:
    later = asked_later(form)
    for question in form.questions:
        if question.key in later and question.settings.get("eligible"):
            words = f"Move “{question.label}” to a section that is asked at once: it decides who may apply."
            yield Check(False, "", words, **_at(question))


def _unsettled(form: Form) -> Iterator[Check]:
    for question in form.questions:
        for sentence in kind_of(question).settings_problems(question.settings).values():
            yield Check(False, "", f"“{question.label}”: {sentence[:1].lower()}{sentence[1:]}.", **_at(question))


def _unshown(form: Form) -> Iterator[Check]:
    by_key = {question.key: question for question in form.questions}
    for key, sentence in condition_problems(form.questions, asked_later(form)).items():
        yield Check(False, "", f"{sentence}.", **_at(by_key[key]))


def _closed(form: Form) -> Iterator[Check]:
    for question in form.questions:
        if kind_of(question).clinicians_only and question.required and not question.condition:
            yield Check(False, "", f"Let people skip “{question.label}”.", **_at(question))


def _unhelped(form: Form) -> Iterator[Check]:
    """At most so many lines of advice, so that they do not hide what stops."""
    bare = [question for question in form.questions if not question.help]
    for question in bare[:MOST_ADVICE]:
        yield Check(False, "", f"“{question.label}” has no help text.", needed=False, **_at(question))
    if len(bare) > MOST_ADVICE:
        more = plural(len(bare) - MOST_ADVICE, "more question has", "more questions have")
        yield Check(False, "", f"{more} no help text.", needed=False)


def rubric_checks(criteria: list[Criterion], cycle: Cycle) -> list[Check]:
    """Weights are whole percents; a cycle without a rubric is published without one."""
    there: dict[str, Any] = {"opens": "rubric", "key": cycle.id}
    total = sum(criterion.weight for criterion in criteria)
    if not criteria:
        return [Check(False, "A rubric", "There is no rubric. Reviewers will not score.", needed=False, **there)]
    blank = [criterion.label for criterion in criteria if not criterion.anchors]
    idle = [criterion.label for criterion in criteria if not criterion.weight]
    return [
        Check(
            total == WHOLE,
            "Rubric weights add up to 100%",
            f"Rubric weights add up to {total}%. Change them until they add up to 100%.",
            **there,
        ),
        Check(not idle, "A weight for each criterion", f"{_named(idle)} weighs nothing.", needed=False, **there),
        Check(not blank, "Words for the scores", f"Say what scores mean for {_named(blank)}.", needed=False, **there),
    ]


def cycle_checks(
    cycle: Cycle, *, newest: Form | None, has_published_form: bool, rubric: list[Criterion]
) -> list[Check]:
    """What a cycle needs before people can apply to it.

    In: its newest form version, whether any version is published, and its criteria.
    """
    checks = [
        Check(cycle.opens_at is not None, "Opening date", "Set when it opens.", "opens_at"),
        Check(
            cycle.closes_at is not None or cycle.is_rolling,
            "Rolling, without a closing date" if cycle.is_rolling else "Closing date",
            "Set when it closes, or tick that it is rolling.",
            "closes_at",
        ),
        Check(newest is not None, "An application form", "Make an application form.", opens="cycle_form", key=cycle.id),
    ]
    if newest is not None and newest.state is Publication.DRAFT and not has_published_form:
        checks += form_checks(newest)
        checks += [
            Check(False, "", sentence, opens="question" if isinstance(thing, Question) else "section", key=thing.id)
            for sentence, thing in sensitive_lines(newest)
        ]
    return [
        *checks,
        *rubric_checks(rubric, cycle),
        Check(cycle.seats is not None, "Seats", "Say how many seats there are, if you know.", "seats", needed=False),
    ]


def _named(labels: list[str]) -> str:
    shown = ", ".join(f"“{label}”" for label in labels[:3])
    return f"{shown} and {len(labels) - 3} more" if len(labels) > 3 else shown
