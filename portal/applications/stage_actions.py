"""New dates of a cycle's stages: who is told, setting them, and writing to applicants."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Select, any_, literal, select, update
from sqlalchemy.orm import joinedload, selectinload

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.stage_models import StageNotice
from portal.applications.stages import LABELS, concerned
from portal.catalogue.cycle_actions import JUDGEMENTS
from portal.catalogue.models import Cycle
from portal.catalogue.refusals import ChangedMeanwhile, judged
from portal.core import audit
from portal.core.db import db
from portal.core.jobs import enqueue
from portal.core.text import clean
from portal.messaging.actions import write_if_wanted
from portal.messaging.kinds import kind_of

TELL = "applications.tell_new_dates"
TEMPLATE = "stage_dates_changed"
AT_ONCE = 100

Changes = dict[str, list[str | None]]


def changes_in(cycle: Cycle, dates: Mapping[str, date | None]) -> Changes:
    """The columns whose date differs, with the old and the new one (ISO 8601)."""
    found: Changes = {}
    for column in LABELS:
        old: date | None = getattr(cycle, column)
        new = dates[column]
        if old != new:
            found[column] = [old.isoformat() if old else None, new.isoformat() if new else None]
    return found


@dataclass(frozen=True)
class Audience:
    """Whom new dates concern: those who are written to, and how many chose not to get such mail."""

    told: Sequence[Application]
    silent: int

    def mark(self, dates: Mapping[str, date | None], note: str) -> str:
        """A mark that changes with what a check page showed: who is written to, the dates, the note."""
        shown = [[one.id for one in self.told], [str(day) for day in dates.values()], note]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]


def audience(cycle: Cycle, changes: Changes) -> Audience:
    """The applications that a change of dates concerns, by name: those that wait for a stage whose date changes, or
    for one before it.  Test applications, and people whose account is closed, are left out."""
    kind = kind_of(TEMPLATE)
    assert kind is not None
    found = db.session.scalars(
        _with_person()
        .where(Application.cycle_id == cycle.id, Application.status.in_(sorted(concerned(changes))))
        .order_by(Application.sort_name, Application.id)
    ).all()
    found = [one for one in found if one.shown in concerned(changes)]
    told = [one for one in found if kind.key not in (one.person.mail_off or ())]
    return Audience(told, len(found) - len(told))


def _with_person() -> Select[Application]:
    return (
        select(Application)
        .join(Application.person)
        .where(Application.is_test.is_(False), Person.active)
        .options(joinedload(Application.person).lazyload(Person.memberships), selectinload(Application.events))
    )


def set_dates(
    cycle: Cycle, dates: Mapping[str, date | None], *, note: str, seen: str, by: Person, now: datetime
) -> StageNotice | None:
    """Promise new dates, with a note that applicants read; a job writes to them.

    In: the day of each stage by column; the mark of what the check page showed.  Out: the note, None where no date
    differs.  Raises ChangedMeanwhile where the dates or the people are no longer those of the check page.
    """
    db.session.refresh(cycle, with_for_update={"of": Cycle})
    changes = changes_in(cycle, dates)
    if not changes:
        return None
    found = audience(cycle, changes)
    if found.mark(dates, note) != seen:
        raise ChangedMeanwhile
    with judged(JUDGEMENTS):
        for column in changes:
            setattr(cycle, column, dates[column])
    db.session.execute(
        update(StageNotice)
        .where(StageNotice.cycle_id == cycle.id, StageNotice.replaced_at.is_(None))
        .values(replaced_at=now)
    )
    made = StageNotice(
        cycle_id=cycle.id, changes=changes, note=clean(note).strip(), by_id=by.id, at=now,
        to_tell=[one.id for one in found.told],
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    audit.record(by, "cycle.dates_changed", cycle, changes=changes, note=made.note, mails=len(found.told))
    if made.to_tell:
        enqueue(TELL, notice_id=made.id)
    return made


def tell_some(notice_id: int) -> int:
    """Write to the next applicants of a note about dates.  Out: how many are left.

    The mails and the row that says to whom they went are of one transaction, so that a crash repeats both or neither.
    Who has withdrawn, has a letter by now, or has switched such mail off is left out.
    """
    notice = db.session.get(StageNotice, notice_id, with_for_update={"of": StageNotice})
    if notice is None or not notice.to_tell:
        return 0
    first = notice.to_tell[:AT_ONCE]
    cycle = notice.cycle
    context: dict[str, Any] = {
        "cycle": cycle, "opportunity": cycle.opportunity, "note": notice.note,
        "dates": notice.new_dates(),
    }  # fmt: skip
    found = db.session.scalars(
        _with_person()
        .where(
            Application.id == any_(literal(first, ARRAY(BigInteger))),
            Application.status.in_(sorted(concerned(notice.changes))),
        )
        .order_by(Application.id)
    )
    for application in found.all():
        if application.shown not in concerned(notice.changes):
            continue
        sent = write_if_wanted(
            TEMPLATE, to=application.person, about=application, reply_to=cycle.opportunity.contact_email,
            application=application, **context,
        )  # fmt: skip
        notice.told += sent is not None
    notice.to_tell = notice.to_tell[AT_ONCE:]
    return len(notice.to_tell)
