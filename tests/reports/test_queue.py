"""The queue: what stands in it, how it is narrowed, sorted and paged, and that it costs the same whatever its size."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.models import Cycle
from portal.core.clock import now
from portal.core.db import db
from portal.reports import filters, queries, queue
from portal.review.models import Assignment, ReviewSummary
from portal.review.status import AssignmentState
from tests import factories
from tests.catalogue.counting import count_queries
from tests.page_client import Page, PageClient

Maker = Callable[..., Application]
Reviewing = Callable[..., Assignment]
NAMES = "//table[contains(@class, 'grid')]/tbody/tr/th"


def names(page: Page) -> list[str]:
    return page.all(NAMES)


def url(cycle: Cycle, query: str = "") -> str:
    return f"/manage/cycles/{cycle.id}{query}"


def test_shows_what_was_submitted_and_counts_drafts(staff: PageClient, cycle: Cycle, make: Maker) -> None:
    make("Maren", "Okafor-Lind", Status.PANEL, title="Waiting-room stories")
    make("Ana", "Quispe", Status.WITHDRAWN)
    make("Signe", "Brandvold", Status.DRAFT)
    make("Pieter", "Vantongeren", Status.WITHDRAWN, submitted_at=None, reference=None)
    make("Ren", "Nakagawa", of=factories.cycle(cycle.opportunity))
    page = staff.get(url(cycle))
    assert page.status == 200
    assert page.title == "Applications: Winickoff Scholars, spring 2027 - Primary Care Opportunities"
    assert names(page) == ["Okafor-Lind, Maren", "Quispe, Ana"]
    assert "2 applications for 6 places, 1 draft not yet submitted." in page.text
    assert page.all("//ul[@class='views']/li") == [
        "All 2", "Submitted 0", "Eligible 0", "In review 0", "Panel 1", "Decided 0", "Letter sent 0",
        "Needs a reviewer 0", "Wide spread 0",
    ]  # fmt: skip
    assert "Waiting-room stories" in page.text


def test_tabs_are_views_with_addresses(staff: PageClient, cycle: Cycle, make: Maker) -> None:
    make("Maren", "Okafor-Lind", Status.PANEL)
    make("Ana", "Quispe", Status.OFFERED)
    make("Ren", "Nakagawa", Status.WAITLISTED)
    page = staff.get(url(cycle)).click("Letter sent")
    assert names(page) == ["Nakagawa, Ren", "Quispe, Ana"]
    assert page.one("//ul[@class='views']//a[@aria-current]") == "Letter sent 2"
    assert names(staff.get(url(cycle, "?stage=offer"))) == ["Quispe, Ana"]


def test_a_row_tells_of_scores_reviewers_and_flags(
    staff: PageClient, cycle: Cycle, make: Maker, review: Reviewing
) -> None:
    wide = make("Maren", "Okafor-Lind", Status.IN_REVIEW)
    review(wide, "3")
    review(wide, "5", by=factories.reviewer(cycle.opportunity, "Dilip", "Kessler"))
    review(wide, by=factories.reviewer(cycle.opportunity, "Jo", "Tremayne"), state=AssignmentState.RECUSED)
    lone = make("Ana", "Quispe", Status.ELIGIBLE)
    review(lone, by=factories.reviewer(cycle.opportunity, "Lee", "Bancroft"))
    page = staff.get(url(cycle, "?sort=score"))
    rows = page.all("//table[contains(@class, 'grid')]/tbody/tr")
    assert "4.0 3 to 5 RHDK Wide spread Recused: JT" in rows[0]
    assert "LB outstanding Needs reviewer" in rows[1]
    assert names(staff.get(url(cycle, "?flag=wide-spread"))) == ["Okafor-Lind, Maren"]
    assert names(staff.get(url(cycle, "?flag=needs-reviewer"))) == ["Quispe, Ana"]
    assert "Needs a reviewer 1" in page.text
    assert "Wide spread 1" in page.text


def test_search_folds_and_every_word_must_match(staff: PageClient, cycle: Cycle, make: Maker) -> None:
    found = make("Łucja", "Szczepański", title="Poems from the night float 100%")
    make("Lucja", "Novak", title="Deprescribing_rounds")
    assert names(staff.get(url(cycle, "?q=lucja+szczepanski"))) == ["Szczepański, Łucja"]
    assert names(staff.get(url(cycle, "?q=ŁUCJA"))) == ["Novak, Lucja", "Szczepański, Łucja"]
    assert names(staff.get(url(cycle, f"?q={found.reference}"))) == ["Szczepański, Łucja"]
    assert names(staff.get(url(cycle, "?q=night+poems"))) == ["Szczepański, Łucja"]
    assert names(staff.get(url(cycle, "?q=100%25"))) == ["Szczepański, Łucja"]
    assert names(staff.get(url(cycle, "?q=float_100"))) == []
    assert names(staff.get(url(cycle, "?q=deprescribing_"))) == ["Novak, Lucja"]
    assert names(staff.get(url(cycle, "?q=no"))) == ["Novak, Lucja"]  # short words begin a word
    assert names(staff.get(url(cycle, "?q=ov"))) == []
    assert names(staff.get(url(cycle, "?q=%40"))) == ["Novak, Lucja", "Szczepański, Łucja"]


def test_nothing_found_says_what_to_do(staff: PageClient, cycle: Cycle, make: Maker) -> None:
    make("Ana", "Quispe")
    page = staff.get(url(cycle, "?q=zzz"))
    assert "No application matches" in page.text
    assert page.one("//input[@id='filter-q']/@value") == "zzz"
    assert names(page.click("Show all applications")) == ["Quispe, Ana"]


def test_an_empty_cycle_says_what_will_be_there(staff: PageClient, cycle: Cycle, make: Maker) -> None:
    make("Ana", "Quispe", Status.DRAFT)
    assert "No application yet" in staff.get(url(cycle)).text
    assert "1 draft is being written." in staff.get(url(cycle)).text


@pytest.mark.parametrize(
    "query",
    [
        "q=" + "x" * 10_000, "q=%00", "q=%F0%9F%98%80", "q=%D7%A9%D7%9C%D7%95%D7%9D", "q=<script>", "q=%5C", "q=%25",
        "q='%3B+DROP", "stage=nothing", "flag=x", "site=x", "site=99999999999999999999", "site=9223372036854775807",
        "reviewer=-1", "low=x", "low=NaN", "low=9", "high=Infinity", "sort=x", "dir=x",
        "sort=score&dir=asc",
    ],
)  # fmt: skip
def test_odd_addresses_are_read_as_far_as_they_make_sense(
    staff: PageClient, cycle: Cycle, make: Maker, query: str
) -> None:
    make("Ana", "Quispe")
    assert staff.get(url(cycle, f"?{query}")).status == 200


def test_filters_by_site_reviewer_and_score(staff: PageClient, cycle: Cycle, make: Maker, review: Reviewing) -> None:
    site = factories.site()
    here = make("Maren", "Okafor-Lind", Status.IN_REVIEW, site_id=site.id)
    there = make("Ana", "Quispe", Status.IN_REVIEW)
    make("Ren", "Nakagawa", Status.IN_REVIEW)
    row = review(here, "4.5")
    review(there, "2.5")
    assert names(staff.get(url(cycle, f"?site={site.id}"))) == ["Okafor-Lind, Maren"]
    assert names(staff.get(url(cycle, f"?reviewer={row.reviewer_id}"))) == ["Okafor-Lind, Maren"]
    assert names(staff.get(url(cycle, "?low=4"))) == ["Okafor-Lind, Maren"]
    assert names(staff.get(url(cycle, "?high=4"))) == ["Quispe, Ana"]
    assert names(staff.get(url(cycle, "?low=2&high=5&stage=in-review&q=quispe"))) == ["Quispe, Ana"]
    page = staff.get(url(cycle, "?low=2.5&site=&sort=score&dir=asc"))
    assert names(page) == ["Quispe, Ana", "Okafor-Lind, Maren"]
    assert "Score, lowest first" in page.one("//caption")
    assert page.all("//form[@role='search']//input[@type='hidden']/@value") == ["score", "asc"]


def sort_by(page: Page, label: str) -> Page:
    return page.client.get(page.one(f"//thead//th[a='{label}']/a/@href"))


def test_headers_sort_and_turn_round(staff: PageClient, cycle: Cycle, make: Maker, review: Reviewing) -> None:
    a = make("A", "Alpha", reference="WIN-27-9999", submitted_at=now() - timedelta(days=1), changed_at=now())
    b = make("B", "Beta", reference="WIN-27-10000", submitted_at=now() - timedelta(days=3),
             changed_at=now() - timedelta(days=1))  # fmt: skip
    make("C", "Gamma", reference="WIN-27-0001", submitted_at=now() - timedelta(days=2),
         changed_at=now() - timedelta(days=2))  # fmt: skip
    review(a, "3")
    review(b, "4")
    first = [name[0] for name in names(staff.get(url(cycle)))]
    assert first == ["A", "B", "G"]
    seen = {}
    for label in ("Applicant", "Reference", "Score", "Submitted", "Last change"):
        once = sort_by(staff.get(url(cycle)), label)
        twice = sort_by(once, label)
        seen[label] = tuple("".join(name[0] for name in names(page)) for page in (once, twice))
        assert len(once.all("//th[@aria-sort]")) == 1
    assert seen == {
        "Applicant": ("GBA", "ABG"),
        "Reference": ("GAB", "BAG"),
        "Score": ("BAG", "GAB"),
        "Submitted": ("BGA", "AGB"),
        "Last change": ("ABG", "GBA"),
    }


@pytest.mark.parametrize("sort", list(filters.SORTS))
@pytest.mark.parametrize("query", ["", "&q=example"])
def test_pages_join_without_gap_or_repetition(
    staff: PageClient, cycle: Cycle, monkeypatch: pytest.MonkeyPatch, sort: str, query: str
) -> None:
    seed(cycle, 23)
    monkeypatch.setattr(queue, "PAGE_SIZE", 5)
    page = staff.get(url(cycle, f"?sort={sort}{query}"))
    forwards = [names(page)]
    while page.all("//a[@rel='next'][text()='Next']"):
        page = page.click("Next")
        forwards.append(names(page))
    assert [len(part) for part in forwards] == [5, 5, 5, 5, 3]
    backwards = [names(page)]
    while page.all("//a[@rel='prev']"):
        page = page.click("Previous")
        backwards.append(names(page))
    assert backwards[::-1] == forwards
    assert len({name for part in forwards for name in part}) == 23
    last = staff.get(url(cycle, f"?sort={sort}{query}")).click("Last page")
    assert names(last) == [name for part in forwards for name in part][-5:]
    assert names(last.click("First page")) == forwards[0]


def test_broken_cursors_are_refused(staff: PageClient, cycle: Cycle, make: Maker) -> None:
    make("Ana", "Quispe")
    from portal.core.paging import encode

    for cursor in ("x", encode(["a"]), encode([1, 1]), encode(["a", "b"]), encode(["a\0", 1]), encode(["a", 2**70]),
                   encode([None, 1]), encode([True, 1]), "%00"):  # fmt: skip
        assert staff.get(url(cycle, f"?after={cursor}")).status == 400
    assert staff.get(url(cycle, f"?after={encode(['zzz', 1])}")).status == 200


def test_more_matches_than_the_cap_are_walked(staff: PageClient, cycle: Cycle, monkeypatch: pytest.MonkeyPatch) -> None:
    seed(cycle, 12)
    monkeypatch.setattr(queue, "CAP", 10)
    monkeypatch.setattr(queue, "PAGE_SIZE", 4)
    page = staff.get(url(cycle, "?q=example"))
    assert "4 of more than 10" in page.text
    assert len(names(page.click("Next").click("Next"))) == 4
    assert "4 of 12" in staff.get(url(cycle, "?stage=submitted")).text


def test_counts_stop_at_a_thousand(staff: PageClient, cycle: Cycle) -> None:
    seed(cycle, 1005)
    page = staff.get(url(cycle))
    assert "All 1,005" in page.text
    assert "Needs a reviewer 1,000+" in page.text


def test_same_queries_for_one_and_three_hundred(staff: PageClient, cycle: Cycle) -> None:
    staff.get("/manage/cycles")  # what a process reads once is read
    numbers = []
    for n in (1, 2, 297):
        seed(cycle, n, reviewed=True)
        with count_queries() as count:
            assert staff.get(url(cycle, "?q=example&stage=submitted")).status == 200
        numbers.append(count.n)
    assert len(set(numbers)) == 1
    assert numbers[0] <= 12


def test_plans_walk_an_index(staff: PageClient, cycle: Cycle) -> None:
    """Whatever the order, the first page, one in the middle and the last read a page's worth of rows."""
    seed(cycle, 4000)
    db.session.execute(sa.text("ANALYZE application, review_summary, person"))
    tally = queries.counts(cycle).tally
    for sort in filters.SORTS:
        chosen = filters.read({"sort": sort})
        start = queue.page(cycle, chosen, tally)
        for cut in ({}, {"after": start.after}, {"last": True}):
            with recorded() as statements:
                queue.page(cycle, chosen, tally, **cut)
            for statement in statements:
                assert rows_read(*statement) <= 4 * queue.PAGE_SIZE, (sort, cut)


