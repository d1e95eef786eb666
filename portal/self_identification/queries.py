"""Reading the wording in force, who is still to be asked, and counts."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import joinedload

from portal.applications.models import Application
from portal.catalogue.models import Cycle
from portal.catalogue.status import Publication
from portal.core.db import db
from portal.self_identification.models import SelfIdAnswer, SelfIdAsked, SelfIdReport, SelfIdWording

WAIT = timedelta(days=7)
DECLINED = ""


def wording() -> SelfIdWording | None:
    """What is in force."""
    return db.session.scalar(select(SelfIdWording).order_by(SelfIdWording.id.desc()).limit(1))


def wordings() -> Sequence[SelfIdWording]:
    """All that was ever in force, newest first."""
    query = select(SelfIdWording).order_by(SelfIdWording.id.desc()).options(joinedload(SelfIdWording.published_by))
    return db.session.scalars(query).all()


def standing(application: Application) -> tuple[bool, bool]:
    """Whether the applicant has still to be asked, and whether they have sent the page, whatever they chose; in one
    query.  Staff who try a form are not asked, since all answers are counted.
    """
    if application.is_test:
        return False, False
    newest = select(SelfIdWording.is_on).order_by(SelfIdWording.id.desc()).limit(1).scalar_subquery()
    asked = exists().where(SelfIdAsked.application_id == application.id)
    reported = exists().where(SelfIdReport.cycle_id == application.cycle_id)
    row = db.session.execute(select(func.coalesce(newest, False) & ~asked & ~reported, asked)).one()
    return bool(row[0]), bool(row[1])


def reportable(at: datetime) -> Sequence[tuple[Cycle, SelfIdReport | None]]:
    """Cycles with answers that have closed a week ago or were put away, each with its report where it is made;
    newest first."""
    answered = exists().where(SelfIdAnswer.cycle_id == Cycle.id)
    over = or_(Cycle.closes_at < at - WAIT, Cycle.state == Publication.ARCHIVED)
    rows = db.session.execute(
        select(Cycle, SelfIdReport)
        .outerjoin(SelfIdReport, SelfIdReport.cycle_id == Cycle.id)
        .where(or_(SelfIdReport.cycle_id.is_not(None), answered & over))
        .order_by(Cycle.id.desc())
        .options(joinedload(Cycle.opportunity))
        .limit(200)
    )
    return [(cycle, report) for cycle, report in rows]


def counts_of(cycle_id: int) -> list[tuple[SelfIdWording, dict[str, Counter[str]]]]:
    """How many chose what, by wording and question; `DECLINED` counts those who declined a question."""
    rows = db.session.execute(
        select(SelfIdWording, SelfIdAnswer.choices)
        .join(SelfIdAnswer, SelfIdAnswer.wording_id == SelfIdWording.id)
        .where(SelfIdAnswer.cycle_id == cycle_id)
        .order_by(SelfIdWording.id)
    )
    found: dict[SelfIdWording, dict[str, Counter[str]]] = {}
    for one, choices in rows:
        counters = found.setdefault(one, {question["key"]: Counter() for question in one.questions})
        for key, counter in counters.items():
            counter[choices.get(key, DECLINED)] += 1
    return list(found.items())
