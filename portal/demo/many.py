"""A large cycle for the benchmarks, loaded with COPY: people, applications, answers, events, reviews."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import select, text

from portal.accounts.models import Membership, Person
from portal.accounts.status import Role
from portal.applications.status import Status
from portal.catalogue.form_models import Criterion, Form
from portal.catalogue.models import Cycle, Opportunity, Site
from portal.catalogue.site_kinds import first_site, offered_sites
from portal.catalogue.status import Publication
from portal.core.clock import now
from portal.core.db import db, driver_connection, transaction
from portal.core.text import folded
from portal.demo import catalogue, people, writing
from portal.demo.applications import first_questions, summarise_cycle

SLUG = "winickoff-scholars"
STATUSES = (Status.SUBMITTED, Status.ELIGIBLE, Status.IN_REVIEW, Status.PANEL, Status.NOT_SELECTED)
WEIGHTS = (25, 15, 40, 10, 10)
PATH = (Status.SUBMITTED, Status.ELIGIBLE, Status.IN_REVIEW, Status.PANEL, Status.DECIDED, Status.NOT_SELECTED)
LENGTH = {status: i + 1 for i, status in enumerate(PATH)}
BATCH = 5_000

Row = tuple[Any, ...]


@dataclass(frozen=True)
class File:
    """One generated application, before it is spread over the tables."""

    number: int
    person_id: int
    application_id: int
    given: str
    family: str
    status: Status
    title: str
    begun: datetime
    changed: datetime
    scores: tuple[Decimal, ...]
    readers: tuple[int, ...]


def load_large_cycle(count: int, *, console: Console, seed: int) -> Cycle:
    """Make one more Winickoff cycle with that many applications.  Out: the cycle."""
    chance = Random(seed)  # noqa: S311 - the same seed must make the same data
    with transaction():
        cycle = _cycle(count)
        reviewers = _reviewers(cycle)
        coordinator = _id_of("coordinator@example.org")
        offered_sites()  # kept for the answers, since nothing can be asked while rows are copied
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task(f"{count:,} applications", total=count)
            for start in range(0, count, BATCH):
                size = min(BATCH, count - start)
                _load_batch(list(_files(cycle, start, size, chance, reviewers)), cycle, coordinator)
                progress.advance(task, size)
        cycle.last_number = count
        summarise_cycle(cycle)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return cycle


def _cycle(count: int) -> Cycle:
    opportunity = db.session.scalars(select(Opportunity).where(Opportunity.slug == SLUG)).one()
    made = Cycle(
        opportunity=opportunity,
        name=f"Large cycle of {count:,}",
        code=catalogue.free_code("BIG", now().year),
        state=Publication.PUBLISHED,
        opens_at=now() - timedelta(days=100),
        closes_at=now() - timedelta(days=20),
        seats=60,
        created_at=now(),
        sample_fields=["opens_at", "closes_at", "seats"],
    )
    db.session.add(made)
    db.session.flush()
    forms = catalogue.read("forms")
    catalogue.load_form(made, forms, "winickoff")
    for position, criterion in enumerate(forms["rubric"]["project"], 1):
        db.session.add(
            Criterion(
                cycle_id=made.id,
                position=position,
                label=criterion["label"],
                weight=criterion["weight"],
                anchors={str(score): anchor for score, anchor in enumerate(criterion["anchors"], 1)},
            )
        )
    db.session.flush()
    return made


def _reviewers(cycle: Cycle) -> list[int]:
    query = (
        select(Person.id)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.role == Role.REVIEWER, Membership.unit_id == cycle.opportunity.unit_id)
    )
    return list(db.session.scalars(query.order_by(Person.id)))


def _id_of(email: str) -> int:
    return db.session.scalars(select(Person.id).where(Person.email == email)).one()


def _files(cycle: Cycle, start: int, size: int, chance: Random, reviewers: Sequence[int]) -> Iterator[File]:
    people_ids, application_ids = _ids("person", size), _ids("application", size)
    opened = cycle.opens_at or now()
    for i in range(size):
        status = chance.choices(STATUSES, WEIGHTS)[0]
        begun = opened + timedelta(seconds=chance.randrange(80 * 86400))
        reviewed = LENGTH[status] >= LENGTH[Status.IN_REVIEW]
        scores = tuple(Decimal(chance.randrange(100, 501)) / 100 for _ in range(2)) if reviewed else ()
        yield File(
            number=start + i + 1,
            person_id=people_ids[i],
            application_id=application_ids[i],
            given=chance.choice(people.GIVEN),
            family=f"{chance.choice(people.FAMILY)}-{chance.choice(people.FAMILY)}",
            status=status,
            title=chance.choice(writing.TITLES),
            begun=begun,
            changed=begun + timedelta(seconds=chance.randrange(15 * 86400)),
            scores=scores,
            readers=tuple(chance.sample(reviewers, 2)) if reviewed else (),
        )


def _ids(table: str, size: int) -> list[int]:
    """That many fresh ids of a table's own sequence."""
    query = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :size)")
    return list(db.session.scalars(query, {"table": table, "size": size}))


