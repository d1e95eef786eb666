"""Fictional applications in every stage, with answers, documents, reviews that spread believably, and letters."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from markupsafe import escape
from sqlalchemy import select, text

from portal.accounts.models import Person
from portal.applications.models import Answer, Application, Document, StatusEvent
from portal.applications.status import RELEASED, Status
from portal.catalogue.conditions import asked_of
from portal.catalogue.form_models import Criterion, Form, Question
from portal.catalogue.models import Cycle, Site
from portal.catalogue.site_kinds import first_site
from portal.core import storage
from portal.core.clock import now
from portal.core.db import db
from portal.core.text import folded
from portal.demo import cases, files, writing
from portal.messaging.models import Message
from portal.messaging.status import Delivery
from portal.review.models import Assignment
from portal.review.status import AssignmentState
from portal.selection import letters
from portal.selection.models import Decision
from portal.selection.status import Outcome

S = Status
SHARES: dict[str, tuple[tuple[Status, int], ...]] = {
    "submitted": ((S.DRAFT, 35), (S.SUBMITTED, 65)),
    "eligible": ((S.DRAFT, 20), (S.SUBMITTED, 30), (S.ELIGIBLE, 45), (S.WITHDRAWN, 5)),
    "in_review": (
        (S.SUBMITTED, 8), (S.ELIGIBLE, 10), (S.IN_REVIEW, 50), (S.PANEL, 20), (S.DECIDED, 7), (S.WITHDRAWN, 5),
    ),
    "letters": ((S.OFFERED, 25), (S.WAITLISTED, 10), (S.NOT_SELECTED, 60), (S.WITHDRAWN, 5)),
}  # fmt: skip
PATHS: dict[Status, tuple[Status, ...]] = {
    S.DRAFT: (),
    S.SUBMITTED: (S.SUBMITTED,),
    S.ELIGIBLE: (S.SUBMITTED, S.ELIGIBLE),
    S.IN_REVIEW: (S.SUBMITTED, S.ELIGIBLE, S.IN_REVIEW),
    S.PANEL: (S.SUBMITTED, S.ELIGIBLE, S.IN_REVIEW, S.PANEL),
    S.DECIDED: (S.SUBMITTED, S.ELIGIBLE, S.IN_REVIEW, S.PANEL, S.DECIDED),
    S.WITHDRAWN: (S.SUBMITTED, S.WITHDRAWN),
} | {status: (S.SUBMITTED, S.ELIGIBLE, S.IN_REVIEW, S.PANEL, S.DECIDED, status) for status in RELEASED}
REVIEWED = frozenset({S.IN_REVIEW, S.PANEL, S.DECIDED, *RELEASED})
OUTCOMES = {S.OFFERED: Outcome.OFFER, S.WAITLISTED: Outcome.WAITLIST, S.NOT_SELECTED: Outcome.DECLINE}
# What a file is worth on the rubric's scale where its outcome is known, so that letters follow scores.
WORTH = {S.OFFERED: 4.4, S.WAITLISTED: 3.9, S.NOT_SELECTED: 3.1, S.DECIDED: 4.2, S.PANEL: 3.8}

SUMMARISE = text(
    """
    UPDATE review_summary AS s
    SET assigned = a.assigned, submitted = a.submitted, mean = a.mean, low = a.low, high = a.high
    FROM (
      SELECT application_id, count(*) FILTER (WHERE state <> 'recused') AS assigned, count(score) AS submitted,
             round(avg(score), 2) AS mean, min(score) AS low, max(score) AS high
      FROM assignment JOIN application ON application.id = application_id AND cycle_id = :cycle_id GROUP BY 1
    ) AS a
    WHERE s.application_id = a.application_id
    """
)


def first_questions(form: Form) -> list[Question]:
    """The questions of a form but those that are asked later, in order."""
    return [question for question in form.questions if not question.section.on_invitation]


def summarise_cycle(cycle: Cycle) -> None:
    """Bring the summaries of a cycle's reviews up to date in one statement."""
    db.session.flush()
    db.session.execute(SUMMARISE, {"cycle_id": cycle.id})


