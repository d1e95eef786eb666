"""The queue of a cycle: pages of its applications that cost the same among a thousand and a hundred thousand.

Without filters a page walks the index of its order.  With filters the matches are counted up to `CAP` first, by the
index that finds them best: so few are sorted as they are; where there are more, they are so common that walking the
index of the order meets a page of them soon.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, exists, func, or_, select

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.queries import of_others
from portal.applications.status import Status
from portal.catalogue.models import Cycle, Site
from portal.core.db import db
from portal.core.paging import Key, Slice, paginate
from portal.reports.filters import NEEDS_REVIEWER, WIDE_SPREAD, Filters
from portal.review.models import Assignment, ReviewSummary
from portal.review.status import ACTIVE, AssignmentState

PAGE_SIZE = 50
CAP = 2000
SHORT = 3  # shorter words hold no trigram of their own; with the start of a word before them they do
AWAITING = frozenset({Status.SUBMITTED, Status.ELIGIBLE, Status.IN_REVIEW})
"""While an application stands here, too few reviewers are a lack; `review_summary.is_open` says the same."""


@dataclass(frozen=True)
class Reviewer:
    """A reviewer on a row: where they stand with the application, and their score once it is in."""

    initials: str
    name: str
    state: AssignmentState
    score: Decimal | None

    @property
    def is_in(self) -> bool:
        return self.state is AssignmentState.SUBMITTED


@dataclass(frozen=True)
class Row:
    """One application as the queue shows it."""

    id: int
    reference: str
    name: str
    site: str
    title: str
    status: Status
    submitted_at: datetime
    changed_at: datetime
    mean: Decimal | None
    low: Decimal | None
    high: Decimal | None
    is_wide: bool
    needs_reviewer: bool
    reviewers: Sequence[Reviewer]

    @property
    def shown(self) -> list[tuple[str, str, bool]]:
        """The reviewers as `who_list` takes them: initials, name, whether the review is in."""
        return [(one.initials, one.name, one.is_in) for one in self.reviewers if one.state in ACTIVE]

    @property
    def is_flagged(self) -> bool:
        return self.is_wide or self.needs_reviewer or bool(self.recused)

    @property
    def recused(self) -> list[Reviewer]:
        return [reviewer for reviewer in self.reviewers if reviewer.state is AssignmentState.RECUSED]

    @property
    def scores(self) -> list[float]:
        return [float(reviewer.score) for reviewer in self.reviewers if reviewer.score is not None]


@dataclass(frozen=True)
class Listing:
    """A page of the queue; `found` is the number of matches, or None where there are more than `CAP`."""

    rows: Sequence[Row]
    before: str
    after: str
    found: int | None


def orders(filters: Filters) -> list[Key]:
    """The order of the rows; each has an index that begins with the cycle."""
    columns: dict[str, list[Any]] = {
        "name": [Application.sort_name, Application.id],
        "reference": [Application.reference_length, Application.reference],
        "submitted": [Application.submitted_at, Application.id],
        "changed": [Application.changed_at, Application.id],
        "score": [ReviewSummary.rank, ReviewSummary.application_id],
    }
    return [Key(column, descending=filters.descending) for column in columns[filters.sort]]


def matching(cycle: Cycle, filters: Filters, *, with_summary: bool = False) -> Select[Any]:
    """The ids of the submitted applications of a cycle that pass the filters; joins summaries where they are needed."""
    query = select(Application.id).where(
        Application.cycle_id == cycle.id, Application.submitted_at.is_not(None), Application.is_test.is_(False)
    )
    if with_summary or filters.needs_summary:
        query = query.join(ReviewSummary, ReviewSummary.application_id == Application.id).where(
            ReviewSummary.cycle_id == cycle.id
        )
    return query.where(*_conditions(cycle, filters))


def _conditions(cycle: Cycle, filters: Filters) -> list[ColumnElement[bool]]:
    found = [_holds(word) for word in filters.words]
    if filters.reader is not None:
        found.append(of_others(filters.reader))
    if filters.statuses:
        found.append(Application.status.in_(sorted(filters.statuses)))
    if filters.site is not None:
        found.append(Application.site_id == filters.site)
    if filters.reviewer is not None:
        found.append(
            exists().where(
                Assignment.application_id == Application.id,
                Assignment.reviewer_id == filters.reviewer,
                Assignment.state.in_(sorted(ACTIVE)),
            )
        )
    if filters.low is not None:
        found.append(ReviewSummary.rank >= filters.low)
    if filters.high is not None:
        found += [ReviewSummary.rank <= filters.high, ReviewSummary.rank > 0]
    if filters.flag == NEEDS_REVIEWER:
        found += [ReviewSummary.is_open.is_(True), ReviewSummary.assigned < cycle.reviewers_each]
    if filters.flag == WIDE_SPREAD:
        found.append(ReviewSummary.is_wide.is_(True))
    return found


def _holds(word: str) -> ColumnElement[bool]:
    """Whether a word stands anywhere in the searched text; one of two letters only where a word begins."""
    pattern = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if len(word) >= SHORT:
        return Application.search_text.like(f"%{pattern}%")
    return or_(Application.search_text.like(f"{pattern}%"), Application.search_text.like(f"% {pattern}%"))


def page(
    cycle: Cycle,
    filters: Filters,
    tally: Mapping[Status, int],
    *,
    after: str = "",
    before: str = "",
    last: bool = False,
) -> Listing:
    """One page of the queue, found in three to four queries.

    In: the cycle, what to narrow and sort by, how many applications stand in each status, and at most one of the
    cursors, or the last page.  Raises BadRequest for a broken cursor.
    """
    cut: dict[str, Any] = {"size": PAGE_SIZE, "after": after, "before": before, "last": last}
    known = total(tally, filters) if filters.is_stage_only else None
    found: int | None = known
    ids: Slice | None = None
    if filters.is_narrow and (known is None or known <= CAP):
        ids, found = _few(cycle, filters, cut)
        found = known if known is not None else found
    if ids is None:
        keys = orders(filters)
        ids = paginate(db.session, matching(cycle, filters), keys, **cut)
    return Listing(rows(cycle, [row.id for row in ids.rows]), ids.before, ids.after, found)


def total(tally: Mapping[Status, int], filters: Filters) -> int:
    """How many submitted applications stand in the statuses of the filters."""
    return sum(n for status, n in tally.items() if status in (filters.statuses or (set(Status) - {Status.DRAFT})))


def _few(cycle: Cycle, filters: Filters, cut: dict[str, Any]) -> tuple[Slice | None, int | None]:
    """A page out of few matches and their number, or nothing when there are more than `CAP`."""
    hits = _hits(cycle, filters)
    query = select(hits.c.id, select(func.count()).select_from(hits).scalar_subquery().label("found"))
    keys = [Key(hits.c[f"k{i}"], key.descending) for i, key in enumerate(orders(filters))]
    ids = paginate(db.session, query, keys, **cut)
    found = ids.rows[0].found if ids.rows else 0
    return (ids, found) if found <= CAP else (None, None)


def _hits(cycle: Cycle, filters: Filters) -> CTE:
    """The matches up to one more than `CAP`.  Ordered by nothing, so that no plan walks an index in vain for it."""
    keys = [key.column.label(f"k{i}") for i, key in enumerate(orders(filters))]
    return matching(cycle, filters).add_columns(*keys).limit(CAP + 1).cte("hits")


def rows(cycle: Cycle, ids: Sequence[int]) -> list[Row]:
    """The rows of these applications, in this order; two queries however many there are."""
    if not ids:
        return []
    found = db.session.execute(
        select(
            Application.id,
            Application.reference,
            Application.title,
            Application.status,
            Application.submitted_at,
            Application.changed_at,
            Person.given_name,
            Person.family_name,
            Site.short_name.label("site"),
            ReviewSummary.mean,
            ReviewSummary.low,
            ReviewSummary.high,
            ReviewSummary.is_wide,
            ReviewSummary.assigned,
        )
        .join(Application.person)
        .join(ReviewSummary, ReviewSummary.application_id == Application.id)
        .outerjoin(Application.site)
        .where(Application.id.in_(ids))
    )
    reviewers = _reviewers(ids)
    by_id = {row.id: _row(cycle, row, reviewers.get(row.id, [])) for row in found}
    return [by_id[key] for key in ids if key in by_id]


def _row(cycle: Cycle, row: Any, reviewers: Sequence[Reviewer]) -> Row:
    return Row(
        id=row.id,
        reference=row.reference,
        name=listed_name(row.given_name, row.family_name),
        site=row.site or "",
        title=row.title,
        status=row.status,
        submitted_at=row.submitted_at,
        changed_at=row.changed_at,
        mean=row.mean,
        low=row.low,
        high=row.high,
        is_wide=row.is_wide,
        needs_reviewer=row.status in AWAITING and row.assigned < cycle.reviewers_each,
        reviewers=reviewers,
    )


def listed_name(given: str, family: str) -> str:
    """`Okafor-Lind, Maren`, as lists order it."""
    return f"{family}, {given}" if given and family else family or given


def _reviewers(ids: Sequence[int]) -> dict[int, list[Reviewer]]:
    rows = db.session.execute(
        select(Assignment.application_id, Assignment.state, Assignment.score, Person.given_name, Person.family_name)
        .join(Assignment.reviewer)
        .where(Assignment.application_id.in_(ids))
        .order_by(Assignment.id)
    )
    found: dict[int, list[Reviewer]] = {}
    for key, state, score, given, family in rows:
        initials = f"{given[:1]}{family[:1]}".upper()
        found.setdefault(key, []).append(Reviewer(initials, f"{given} {family}".strip(), state, score))
    return found


def count(cycle: Cycle, filters: Filters) -> int:
    """How many applications pass the filters, counted to the last one: for the audit trail of an export."""
    return db.session.scalar(select(func.count()).select_from(matching(cycle, filters).subquery())) or 0
