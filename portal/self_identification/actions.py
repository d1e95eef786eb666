"""Keeping what somebody chose, wording the questions anew, and making the one report of a cycle."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.catalogue.models import Cycle
from portal.core import audit
from portal.core.db import db
from portal.self_identification import queries
from portal.self_identification.disclosure import spans
from portal.self_identification.models import SelfIdAnswer, SelfIdAsked, SelfIdReport, SelfIdWording
from portal.self_identification.queries import DECLINED

DECLINED_WORDS = "I choose not to answer"
MIXED = 200
MIXING = 0x5E1F1D


class TooEarly(Exception):
    """The cycle still takes applications, or closed less than a week ago."""


class AlreadyMade(Exception):
    """A cycle has one report."""


class ChangedMeanwhile(Exception):
    """Somebody else put another wording in force."""


def subject_of(application_id: int) -> bytes:
    """What stands for an application beside its answers: HMAC-SHA-256 under a key made from
    `SELF_IDENTIFICATION_KEY`, or from `SECRET_KEY` where that is empty.

    Under another key the answers of before are found no more, and so would outlast their application.
    """
    settings = current_app.config["SETTINGS"]
    secret = settings.self_identification_key or settings.secret_key
    key = hashlib.sha256(b"self-identification:" + secret.encode()).digest()
    return hmac.new(key, str(application_id).encode(), hashlib.sha256).digest()


def answer(application: Application, *, choices: Mapping[str, str]) -> None:
    """Keep what the applicant chose, once; a second sending changes nothing.

    In: choices by question key, those of declined questions left out or empty.  Neither the audit trail nor a log
    tells of it.
    """
    in_force = queries.wording()
    assert in_force is not None
    new = db.session.scalar(
        insert(SelfIdAsked)
        .values(application_id=application.id)
        .on_conflict_do_nothing()
        .returning(SelfIdAsked.application_id)
    )
    if new is None:
        return
    offered = {question["key"]: question["choices"] for question in in_force.questions}
    kept = {key: choice for key, choice in choices.items() if choice in offered.get(key, ())}
    row = {"subject": subject_of(application.id), "cycle_id": application.cycle_id, "wording_id": in_force.id}
    _write_among_others(row | {"choices": kept})


def _write_among_others(row: dict[str, Any]) -> None:
    """Write an answer together with those of its cycle, anew and in the order of their hashes.

    PostgreSQL remembers of each row which transaction and command wrote it (`xmin`, `cmin`) and where it stands
    (`ctid`), so the newest answer could be joined to the application that was asked in the same transaction, and
    through it to the line of the access log that tells when.  Written among others it cannot be told from them.  Of
    very many, a random `MIXED` are written anew.
    """
    db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIXING})
    columns = (SelfIdAnswer.subject, SelfIdAnswer.cycle_id, SelfIdAnswer.wording_id, SelfIdAnswer.choices)
    here = select(SelfIdAnswer.subject).where(SelfIdAnswer.cycle_id == row["cycle_id"])
    others = db.session.execute(
        delete(SelfIdAnswer)
        .where(SelfIdAnswer.subject.in_(here.order_by(func.random()).limit(MIXED)))
        .returning(*columns)
        .execution_options(synchronize_session=False)
    )
    rows = [row, *(dict(other._mapping) for other in others)]
    db.session.execute(insert(SelfIdAnswer).values(sorted(rows, key=lambda each: bytes(each["subject"]))))


def forget(application_ids: Sequence[int]) -> None:
    """Delete what was chosen with these applications, as they are deleted."""
    subjects = [subject_of(application_id) for application_id in application_ids]
    db.session.execute(delete(SelfIdAnswer).where(SelfIdAnswer.subject.in_(subjects)))


def put_in_force(
    *, is_on: bool, intro: str, questions: Sequence[Mapping[str, Any]], seen: int, by: Person, now: datetime
) -> SelfIdWording:
    """Switch the questions on or off, or word them anew; what was asked before keeps its wording.

    In: the id of the wording that was in force when somebody began to write (0 for none).  Raises ChangedMeanwhile.
    """
    present = queries.wording()
    if (present.id if present else 0) != seen:
        raise ChangedMeanwhile
    made = SelfIdWording(
        is_on=is_on, intro=intro, questions=[dict(each) for each in questions], published_at=now, published_by_id=by.id
    )
    db.session.add(made)
    db.session.flush()
    audit.record(by, "self-identification.worded", made, is_on=is_on, questions=[each["label"] for each in questions])
    return made


def make_report(cycle: Cycle, *, by: Person, now: datetime) -> SelfIdReport:
    """Count a closed cycle once and for all.  Raises TooEarly and AlreadyMade."""
    db.session.refresh(cycle, with_for_update={"of": Cycle})
    if db.session.get(SelfIdReport, cycle.id) is not None:
        raise AlreadyMade
    if cycle.id not in {each.id for each, _ in queries.reportable(now)}:
        raise TooEarly
    made = SelfIdReport(cycle_id=cycle.id, made_at=now, made_by_id=by.id, tables=_tables(cycle))
    db.session.add(made)
    db.session.flush()
    audit.record(by, "self-identification.reported", cycle)
    return made


def _tables(cycle: Cycle) -> list[dict[str, Any]]:
    """A table for each question of each wording, with what may be said of each count."""
    made = []
    for wording, counters in queries.counts_of(cycle.id):
        for question in wording.questions:
            choices = [*question["choices"], DECLINED]
            said = spans([counters[question["key"]][choice] for choice in choices])
            cells = [
                [choice or DECLINED_WORDS, [span.least, span.most] if span else None]
                for choice, span in zip(choices, said, strict=True)
            ]
            made.append({"label": question["label"], "cells": cells})
    return made