def test_what_is_found_is_counted(staff: PageClient, cycle: Cycle) -> None:
    seed(cycle, 120)
    tally = queries.counts(cycle).tally
    found = {
        words: queue.page(cycle, filters.read({"q": words}), tally).found for words in ("person example", "nobody")
    }
    assert found == {"person example": 120, "nobody": 0}


def seed(cycle: Cycle, n: int, *, reviewed: bool = False) -> None:
    """Many submitted applications at once, written by SQL: alike but for names, times and references."""
    db.session.flush()
    form = db.session.scalar(sa.text("SELECT max(id) FROM form WHERE cycle_id = :cycle"), {"cycle": cycle.id})
    values = {"cycle": cycle.id, "form": form, "n": n, "base": db.session.scalar(sa.text("SELECT max(id) FROM person"))}
    db.session.execute(
        sa.text(
            "INSERT INTO person (given_name, family_name, sort_name, search_text, created_at, email, active,"
            " fs_uniquifier) SELECT 'Person', 'N' || i, 'n' || i, '', now(), 'person' || i || '@example.org', true,"
            " 'seeded' || i FROM generate_series(:base + 1, :base + :n) i"
        ),
        values,
    )
    db.session.execute(
        sa.text(
            "INSERT INTO application (cycle_id, person_id, form_id, status, reference, sort_name, search_text,"
            " created_at, submitted_at, changed_at)"
            " SELECT :cycle, id, :form, 'submitted', 'SEED-27-' || id, sort_name, lower(given_name || ' ' || email),"
            " now(), now() - id % 7 * interval '1 day', now() - id % 11 * interval '1 day'"
            " FROM person WHERE id > :base AND fs_uniquifier LIKE 'seeded%'"
        ),
        values,
    )
    db.session.execute(
        sa.text(
            "UPDATE review_summary SET mean = 1 + application_id % 9 * 0.5, low = 1, high = 2, submitted = 1,"
            " assigned = 1 WHERE cycle_id = :cycle AND application_id % 3 = 0"
        ),
        values,
    )
    if reviewed:
        who = factories.reviewer(cycle.opportunity)
        db.session.execute(
            sa.text(
                "INSERT INTO assignment (application_id, reviewer_id, assigned_at, state)"
                " SELECT id, :who, now(), 'assigned' FROM application WHERE cycle_id = :cycle"
            ),
            values | {"who": who.id},
        )
    db.session.commit()


