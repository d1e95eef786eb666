"""Staff pages of cycles and rubrics: dates in the portal's zone, what publishing needs, copies, two people at once."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from portal.catalogue import cycle_actions, form_actions
from portal.catalogue.form_models import Criterion, Form, Section
from portal.catalogue.inputs import moment_in
from portal.catalogue.models import Cycle, CycleDate
from portal.catalogue.refusals import Frozen, Refused
from portal.catalogue.status import Publication
from portal.core.audit import Event
from portal.core.db import db
from tests import factories as make
from tests.page_client import Page, PageClient

BOSTON = ZoneInfo("America/New_York")


@pytest.fixture
def admin(client: PageClient) -> PageClient:
    return client.sign_in(make.admin())


def fresh(thing: Any) -> Any:
    db.session.expire_all()
    return db.session.get(type(thing), thing.id)


def path(cycle: Cycle, rest: str = "") -> str:
    return f"/admin/cycles/{cycle.id}{rest}"


def draft(**fields: Any) -> Cycle:
    cycle: Cycle = make.cycle(state=Publication.DRAFT, **fields)
    db.session.commit()
    return cycle


def test_a_new_cycle(admin: PageClient) -> None:
    listing = make.opportunity()
    db.session.commit()
    page = admin.get(f"/admin/opportunities/{listing.id}/cycles")
    assert "No cycle yet" in page.text
    page = page.click("New cycle")
    values = {
        "name": "Spring 2027",
        "code": "WIN-27",
        "opens_at": "2026-11-23T09:00",
        "closes_at": "2026-12-07T23:59",
        "seats": "6",
        "minutes_to_apply": "40",
        "decisions_by": "2027-01-20",
        "dates-0-label": "Selection meeting",
        "dates-0-starts_on": "2027-01-12",
        "sample_fields": ["seats"],
    }
    page = page.submit(button="Create cycle", **values)
    assert page.flashes == ["Cycle created. Make its form and rubric next, then publish it."]
    cycle = db.session.scalars(sa.select(Cycle)).one()
    assert (cycle.opens_at, cycle.closes_at) == (
        datetime(2026, 11, 23, 14, tzinfo=UTC),
        datetime(2026, 12, 8, 4, 59, tzinfo=UTC),
    )
    assert (cycle.seats, cycle.reviewers_each, cycle.grace_minutes, cycle.sample_fields) == (6, 2, 15, ["seats"])
    assert [(d.label, d.starts_on, d.ends_on) for d in cycle.dates] == [("Selection meeting", date(2027, 1, 12), None)]
    assert page.form(button="Save cycle")["opens_at"] == "2026-11-23T09:00"
    again = page.client.get(f"/admin/opportunities/{listing.id}/cycles/new").submit(button="Create cycle", **values)
    assert again.status == 422
    assert len(again.errors) == 1
    assert again.errors[0] in {
        "Another cycle has this code. Choose a different one.",
        "This listing has a cycle of this name. Choose a different one.",
    }
    assert "Spring 2027" in page.client.get(f"/admin/opportunities/{listing.id}/cycles").all("//tbody//th")


def test_wrong_dates_and_numbers_are_named(admin: PageClient) -> None:
    cycle = draft()
    page = admin.get(path(cycle)).submit(
        button="Save cycle",
        name="",
        code="win27",
        opens_at="2027-03-14T02:30",
        closes_at="later",
        seats="0",
        grace_minutes="",
        **{"dates-0-label": "Meeting", "dates-1-label": "Days", "dates-1-starts_on": "2027-02-02"}
        | {"dates-1-ends_on": "2027-02-01"},
    )
    assert page.status == 422
    assert page.errors == [
        "Write a name, such as 2027 or Spring 2027.",
        "Write a code such as WIN-27: two to eight capitals, a dash, two digits.",
        "The clocks go forward then, and this time does not exist. Choose a time one hour later.",
        "Choose a day and a time, such as Dec 7, 2026, 11:59 pm.",
        "Enter a whole number from 0 to 1,440 for “Silent grace, in minutes”.",
        "Enter a whole number from 1 to 100,000 for “Seats”.",
        "Choose the day of this date.",
        "Choose a last day that is not before the first.",
    ]
    typed = page.form(button="Save cycle")
    assert (typed["opens_at"], typed["closes_at"], typed["dates-0-label"]) == ("2027-03-14T02:30", "later", "Meeting")
    page = page.client.get(path(cycle)).submit(
        button="Save cycle", opens_at="2027-03-02T09:00", closes_at="2027-03-01T09:00"
    )
    assert page.errors == ["Set a closing date after the opening date."]


def test_an_hour_shown_twice_is_the_first() -> None:
    assert moment_in("2026-11-01T01:30", BOSTON) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "x", "2026-13-01T00:00", "2026-11-01T01:30+00:00", "0001-01-01T00:00", "9999-12-31T23:59"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Choose a day and a time"):
        moment_in(text, BOSTON)


@given(st.datetimes(datetime(2000, 1, 2), datetime(2199, 12, 30)).map(lambda d: d.replace(second=0, microsecond=0)))
def test_a_moment_reads_back_as_it_was_typed_or_does_not_exist(local: datetime) -> None:
    if local.replace(tzinfo=BOSTON).astimezone(UTC).astimezone(BOSTON).replace(tzinfo=None) == local:
        assert moment_in(local.isoformat(), BOSTON).astimezone(BOSTON).replace(tzinfo=None) == local
    else:
        with pytest.raises(ValueError, match="clocks go forward"):
            moment_in(local.isoformat(), BOSTON)


def test_calendar_lines_are_changed_and_removed(admin: PageClient) -> None:
    cycle = draft()
    cycle.dates = [CycleDate(label=f"Day {n}", starts_on=date(2027, 1, n)) for n in (1, 2)]
    db.session.commit()
    page = admin.get(path(cycle)).submit(button="Save cycle", **{"dates-0-label": "", "dates-1-label": "Meeting"})
    assert [d.label for d in fresh(cycle).dates] == ["Meeting"]
    version = cycle.version
    page = page.submit(button="Save cycle")
    assert (page.status, fresh(cycle).version) == (200, version)
    stale = page.client.get(path(cycle))
    page.submit(button="Save cycle", **{"dates-0-label": "Interview"})
    late = stale.submit(button="Save cycle", **{"dates-0-label": "Retreat"})
    assert late.status == 409
    assert late.all("//section[@aria-label='Both versions']//dd") == ["Interview, 2027-01-02", "Retreat, 2027-01-02"]
    assert late.submit(button="Save cycle").status == 200
    assert [d.label for d in fresh(cycle).dates] == ["Retreat"]


def test_publishing_a_cycle_says_what_is_missing(admin: PageClient) -> None:
    cycle = draft(form=False, rubric=False, opens_at=None, closes_at=None)
    db.session.add(Criterion(cycle_id=cycle.id, position=1, label="Aim", weight=60))
    db.session.commit()
    page = admin.get(path(cycle)).submit(button="Publish cycle")
    assert page.status == 422
    assert page.errors == [
        "Set when it opens.",
        "Set when it closes, or tick that it is rolling.",
        "Make an application form.",
        "Rubric weights add up to 60%. Change them until they add up to 100%.",
    ]
    links = {link.text_content(): link.get("href") for link in page.tree.xpath("//ul[@class='checks']//a")}
    assert links["Set when it closes, or tick that it is rolling."] == "#closes_at"
    assert links["Make an application form."] == path(cycle, "/form")
    assert links["Say what scores mean for “Aim”."] == path(cycle, "/rubric")
    archived = admin.get(path(cycle)).submit(button="Archive this cycle")
    assert (archived.status, archived.errors) == (422, ["Set when it opens before you archive it."])


def test_publishing_a_cycle_publishes_its_draft_form(admin: PageClient) -> None:
    cycle = draft(form=False)
    form = form_actions.new_form_version(cycle, by=None)
    db.session.commit()
    page = admin.get(path(cycle)).submit(button="Publish cycle")
    assert page.errors == ["Add a question to “About you”, or remove the section."]
    question = form_actions.add_question(form.sections[0], by=None, label="Your birth date", kind="date")
    db.session.commit()
    page = admin.get(path(cycle)).submit(button="Publish cycle")
    assert page.errors == [
        "Take out the question “Your birth date”. It asks about birth date, which a first form may not ask."
    ]
    question.label = "When can you start?"
    db.session.commit()
    page = page.submit(button="Publish cycle")
    assert page.flashes == ["Cycle published. People can apply from the opening on, once the listing is public."]
    assert (fresh(cycle).state, fresh(form).state) == (Publication.PUBLISHED, Publication.PUBLISHED)
    verbs = list(db.session.scalars(sa.select(Event.verb).order_by(Event.id)))
    assert verbs[-2:] == ["form.published", "cycle.published"]
    assert "No closing date" not in page.text
    page = page.submit(button="Save cycle", opens_at="")
    assert page.errors == ["Set when it opens: the cycle is public."]
    page = admin.get(path(cycle)).submit(button="Archive this cycle")
    assert page.flashes == ["Cycle archived. Nobody can apply to it any more."]


def test_the_code_stays_once_there_are_references(admin: PageClient) -> None:
    cycle = make.cycle(code="WIN-27", last_number=3)
    db.session.commit()
    page = admin.get(path(cycle)).submit(button="Save cycle", code="WIN-28")
    assert page.errors == ["Keep the code WIN-27: people have references that begin with it."]


def test_a_copy_is_shown_before_it_is_made_and_keeps_local_times(in_autumn: None, admin: PageClient) -> None:
    opens = datetime(2027, 3, 20, 9, tzinfo=BOSTON)
    closes = datetime(2028, 2, 29, 23, 59, tzinfo=BOSTON)
    cycle = make.cycle(
        name="Spring 2027", code="WIN-27", opens_at=opens, closes_at=closes, decisions_by=date(2028, 3, 9),
        takes_teams=True, team_max=5,
    )  # fmt: skip
    cycle.dates = [CycleDate(label="Days", starts_on=date(2027, 5, 1), ends_on=date(2027, 5, 2))]
    db.session.commit()
    page = admin.get(path(cycle)).click("Copy this cycle")
    assert rows(page) == [
        "Opens Sat, Mar 20, 2027, 9:00 am ET Mon, Mar 20, 2028, 9:00 am ET",
        "Closes Tue, Feb 29, 2028, 11:59 pm ET Wed, Feb 28, 2029, 11:59 pm ET",
        "Decision letters by Thu, Mar 9, 2028 Fri, Mar 9, 2029",
        "Days Sat, May 1, 2027 Mon, May 1, 2028",
        "Days, last day Sun, May 2, 2027 Tue, May 2, 2028",
    ]
    typed = page.form(button="Make the copy")
    assert (typed["name"], typed["code"]) == ("Spring 2028", "WIN-28")
    weeks = page.submit(button="Show the new dates", n="2", step="weeks")
    assert weeks.status == 200
    assert "Opens Sat, Mar 20, 2027, 9:00 am ET Sat, Apr 3, 2027, 9:00 am ET" in rows(weeks)
    assert db.session.scalars(sa.select(Cycle)).all() == [cycle]
    page = page.submit(button="Make the copy")
    assert page.flashes == ["Copy made. It is a draft. Read its dates and its form, then publish it."]
    made = db.session.scalars(sa.select(Cycle).where(Cycle.code == "WIN-28")).one()
    assert (made.name, made.state, made.last_number) == ("Spring 2028", Publication.DRAFT, 0)
    assert made.opens_at == datetime(2028, 3, 20, 9, tzinfo=BOSTON)
    assert made.closes_at == datetime(2029, 2, 28, 23, 59, tzinfo=BOSTON)
    assert (made.decisions_by, made.dates[0].ends_on) == (date(2029, 3, 9), date(2028, 5, 2))
    assert (made.takes_teams, made.team_max) == (True, 5)
    forms = db.session.scalars(sa.select(Form).where(Form.cycle_id == made.id)).all()
    assert [(f.number, f.state.value, len(f.questions)) for f in forms] == [(1, "draft", 3)]
    again = admin.get(path(cycle, "/copy"))
    assert again.form(button="Make the copy")["code"] == "WIN-28A"
    taken = again.submit(button="Make the copy", code="WIN-28")
    assert (taken.status, taken.errors) == (422, ["Another cycle has this code. Choose a different one."])
    assert again.submit(button="Make the copy", name="", code="").status == 200
    assert db.session.scalars(sa.select(Cycle.name).where(Cycle.code == "WIN-28A")).one() == "Spring 2028 (copy)"


def rows(page: Page) -> list[str]:
    """The lines of the first table, cells with a space between."""
    assert page.tree is not None
    return [" ".join(" ".join(row.xpath(".//text()")).split()) for row in page.tree.xpath("//tbody/tr")]


def test_a_copy_keeps_the_days_of_the_week(in_autumn: None, admin: PageClient) -> None:
    cycle = make.cycle(
        opens_at=datetime(2027, 3, 1, 9, tzinfo=BOSTON), closes_at=datetime(2027, 3, 19, 17, tzinfo=BOSTON),
        starts_on=date(2027, 9, 6),
    )  # fmt: skip
    db.session.commit()
    page = admin.get(path(cycle, "/copy")).submit(button="Show the new dates", weekdays="y")
    assert rows(page) == [
        "Opens Mon, Mar 1, 2027, 9:00 am ET Mon, Feb 28, 2028, 9:00 am ET",
        "Closes Fri, Mar 19, 2027, 5:00 pm ET Fri, Mar 17, 2028, 5:00 pm ET",
        "Starts on Mon, Sep 6, 2027 Mon, Sep 4, 2028",
    ]


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"n": "0"}, "Enter a whole number from 1 to 600 for “How much later”."),
        ({"n": "many"}, "Enter “How much later” as a whole number in digits."),
        ({"n": ""}, "Enter a whole number from 1 to 600 for “How much later”."),
        ({"step": "eras"}, "Choose one of the list."),
        ({"code": "win"}, "Write a code such as WIN-27: two to eight capitals, a dash, two digits."),
    ],
)
def test_a_wrong_shift_is_named_and_nothing_is_made(admin: PageClient, typed: dict[str, str], error: str) -> None:
    cycle = make.cycle()
    db.session.commit()
    page = admin.get(path(cycle, "/copy")).submit(button="Make the copy", **typed)
    assert (page.status, page.errors) == (422, [error])
    assert page.form(button="Make the copy")[next(iter(typed))] in (*typed.values(), "years")
    assert db.session.scalars(sa.select(Cycle)).all() == [cycle]


def test_a_cycle_without_dates_is_copied_too(admin: PageClient) -> None:
    cycle = draft(form=False, rubric=False, opens_at=None, closes_at=None)
    page = admin.get(path(cycle, "/copy"))
    assert "This cycle has no dates yet." in page.text
    assert page.submit(button="Make the copy").status == 200
    assert len(db.session.scalars(sa.select(Cycle)).all()) == 2


def test_a_copy_without_a_free_code_says_so(admin: PageClient) -> None:
    cycle = make.cycle(code="WIN-27")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for code in (*(f"WIN-28{letter}" for letter in ("", *letters)), *(f"WIN-27{letter}" for letter in letters)):
        make.cycle(cycle.opportunity, code=code, form=False, rubric=False)
    db.session.commit()
    page = admin.get(path(cycle, "/copy")).submit(button="Make the copy", code="")
    assert page.errors == ["No code like WIN-27 is free. Choose another."]


def test_the_rubric_is_written_changed_and_frozen(admin: PageClient) -> None:
    cycle = draft(rubric=False)
    page = admin.get(path(cycle, "/rubric"))
    first = {"criteria-0-label": "Aim", "criteria-0-weight": "60", "criteria-0-anchor_1": "Vague"}
    page = page.submit(button="Save rubric", **first | {"criteria-0-anchor_5": "Sharp"})
    assert page.flashes[0].startswith("Rubric saved.")
    page = page.submit(button="Save rubric", **{"criteria-1-label": "Fit", "criteria-1-weight": "30"})
    assert "Rubric weights add up to 90%. Change them until they add up to 100%." in page.text
    rows = db.session.scalars(sa.select(Criterion).order_by(Criterion.position)).all()
    assert [(c.label, c.weight, c.anchors) for c in rows] == [
        ("Aim", 60, {"1": "Vague", "5": "Sharp"}),
        ("Fit", 30, {}),
    ]
    kept = rows[1].id
    page = page.submit(button="Save rubric", **{"criteria-0-label": "", "criteria-1-weight": "100"})
    db.session.expire_all()
    assert [(c.id, c.label, c.weight) for c in db.session.scalars(sa.select(Criterion))] == [(kept, "Fit", 100)]
    cycle_actions.publish_cycle(db.session.get_one(Cycle, cycle.id), by=None)
    db.session.commit()
    late = page.submit(button="Save rubric", **{"criteria-0-label": "Other"})
    assert (late.status, late.errors) == (
        409,
        ["This is public already and stays as it is for the people who have it. Make a new version to change it."],
    )
    shown = admin.get(path(cycle, "/rubric"))
    assert "so its rubric stays as it is" in shown.text
    assert not shown.all("//button[contains(., 'Save rubric')]")


def test_wrong_weights_are_named_and_two_people_see_both(admin: PageClient) -> None:
    cycle = draft()
    page = admin.get(path(cycle, "/rubric"))
    wrong = page.submit(
        button="Save rubric", **{"criteria-0-weight": "101", "criteria-1-weight": "", "criteria-0-label": "x" * 121}
    )
    assert wrong.errors == [
        "Shorten “Criterion” by 1 character: 120 fit.",
        "Enter a whole number from 0 to 100.",
        "Enter the weight of this criterion, in percent.",
    ]
    page.submit(button="Save rubric", **{"criteria-0-label": "Theirs"})
    late = page.submit(button="Save rubric", **{"criteria-0-label": "Mine"})
    assert late.status == 409
    saved, typed = late.all("//section[@aria-label='Both versions']//dd")
    assert "Theirs" in saved
    assert "Mine" in typed
    assert late.submit(button="Save rubric").status == 200
    assert "Mine" in db.session.scalars(sa.select(Criterion.label)).all()


def test_actions_refuse_what_the_database_refuses(context: None) -> None:
    cycle = make.cycle(state=Publication.DRAFT)
    by = make.admin()
    rows = [{"label": "Days", "starts_on": date(2027, 1, 2), "ends_on": date(2027, 1, 1)}]
    with pytest.raises(Refused, match="not before the first"):
        cycle_actions.update_cycle(cycle, by=by, dates=rows)
    with pytest.raises(Refused, match="weights from 0 to 100"):
        cycle_actions.save_rubric(cycle, [{"label": "A", "weight": 101, "help": "", "anchors": {}}], by=by)
    form = make.published_form(make.cycle(form=False))
    with pytest.raises(Frozen):
        form_actions.add_section(form, by=by, title="Late")
    assert db.session.scalar(sa.select(sa.func.count()).where(Section.form_id == form.id)) == 2


def test_what_is_public_is_not_asked_whether_it_is_ready(admin: PageClient) -> None:
    public, waiting = make.cycle(), draft()
    db.session.commit()
    for cycle, heading in ((public, "What it has"), (waiting, "Ready to publish?")):
        for there in (path(cycle), path(cycle, "/rubric")):
            assert admin.get(there).all("//h2[@id='ready']") == [heading]


def test_a_coordinator_of_another_listing_gets_404(client: PageClient) -> None:
    cycle = make.cycle()
    client.sign_in(make.coordinator(make.opportunity()))
    for rest in ("", "/rubric", "/form"):
        assert client.get(path(cycle, rest)).status == 404
    for rest in ("/publish", "/archive", "/copy", "/form-versions"):
        assert client.post(path(cycle, rest)).status == 404
    client.sign_in(make.coordinator(cycle.opportunity))
    assert client.get(path(cycle)).status == 200


def test_a_rolling_cycle_says_so(admin: PageClient) -> None:
    cycle = draft(closes_at=None)
    page = admin.get(path(cycle)).submit(button="Publish cycle")
    assert page.errors == ["Set when it closes, or tick that it is rolling."]
    both = page.submit(button="Save cycle", is_rolling="y", closes_at="2027-03-01T17:00")
    assert both.errors == ["Empty the closing date, or untick that it is rolling."]
    page = both.submit(button="Save cycle", closes_at="")
    assert "Rolling, without a closing date" in page.text
    assert page.submit(button="Publish cycle").flashes[0].startswith("Cycle published.")
    page = admin.get(path(cycle)).submit(button="Save cycle", is_rolling=None)
    assert page.errors == ["Set when it closes, or tick that it is rolling: the cycle is public."]
    assert fresh(cycle).is_rolling
    with pytest.raises(sa.exc.IntegrityError), db.session.begin_nested():
        db.session.execute(sa.update(Cycle).values(closes_at=datetime(2027, 3, 1, tzinfo=BOSTON)))
