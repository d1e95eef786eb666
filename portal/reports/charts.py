"""Where the marks of a chart stand in a drawing of 560 by 232; templates write them as SVG, coloured by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from portal.reports.figures import Load

RIGHT, TOP, FLOOR = 532.0, 12.0, 200.0


@dataclass(frozen=True)
class Bar:
    """A horizontal or upright bar with its number, and words beside it."""

    label: str
    n: int
    x: float
    y: float
    width: float
    height: float
    note: str = ""

    @property
    def holds_number(self) -> bool:
        """Whether there is room for the number inside."""
        return self.width >= 12 + 8 * len(f"{self.n:,}")


def funnel(stages: Sequence[tuple[str, int]]) -> list[Bar]:
    """Five horizontal bars; each but the first says what share of those before it (of the submitted) it is."""
    most = max(n for _, n in stages) or 1
    started, submitted = stages[0][1], stages[1][1]
    bars = []
    for i, (label, n) in enumerate(stages):
        whole, words = (started, "started") if i == 1 else (submitted, "submitted")
        note = f"{round(100 * n / whole)}% of {words}" if i and whole else ""
        bars.append(Bar(label, n, 120, i * 46 + 6, round(n * 300 / most, 1), 32, note))
    return bars


@dataclass(frozen=True)
class Pair:
    """A reviewer's bar: done, and still to do beside it."""

    done: Bar
    left: Bar
    overdue: int


def load(reviewers: Sequence[Load]) -> list[Pair]:
    """Two bars a reviewer, one after the other, on a common scale."""
    most = max((one.done + one.left for one in reviewers), default=1) or 1
    step = min(34, 204 / max(len(reviewers), 1))
    pairs = []
    for i, one in enumerate(reviewers):
        y, done = round(i * step + 4, 1), round(one.done * 340 / most, 1)
        height = round(step * 0.72, 1)
        left = round(one.left * 340 / most, 1)
        pairs.append(
            Pair(
                Bar(one.name, one.done, 130, y, done, height),
                Bar("", one.left, 130 + done, y, left, height),
                one.overdue,
            )
        )
    return pairs


def scores(counts: Sequence[tuple[Decimal, int]]) -> list[Bar]:
    """Nine upright bars, from 1 to 5 in halves."""
    most = max(n for _, n in counts) or 1
    return [
        Bar(f"{score.normalize():f}", n, 28 + i * 57, round(FLOOR - n * 165 / most, 1), 46, round(n * 165 / most, 1))
        for i, (score, n) in enumerate(counts)
    ]


def score_x(score: Decimal) -> float:
    """Where a score stands on the axis of `scores`."""
    return round(51 + (float(score) - 1) * 114, 1)


@dataclass(frozen=True)
class Progress:
    """Submissions by day: polylines, grid lines with their values, the end of each line, and where today stands."""

    this: str
    last: str
    grid: list[tuple[float, int]]
    days: list[tuple[float, date, str]]
    today_x: float | None
    end: tuple[float, float, int]
    last_now: int


def progress(
    this: Sequence[tuple[date, int]],
    last: Sequence[tuple[date, int]],
    *,
    starts: date,
    ends: date,
    last_ends: date | None,
    today: date,
) -> Progress:
    """Two running totals on one axis of days that ends with the deadline.

    In: (day, total) in order, the first and last day of the axis, the deadline of the cycle before, and today.
    """
    span = max((ends - starts).days, 1)
    shift = ends - last_ends if last_ends else timedelta(0)
    top = _nice(max([n for _, n in this] + [n for _, n in last] + [1]))
    until = min(today, ends)

    def point(day: date, n: float) -> tuple[float, float]:
        share = min(max((day - starts).days / span, 0), 1)
        return round(40 + share * (RIGHT - 40), 1), round(FLOOR - n * (FLOOR - TOP) / top, 1)

    def line(series: Sequence[tuple[date, int]], stop: date) -> list[tuple[float, float]]:
        points, total = [point(starts, 0)], 0
        for day, n in series:
            if day <= stop:
                if day > starts:
                    points.append(point(max(day - timedelta(days=1), starts), total))
                points.append(point(day, n))
                total = n
        return [*points, point(stop, total)]

    shifted = [(day + shift, n) for day, n in last]
    own = line(this, until)
    middle = starts + timedelta(days=span // 2)
    return Progress(
        this=_written(own),
        last=_written(line(shifted, ends)) if last else "",
        grid=[(point(starts, n)[1], n) for n in range(0, top + 1, max(top // 4, 1))],
        days=[(40, starts, "start"), (286, middle, "middle"), (RIGHT, ends, "end")],
        today_x=point(today, 0)[0] if starts <= today < ends else None,
        end=(*own[-1], max([n for day, n in this if day <= until], default=0)),
        last_now=max([n for day, n in shifted if day <= until], default=0),
    )


def _written(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _nice(most: int) -> int:
    """The top of an axis that reaches the value in four equal steps of a round number."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power // 2, 5 * power):
            if step * 4 >= most:
                return step * 4
        power *= 10