def _load_batch(batch: list[File], cycle: Cycle, coordinator: int) -> None:
    form = db.session.scalars(select(Form).where(Form.cycle_id == cycle.id)).one()
    questions = [question for question in first_questions(form) if question.kind != "file"]
    chance = Random(batch[0].number)  # noqa: S311
    sites = {row.slug: row.id for row in db.session.execute(select(Site.slug, Site.id))}
    answers = {f.application_id: [(one, writing.answer(one, chance)) for one in questions] for f in batch}
    site_of = {key: sites.get(first_site((one.kind, value) for one, value in rows)) for key, rows in answers.items()}
    _copy(
        "person (id, given_name, family_name, sort_name, search_text, created_at, email, active, fs_uniquifier)",
        (
            (f.person_id, f.given, f.family, folded(f"{f.family}, {f.given}"),
             folded(f"{f.given} {f.family} {_email(f)}"), f.begun, _email(f), True, _email(f))
            for f in batch
        ),
    )  # fmt: skip
    _copy(
        "application (id, cycle_id, person_id, form_id, status, reference, title, sort_name, search_text, created_at,"
        " saved_at, submitted_at, changed_at, site_id)",
        ((*_application(f, cycle, form.id), site_of[f.application_id]) for f in batch),
    )
    _copy(
        "answer (application_id, question_key, value, saved_at)",
        (
            (f.application_id, question.key, json.dumps(value), f.begun)
            for f in batch
            for question, value in answers[f.application_id]
        ),
    )
    _copy(
        "status_event (application_id, at, actor_id, source, target)",
        (row for f in batch for row in _events(f, coordinator)),
    )
    _copy(
        "assignment (application_id, reviewer_id, assigned_by_id, assigned_at, state, score, submitted_at)",
        (
            (f.application_id, reader, coordinator, f.changed, "submitted", score, f.changed)
            for f in batch
            for reader, score in zip(f.readers, f.scores, strict=True)
        ),
    )


def _email(file: File) -> str:
    return f"large-{file.person_id}@example.org"


def _application(file: File, cycle: Cycle, form_id: int) -> Row:
    reference = f"{cycle.code}-{file.number:04d}"
    search = folded(f"{file.given} {file.family} {_email(file)} {file.title} {reference}")
    sort_name = folded(f"{file.family}, {file.given}")
    return (
        file.application_id, cycle.id, file.person_id, form_id, file.status.value, reference, file.title, sort_name,
        search, file.begun, file.begun, file.begun, file.changed,
    )  # fmt: skip


def _events(file: File, coordinator: int) -> Iterator[Row]:
    source = Status.DRAFT
    for target in PATH[: LENGTH[file.status]]:
        actor = file.person_id if target is Status.SUBMITTED else coordinator
        yield file.application_id, file.begun, actor, source.value, target.value
        source = target


def _copy(target: str, rows: Iterable[Row]) -> None:
    with driver_connection().cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)