class recorded:
    """The statements inside the block that look for a page, with their parameters.

    Those that fetch fifty rows by their ids are left out: of few rows in all they read every one.
    """

    def __enter__(self) -> list[tuple[str, Any]]:
        self.found: list[tuple[str, Any]] = []
        sa.event.listen(sa.Engine, "before_cursor_execute", self._seen)
        return self.found

    def __exit__(self, *_error: object) -> None:
        sa.event.remove(sa.Engine, "before_cursor_execute", self._seen)

    def _seen(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "_key0" in statement:
            self.found.append((statement, parameters))


def rows_read(statement: str, parameters: Any) -> int:
    """The most rows that any step of a plan touched, those filtered out included."""
    raw = db.session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
    return most(raw.scalar_one()[0]["Plan"])


def most(plan: dict[str, Any]) -> int:
    own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    return max([int(own), *(most(inner) for inner in plan.get("Plans", []))])


def test_a_summary_follows_the_application(cycle: Cycle, make: Maker) -> None:
    draft = make("Ana", "Quispe", Status.DRAFT)
    assert db.session.get(ReviewSummary, draft.id) is None
    for status, is_open in ((Status.SUBMITTED, True), (Status.DECIDED, False), (Status.IN_REVIEW, True)):
        db.session.execute(
            sa.update(Application)
            .where(Application.id == draft.id)
            .values(status=status, submitted_at=now(), reference="WIN-27-0001")
        )
        summary = db.session.get(ReviewSummary, draft.id, populate_existing=True)
        assert summary is not None
        assert (summary.is_open, summary.assigned, summary.rank, summary.is_wide) == (is_open, 0, 0, False)


def test_bulk_actions_go_to_check_pages(staff: PageClient, cycle: Cycle, make: Maker) -> None:
    factories.reviewer(cycle.opportunity)
    key = str(make("Ana", "Quispe").id)
    page = staff.get(url(cycle))
    assert page.all("//div[@class='bulk']//button") == ["Move to another stage", "Assign reviewers", "Ask for letters"]
    form = page.tree.xpath("//form[.//table]")[0]
    for target in (form.get("action"), page.tree.xpath("//button/@formaction")[0]):
        assert key in staff.get(f"{target}?id={key}").all("//input[@name='id']/@value")


def test_reviewers_of_the_listing_can_be_chosen(staff: PageClient, cycle: Cycle, coordinator: Person) -> None:
    factories.reviewer(cycle.opportunity.unit, "Dilip", "Kessler")
    page = staff.get(url(cycle))
    assert page.all("//select[@id='filter-reviewer']/option") == ["Anyone", "Dilip Kessler"]
