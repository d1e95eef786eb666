"""Later deadlines of single people: until when exactly, where they are shown, who grants them."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications import extension_actions, extension_queries, queries, rules
from portal.applications.extension_models import Extension
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.models import Cycle, Opportunity
from portal.catalogue.refusals import Refused
from portal.catalogue.status import Publication
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db
from portal.messaging.models import Message
from tests import factories
from tests.applications.conftest import section_path
from tests.page_client import PageClient
from tests.queries import count_queries

EASTERN, PHOENIX = ZoneInfo("America/New_York"), ZoneInfo("America/Phoenix")
NOON = datetime(2026, 12, 7, 17, tzinfo=UTC)


def extended(cycle: Cycle, person: Person, until: datetime, **fields: Any) -> Extension:
    given = {"reason": "Ill for a week", "granted_at": min(now(), until - timedelta(days=1)), "revoked_at": None}
    made = Extension(
        cycle=cycle, person=person, until=until, granted_by=factories.coordinator(cycle.opportunity), **given | fields
    )
    db.session.add(made)
    db.session.flush()
    return made


# until when


@given(
    closes=st.none() | st.integers(-2000, 2000),
    extension=st.none() | st.integers(-2000, 2000),
    grace=st.integers(0, 1440),
    at=st.integers(-4000, 4000),
    is_owner=st.booleans(),
)
def test_is_open_is_what_the_three_dates_say(
    closes: int | None, extension: int | None, grace: int, at: int, is_owner: bool
) -> None:
    """Minutes around noon: the later of closing and extension, then the grace, and not a minute more."""
    listing = Opportunity(state=Publication.PUBLISHED)
    cycle = Cycle(
        opportunity=listing, state=Publication.PUBLISHED, opens_at=NOON - timedelta(days=30), grace_minutes=grace,
        closes_at=None if closes is None else NOON + timedelta(minutes=closes),
    )  # fmt: skip
    draft = Application(cycle=cycle, person_id=1, status=Status.DRAFT)
    if extension is not None:
        draft.extension = Extension(until=NOON + timedelta(minutes=extension))
    user = SimpleNamespace(id=1 if is_owner else 2)
    moment = NOON + timedelta(minutes=at)
    if closes is None:
        assert rules.is_open(user, draft, moment)
        assert draft.deadline is None
        return
    later = closes if extension is None else max(closes, extension)
    assert draft.deadline == NOON + timedelta(minutes=later)
    assert rules.is_open(user, draft, moment) is (at < (later + grace if is_owner else closes))
    assert rules.is_open(user, cycle, moment) is (at < closes)


@pytest.mark.parametrize(
    ("zone", "until", "last", "first_closed"),
    [  # 02:30 does not exist on the night of spring; 01:30 is there twice in autumn; Phoenix knows neither
        (EASTERN, datetime(2027, 3, 14, 3, 30), "2027-03-14T07:44:59+00:00", "2027-03-14T07:45:00+00:00"),
        (EASTERN, datetime(2027, 3, 14, 1, 50), "2027-03-14T07:04:59+00:00", "2027-03-14T07:05:00+00:00"),
        (EASTERN, datetime(2026, 11, 1, 1, 30), "2026-11-01T05:44:59+00:00", "2026-11-01T05:45:00+00:00"),
        (EASTERN, datetime(2026, 11, 1, 1, 30, fold=1), "2026-11-01T06:44:59+00:00", "2026-11-01T06:45:00+00:00"),
        (EASTERN, datetime(2026, 11, 1, 1, 50), "2026-11-01T06:04:59+00:00", "2026-11-01T06:05:00+00:00"),
        (PHOENIX, datetime(2027, 3, 14, 2, 30), "2027-03-14T09:44:59+00:00", "2027-03-14T09:45:00+00:00"),
        (PHOENIX, datetime(2026, 11, 1, 1, 30), "2026-11-01T08:44:59+00:00", "2026-11-01T08:45:00+00:00"),
    ],
)
def test_extensions_and_grace_on_the_nights_that_clocks_change(
    person: Person, zone: ZoneInfo, until: datetime, last: str, first_closed: str
) -> None:
    until = until.replace(tzinfo=zone).astimezone(UTC)
    cycle = factories.cycle(opens_at=until - timedelta(days=40), closes_at=until - timedelta(days=3))
    draft = factories.application(cycle, person)
    extended(cycle, person, until)
    assert rules.is_open(person, draft, datetime.fromisoformat(last))
    assert not rules.is_open(person, draft, datetime.fromisoformat(first_closed))


def test_the_time_that_staff_type_is_on_the_clock_of_the_portal(client: PageClient, person: Person) -> None:
    with time_machine.travel("2026-10-25T16:00:00+00:00", tick=False):
        cycle = factories.cycle(closes_at=now() + timedelta(days=2))
        page = client.sign_in(factories.coordinator(cycle.opportunity)).get(f"/manage/cycles/{cycle.id}/extensions")
        page.submit(button="Grant", email=person.email, until="2026-11-01T01:30", reason="Ill")
        assert db.session.scalars(select(Extension)).one().until == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
        gap = page.submit(button="Grant", follow=False, email=person.email, until="2027-03-14T02:30", reason="Ill")
        assert gap.status == 422
        assert gap.errors == ["The clocks go forward then, and this time does not exist. Choose a time one hour later."]


def test_an_extension_is_no_new_start(client: PageClient, person: Person) -> None:
    cycle = factories.cycle(closes_at=now() - timedelta(days=1))
    extended(cycle, person, now() + timedelta(days=2))
    assert client.sign_in(person).post(f"/applications/start/{cycle.id}").status == 403
    assert db.session.query(Application).count() == 0
    assert extension_queries.deadline_of(cycle, person) == db.session.scalars(select(Extension)).one().until
    assert extension_queries.deadline_of(cycle, factories.person()) == cycle.closes_at


def test_an_extension_before_the_closing_date_changes_nothing(person: Person) -> None:
    cycle = factories.cycle()
    extended(cycle, person, now() + timedelta(days=1))
    assert extension_queries.deadline_of(cycle, person) == cycle.closes_at
    assert extension_queries.deadline_of(factories.cycle(closes_at=None), person) is None


# what the applicant sees


def test_the_own_deadline_stands_wherever_a_deadline_is_shown(client: PageClient, complete: Application) -> None:
    person, cycle = complete.person, complete.cycle
    cycle.closes_at = datetime(2026, 12, 8, 4, 59, tzinfo=UTC)
    cycle.opens_at = datetime(2026, 11, 1, tzinfo=UTC)
    with time_machine.travel("2026-12-09T12:00:00+00:00", tick=False):
        client.sign_in(person)
        assert client.get(section_path(complete)).status == 403
        extended(cycle, person, datetime(2026, 12, 15, 4, 59, tzinfo=UTC))
        db.session.commit()
        tasks = client.get(f"/applications/{complete.id}")
        assert "5 days left Monday, Dec 14 Closes at 11:59 pm ET . This is your own deadline." in tasks.text
        assert "Others had until Mon, Dec 7, 11:59 pm ET." in tasks.text
        assert "Closes Monday, Dec 14, 11:59 pm ET." in client.get(section_path(complete)).text
        dashboard = client.get("/applications")
        assert "by Mon, Dec 14, 11:59 pm ET" in dashboard.text
        assert "Draft, 5 days left" in dashboard.text
        listing = client.get(f"/opportunities/{cycle.opportunity.slug}")
        assert "Your own deadline is Mon, Dec 14, 11:59 pm ET." in listing.text
        client.get(f"/applications/{complete.id}/check").submit(button="Submit application")
    assert complete.status is Status.SUBMITTED


def test_after_the_grace_of_the_own_deadline_the_page_names_it(client: PageClient, complete: Application) -> None:
    person, cycle = complete.person, complete.cycle
    cycle.closes_at = datetime(2026, 12, 8, 4, 59, tzinfo=UTC)
    cycle.opens_at = datetime(2026, 11, 1, tzinfo=UTC)
    extended(cycle, person, datetime(2026, 12, 15, 4, 59, tzinfo=UTC))
    with time_machine.travel("2026-12-15T05:13:59+00:00", tick=False):
        tasks = client.sign_in(person).get(f"/applications/{complete.id}")
        assert "The deadline was Mon, Dec 14, 11:59 pm ET. Submit now" in tasks.text
        assert client.get(section_path(complete)).status == 200
    with time_machine.travel("2026-12-15T05:14:00+00:00", tick=False):
        refused = client.get(section_path(complete))
        assert (refused.status, refused.one("//h1")) == (403, "Applications have closed")
        assert "closed on Mon, Dec 14, 11:59 pm ET." in refused.text
        assert client.post(f"/applications/{complete.id}/submit").status == 403
    assert complete.status is Status.DRAFT


def test_the_rule_asks_the_database_nothing(app: Flask, draft: Application) -> None:
    extended(draft.cycle, draft.person, now() + timedelta(days=30))
    draft_id, person = draft.id, draft.person
    for load in (queries.by_id, queries.whole, queries.in_hand, queries.held):
        db.session.commit()
        db.session.expire_all()
        loaded = load(draft_id)
        assert loaded is not None
        assert person.id
        with count_queries(app) as found:
            assert rules.is_open(person, loaded, now() + timedelta(days=29))
        assert found == []


# granting and taking back


def test_granting_writes_to_the_person_and_to_the_trail(client: PageClient, person: Person) -> None:
    with time_machine.travel("2026-12-09T12:00:00+00:00", tick=False):
        cycle = factories.cycle(closes_at=datetime(2026, 12, 8, 4, 59, tzinfo=UTC))
        coordinator = factories.coordinator(cycle.opportunity)
        page = client.sign_in(coordinator).get(f"/manage/cycles/{cycle.id}/extensions")
        assert "Everyone else has until Mon, Dec 7, 11:59 pm ET." in page.text
        assert "Nobody has an extension" in page.text
        typed = {"email": f" {person.email.upper()} ", "until": "2026-12-14T23:59", "reason": "Ill for a week"}
        page = page.submit(button="Grant", **typed)
        assert page.flashes == ["Extension granted. We wrote to them."]
        assert "Mon, Dec 14, 11:59 pm ET" in page.text
        assert "Ill for a week" in page.text
        made = db.session.scalars(select(Extension)).one()
        assert (made.person, made.cycle, made.granted_by) == (person, cycle, coordinator)
        mail = db.session.scalars(select(Message)).one()
        assert (mail.template, mail.to_address, mail.reply_to) == (
            "extension_granted", person.email, "scholars@example.org",
        )  # fmt: skip
        assert mail.subject == f"You have until Mon, Dec 14, 11:59 pm ET: {cycle.opportunity.title}"
        assert "the draft that you have begun" in mail.text_body
        assert "Ill for a week" not in mail.text_body + mail.html_body
        line = db.session.scalars(select(audit.Event).where(audit.Event.verb == "extension.granted")).one()
        assert (line.actor_id, line.facts["reason"]) == (coordinator.id, "Ill for a week")

        page = page.submit(f"/extensions/{made.id}/revoke", button="Take back")
        assert "Ended Dec 9" in page.text
        assert db.session.scalars(select(Message.template).order_by(Message.id.desc())).first() == "extension_revoked"
        assert extension_queries.deadline_of(cycle, person) == cycle.closes_at
        client.post(f"/manage/extensions/{made.id}/revoke")  # a second press
        assert db.session.query(Message).count() == 2


def test_a_new_extension_replaces_the_one_before(person: Person) -> None:
    cycle = factories.cycle()
    by, until = factories.coordinator(cycle.opportunity), now() + timedelta(days=20)
    first = extension_actions.grant(cycle, email=person.email, until=until, reason="One", by=by, now=now())
    second = extension_actions.grant(
        cycle, email=person.email, until=until + timedelta(days=1), reason="Two", by=by, now=now()
    )
    assert first.revoked_at is not None
    assert extension_queries.in_force(cycle.id, person.id) is second
    mail = db.session.scalars(select(Message).order_by(Message.id)).first()
    assert mail is not None
    assert "a draft that you begin before" in mail.text_body


def test_the_database_keeps_one_in_force(person: Person) -> None:
    cycle = factories.cycle()
    extended(cycle, person, now() + timedelta(days=20))
    with pytest.raises(Exception, match="uq_extension_one"):
        extended(cycle, person, now() + timedelta(days=21))
    db.session.rollback()


def test_what_cannot_be_granted_says_why(person: Person) -> None:
    cycle = factories.cycle()
    by, late = factories.coordinator(cycle.opportunity), now() + timedelta(days=20)

    def refused(cycle: Cycle = cycle, email: str = person.email, until: datetime = late) -> dict[str, str]:
        with pytest.raises(Refused) as error:
            extension_actions.grant(cycle, email=email, until=until, reason="Ill", by=by, now=now())
        return error.value.errors

    assert refused(email="nobody@example.org") == {"email": "Check the address: nobody has an account with it."}
    assert list(refused(email=by.email)) == ["email"]
    assert list(refused(until=now() + timedelta(days=13))) == ["until"]
    assert list(refused(cycle=factories.cycle(closes_at=None))) == [""]
    factories.person("Gone", "Away", active=False, email="gone@example.org")
    assert list(refused(email="gone@example.org")) == ["email"]
    assert db.session.query(Extension).count() == 0
    assert db.session.query(Message).count() == 0


def test_the_page_keeps_what_was_typed(client: PageClient, person: Person) -> None:
    cycle = factories.cycle()
    page = client.sign_in(factories.coordinator(cycle.opportunity)).get(f"/manage/cycles/{cycle.id}/extensions")
    page = page.submit(button="Grant", follow=False, email="nobody@example.org", until="2099-01-01T10:00", reason="")
    assert page.status == 422
    assert page.errors == ["Write why, so that colleagues know."]
    assert page.form(button="Grant")["email"] == "nobody@example.org"
    page = page.submit(button="Grant", follow=False, reason="Ill")
    assert page.errors == ["Check the address: nobody has an account with it."]


def test_only_coordinators_of_the_listing_see_and_grant(client: PageClient, person: Person) -> None:
    cycle = factories.cycle()
    made = extended(cycle, person, now() + timedelta(days=20))
    coordinator = factories.coordinator(cycle.opportunity)
    own = extended(cycle, coordinator, now() + timedelta(days=20))
    for who in (person, factories.reviewer(cycle.opportunity), factories.coordinator(factories.opportunity())):
        client.sign_in(who)
        assert client.get(f"/manage/cycles/{cycle.id}/extensions").status == 404
        assert client.post(f"/manage/extensions/{made.id}/revoke").status == 404
    client.sign_in(coordinator)
    assert client.get(f"/manage/cycles/{cycle.id}/extensions").status == 200
    assert client.post(f"/manage/extensions/{own.id}/revoke").status == 404
    assert made.revoked_at is None
    assert own.revoked_at is None


def test_the_list_costs_the_same_for_any_number(app: Flask, client: PageClient) -> None:
    cycle = factories.cycle()
    client.sign_in(factories.coordinator(cycle.opportunity)).get(f"/manage/cycles/{cycle.id}/extensions")
    counts = []
    for _ in range(2):
        for _ in range(3):
            extended(cycle, factories.person(), now() + timedelta(days=20))
        db.session.commit()
        with count_queries(app) as found:
            client.get(f"/manage/cycles/{cycle.id}/extensions")
        counts.append(len(found))
    assert counts[0] == counts[1] <= 8


@pytest.mark.parametrize("left", [False, True])
def test_nobody_extends_the_deadline_of_their_own_team(client: PageClient, draft: Application, left: bool) -> None:
    """A coordinator who is in a team, or was, neither grants its lead more time, nor a member who may lead it next."""
    listing, ren = draft.cycle.opportunity, factories.person("Ren", "Nakagawa")
    conflicted, other = factories.coordinator(listing), factories.coordinator(listing)
    until = NOON + timedelta(days=400)
    factories.member(draft, ren)
    held = extended(draft.cycle, ren, until)
    factories.member(draft, conflicted, left=left)
    for person in (draft.person, ren):
        with pytest.raises(Refused) as refused:
            extension_actions.grant(
                draft.cycle, email=person.email, until=until, reason="Ill", by=conflicted, now=now()
            )
        assert "you have a part in this person’s application" in refused.value.errors["email"]
    db.session.commit()
    assert client.sign_in(conflicted).post(f"/manage/extensions/{held.id}/revoke").status == 404
    assert client.sign_in(other).post(f"/manage/extensions/{held.id}/revoke").status == 303
    extension_actions.grant(draft.cycle, email=ren.email, until=until, reason="Ill", by=other, now=now())
    someone = factories.person("Ola", "Lind")
    extension_actions.grant(draft.cycle, email=someone.email, until=until, reason="Ill", by=conflicted, now=now())
