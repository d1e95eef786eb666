"""What a queue is narrowed and sorted by, read from its address and written back into it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation

from portal.applications.status import RELEASED, Status
from portal.core.text import clean, folded

LONGEST_SEARCH = 200
MOST_WORDS = 6
LARGEST_ID = 2**63

NEEDS_REVIEWER = "needs-reviewer"
WIDE_SPREAD = "wide-spread"
FLAGS = {NEEDS_REVIEWER: "Needs a reviewer", WIDE_SPREAD: "Wide spread"}


@dataclass(frozen=True)
class Stage:
    """A stage as the queue speaks of it: one status, or the three that a sent letter leads to."""

    label: str
    statuses: frozenset[Status]
    is_view: bool = False


STAGES = {
    "submitted": Stage("Submitted", frozenset({Status.SUBMITTED}), is_view=True),
    "eligible": Stage("Eligible", frozenset({Status.ELIGIBLE}), is_view=True),
    "in-review": Stage("In review", frozenset({Status.IN_REVIEW}), is_view=True),
    "panel": Stage("Panel", frozenset({Status.PANEL}), is_view=True),
    "decided": Stage("Decided", frozenset({Status.DECIDED}), is_view=True),
    "letter-sent": Stage("Letter sent", RELEASED, is_view=True),
    "offer": Stage("Letter sent: offer", frozenset({Status.OFFERED})),
    "wait-list": Stage("Letter sent: wait-list", frozenset({Status.WAITLISTED})),
    "not-selected": Stage("Letter sent: not selected", frozenset({Status.NOT_SELECTED})),
    "withdrawn": Stage("Withdrawn", frozenset({Status.WITHDRAWN})),
}

# The direction in which each order is read first; the words name both.
SORTS = {
    "name": ("asc", "Name, A to Z", "Name, Z to A"),
    "reference": ("asc", "Reference, lowest first", "Reference, highest first"),
    "submitted": ("asc", "Submitted, earliest first", "Submitted, latest first"),
    "score": ("desc", "Score, lowest first", "Score, highest first"),
    "changed": ("desc", "Last change, oldest first", "Last change, newest first"),
}


def stage_choices() -> list[tuple[str, str]]:
    """The stages as a select offers them."""
    return [(key, stage.label) for key, stage in STAGES.items()]


@dataclass(frozen=True)
class Filters:
    """One way to look at a queue.  Scores are on the scale of 1 to 5; empty and None mean any.

    `reader` is the person who looks, whose own application and whose teams' are left out.
    """

    q: str = ""
    stage: str = ""
    flag: str = ""
    site: int | None = None
    reviewer: int | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    sort: str = "name"
    descending: bool = False
    reader: int | None = None

    @property
    def words(self) -> list[str]:
        """The words to search for, folded as `search_text` is."""
        return [word for word in folded(self.q).split() if any(map(str.isalnum, word))][:MOST_WORDS]

    @property
    def statuses(self) -> frozenset[Status] | None:
        return STAGES[self.stage].statuses if self.stage else None

    @property
    def needs_summary(self) -> bool:
        """Whether the reviews of an application decide over its place."""
        return self.sort == "score" or bool(self.flag) or self.low is not None or self.high is not None

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the order was chosen."""
        return self.any_order != Filters()

    @property
    def is_stage_only(self) -> bool:
        """Whether nothing but a stage was chosen, so that the tally knows how many there are."""
        return self.any_order == Filters(stage=self.stage)

    @property
    def any_order(self) -> "Filters":
        return replace(self, sort="name", descending=False, reader=None)

    def arguments(self, **changes: object) -> dict[str, str]:
        """The query string of this view, with some of it changed; what is empty or usual is left out."""
        other = replace(self, **changes)  # type: ignore[arg-type]
        values = {field.name: getattr(other, field.name) for field in fields(other)}
        sort, descending = values.pop("sort"), values.pop("descending")
        values.pop("reader")
        found = {name: str(value) for name, value in values.items() if value not in ("", None)}
        usual = SORTS[sort][0] == "desc"
        if sort != "name" or descending != usual:
            found["sort"] = sort
        if descending != usual:
            found["dir"] = "desc" if descending else "asc"
        return found

    def sorted_by(self, name: str) -> dict[str, str]:
        """The query string that sorts by a column, or turns its order round when it is sorted by already."""
        usual = SORTS[name][0] == "desc"
        return self.arguments(sort=name, descending=not self.descending if self.sort == name else usual)

    def aria_sort(self, name: str) -> str | None:
        """The value of `aria-sort` of a column's header."""
        if self.sort != name:
            return None
        return "descending" if self.descending else "ascending"


def read(args: Mapping[str, str], *, reader: int | None = None) -> Filters:
    """The filters of a query string; what makes no sense is left out, as if it had not been chosen."""
    sort = args.get("sort", "")
    sort = sort if sort in SORTS else "name"
    direction = args.get("dir", "")
    stage, flag = args.get("stage", ""), args.get("flag", "")
    return Filters(
        q=" ".join(clean(args.get("q", ""))[:LONGEST_SEARCH].split()),
        stage=stage if stage in STAGES else "",
        flag=flag if flag in FLAGS else "",
        site=_key(args.get("site", "")),
        reviewer=_key(args.get("reviewer", "")),
        low=_score(args.get("low", "")),
        high=_score(args.get("high", "")),
        sort=sort,
        descending=(direction if direction in ("asc", "desc") else SORTS[sort][0]) == "desc",
        reader=reader,
    )


def _key(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return number if 0 < number < LARGEST_ID else None


def _score(text: str) -> Decimal | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and 1 <= value <= 5 else None