class Loader:
    """Loads the applications of cycles with one source of chance, so that the same seed makes the same data."""

    def __init__(self, chance: Random, reviewers: Sequence[Person], coordinator: Person) -> None:
        self.chance = chance
        self.reviewers = reviewers
        self.coordinator = coordinator
        self.messages: list[Message] = []
        self.leniency = {person.id: chance.gauss(0, 0.35) for person in reviewers}

    def load_cycle(self, cycle: Cycle, people: Sequence[Person], through: str) -> list[Application]:
        """One application for each person, spread over the stages that the cycle has come to."""
        statuses, weights = zip(*SHARES[through], strict=True)
        form = db.session.scalars(select(Form).where(Form.cycle_id == cycle.id)).one()
        criteria = db.session.scalars(select(Criterion).where(Criterion.cycle_id == cycle.id)).all()
        made = [
            self.load_application(cycle, form, criteria, person, self.chance.choices(statuses, weights)[0])
            for person in people
        ]
        summarise_cycle(cycle)
        return made

    def load_application(
        self, cycle: Cycle, form: Form, criteria: Sequence[Criterion], person: Person, status: Status
    ) -> Application:
        """One application that has come to this status, with everything that happened on the way."""
        moments = self._moments(cycle, len(PATHS[status]) + 1)
        submitted_at = None
        reference = None
        if status is not S.DRAFT:
            submitted_at = moments[1]
            cycle.last_number += 1
            reference = f"{cycle.code}-{cycle.last_number:04d}"
        made = Application(
            cycle=cycle,
            person=person,
            form=form,
            status=status,
            sort_name=person.sort_name,
            search_text="",
            created_at=moments[0],
            saved_at=moments[0],
            submitted_at=submitted_at,
            reference=reference,
            changed_at=moments[-1],
        )
        db.session.add(made)
        questions = first_questions(form)
        values = self.answer(made, questions, partly=status is S.DRAFT)
        made.title = str(values.get("title", ""))
        if site := first_site((question.kind, values.get(question.key)) for question in questions):
            made.site_id = select(Site.id).where(Site.slug == site).scalar_subquery()
        words = (person.given_name, person.family_name, str(person.email), made.title, reference or "")
        made.search_text = folded(" ".join(words))
        db.session.flush()
        self._happen(made, PATHS[status], moments)
        if made.submitted_at:
            self._confirm(made, made.submitted_at)
        if status in REVIEWED and criteria:
            self._review(made, criteria, done=status is not S.IN_REVIEW)
        if status in RELEASED or status is S.DECIDED:
            self._decide(made, moments[-1])
        return made

    def _moments(self, cycle: Cycle, count: int) -> list[datetime]:
        """Times in order: begun and submitted while the cycle was open, the rest since."""
        opened = cycle.opens_at or now() - timedelta(days=30)
        closed = min(cycle.closes_at or now(), now()) - timedelta(hours=1)
        begun, submitted = sorted(opened + (closed - opened) * self.chance.random() for _ in range(2))
        later = sorted(submitted + (now() - submitted) * self.chance.uniform(0.1, 0.98) for _ in range(count - 2))
        return [begun, submitted, *later][:count]

    def answer(self, application: Application, questions: Sequence[Question], *, partly: bool) -> dict[str, Any]:
        """Answer these questions, all or some of them, as of when the application was begun.  Out: what was stored."""
        values: dict[str, Any] = {}
        for question in questions:
            if partly and self.chance.random() < 0.4:
                continue
            if question.kind == "file":
                if question.required:
                    self._upload(application, question.key)
                continue
            if not question.required and self.chance.random() < 0.5:
                continue
            values[question.key] = writing.answer(question, self.chance, credentials=application.person.credentials)
        values |= {key: words for key, words in cases.answers(application.person_id).items() if key in values}
        met = asked_of(questions, values)
        values = {key: value for key, value in values.items() if key in met and value is not None}
        application.answers += [
            Answer(question_key=key, value=value, saved_at=application.created_at) for key, value in values.items()
        ]
        return values

    def _upload(self, application: Application, key: str) -> None:
        person = application.person
        projects = self.chance.sample(writing.TITLES, 3)
        stored = storage.put(files.curriculum_vitae(person, role=self.chance.choice(writing.PLACES), projects=projects))
        application.documents.append(
            Document(
                question_key=key,
                storage_key=stored.key,
                filename=f"{folded(person.family_name)}-cv.pdf",
                media_type="application/pdf",
                size=stored.size,
                sha256=stored.sha256,
                pages=2,
                uploaded_at=application.created_at,
                uploaded_by_id=person.id,
            )
        )

    def _happen(self, application: Application, path: tuple[Status, ...], moments: list[datetime]) -> None:
        source = S.DRAFT
        for target, at in zip(path, moments[1:], strict=True):
            by = application.person if target in {S.SUBMITTED, S.WITHDRAWN} else self.coordinator
            db.session.add(
                StatusEvent(application_id=application.id, at=at, actor_id=by.id, source=source, target=target)
            )
            source = target

    def _confirm(self, application: Application, at: datetime) -> None:
        text = (
            f"We received your application {application.reference}.\n\n"
            "You can follow each step on your applications page.\n"
        )
        subject = f"We received your application: {application.cycle.opportunity.title}"
        self.tell(application, "application_received", subject, text, at)

    def tell(self, application: Application, template: str, subject: str, text: str, at: datetime) -> None:
        """A message that went out then; kept until `send` puts all of them into the log in the order of time."""
        paragraphs = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
        self.messages.append(
            Message(
                template=template,
                to_address=application.person.email,
                to_name=application.person.full_name,
                person_id=application.person_id,
                reply_to=application.cycle.opportunity.contact_email,
                subject=subject,
                text_body=text,
                html_body=f"<!doctype html><html lang=en><title>{escape(subject)}</title>{paragraphs}</html>",
                headers={},
                thing_type="application",
                thing_id=application.id,
                message_id=f"<{secrets.token_hex(12)}@example.org>",
                state=Delivery.SENT,
                attempts=1,
                created_at=at,
                sent_at=at,
            )
        )

    def send(self) -> None:
        """Put the messages of all applications into the mail log, oldest first."""
        self.messages.sort(key=lambda message: message.created_at)
        db.session.add_all(self.messages)
        db.session.flush()

    def _review(self, application: Application, criteria: Sequence[Criterion], *, done: bool) -> None:
        """Two or three reviewers; a file has a worth, a reviewer a leniency, and every score some noise."""
        known = WORTH.get(application.status)
        worth = self.chance.gauss(3.4, 0.7) if known is None else self.chance.gauss(known, 0.3)
        readers = self.chance.sample(self.reviewers, self.chance.choice((2, 3, 3)))
        for reader in readers:
            state = AssignmentState.SUBMITTED
            if not done:
                state = self.chance.choices(
                    (
                        AssignmentState.SUBMITTED,
                        AssignmentState.DRAFT,
                        AssignmentState.ASSIGNED,
                        AssignmentState.RECUSED,
                    ),
                    (50, 12, 33, 5),
                )[0]
            given = self._scores(worth + self.leniency[reader.id], criteria, state)
            score = self._weighted(given, criteria) if state is AssignmentState.SUBMITTED else None
            self._assign(application, reader, state, given, score)

    def _scores(self, level: float, criteria: Sequence[Criterion], state: AssignmentState) -> dict[str, int]:
        if state in {AssignmentState.ASSIGNED, AssignmentState.RECUSED}:
            return {}
        given = {str(c.id): max(1, min(5, round(self.chance.gauss(level, 0.8)))) for c in criteria}
        if state is AssignmentState.DRAFT:
            given.popitem()
        return given

    @staticmethod
    def _weighted(given: dict[str, int], criteria: Sequence[Criterion]) -> Decimal:
        return (Decimal(sum(given[str(c.id)] * c.weight for c in criteria)) / 100).quantize(Decimal("0.01"))

    def _assign(
        self,
        application: Application,
        reader: Person,
        state: AssignmentState,
        given: dict[str, int],
        score: Decimal | None,
    ) -> None:
        worked = state in {AssignmentState.SUBMITTED, AssignmentState.DRAFT}
        saved = application.changed_at + (now() - application.changed_at) * 0.5 if worked else None
        db.session.add(
            Assignment(
                application_id=application.id,
                reviewer_id=reader.id,
                assigned_by_id=self.coordinator.id,
                assigned_at=application.changed_at,
                due_at=application.cycle.reviews_due_at,
                state=state,
                scores=given,
                comment=self.chance.choice(writing.COMMENTS) if worked else "",
                score=score,
                saved_at=saved,
                submitted_at=saved if state is AssignmentState.SUBMITTED else None,
                recusal_reason="I supervise the applicant." if state is AssignmentState.RECUSED else "",
            )
        )

    def _decide(self, application: Application, at: datetime) -> None:
        outcome = OUTCOMES.get(application.status, Outcome.OFFER)
        released = application.status in RELEASED
        letter = letters.fill(letters.DEFAULT_LETTERS[outcome], letters.values_of(application))
        db.session.add(
            Decision(
                application_id=application.id,
                outcome=outcome,
                subject=letter.subject,
                body=letter.body,
                decided_by_id=self.coordinator.id,
                decided_at=at,
                released_by_id=self.coordinator.id if released else None,
                released_at=at if released else None,
            )
        )
        if released:
            self.tell(application, "decision_letter", letter.subject, letters.plain(letter.body), at)
