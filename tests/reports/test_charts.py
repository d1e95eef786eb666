"""Where marks stand: inside the drawing, in proportion, and with round numbers on the axes."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from portal.reports import charts
from portal.reports.figures import STEPS, Load


def test_funnel() -> None:
    bars = charts.funnel([("Started", 100), ("Submitted", 50), ("Eligible", 25), ("Reviewed", 1), ("Panel", 0)])
    assert [bar.width for bar in bars] == [300, 150, 75, 3, 0]
    assert [bar.note for bar in bars] == [
        "",
        "50% of started",
        "50% of submitted",
        "2% of submitted",
        "0% of submitted",
    ]
    assert [bar.holds_number for bar in bars] == [True, True, True, False, False]
    assert [bar.note for bar in charts.funnel([("a", 0)] * 5)] == [""] * 5


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=12))
def test_load_stays_in_the_drawing(numbers: list[tuple[int, int]]) -> None:
    pairs = charts.load([Load("R. Hale", done, left, 0) for done, left in numbers])
    assert len(pairs) == len(numbers)
    for pair in pairs:
        assert pair.left.x + pair.left.width <= 470.2
        assert pair.done.y + pair.done.height <= 214


def test_scores() -> None:
    bars = charts.scores([(step, n) for n, step in enumerate(STEPS)])
    assert [bar.label for bar in bars] == ["1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5"]
    assert (bars[0].height, bars[8].height, bars[8].y) == (0, 165, 35)
    assert charts.score_x(Decimal(1)) == bars[0].x + 23
    assert charts.score_x(Decimal(5)) == bars[8].x + 23


@given(st.integers(0, 10_000_000))
def test_axes_are_round_and_reach(most: int) -> None:
    top = charts._nice(most)
    assert top >= most
    assert top % 4 == 0
    assert str(top // 4).rstrip("0") in {"1", "2", "25", "5"}
    assert top <= max(4, 4 * most)


def test_progress_joins_two_cycles_at_the_deadline() -> None:
    starts, ends, today = date(2027, 1, 1), date(2027, 1, 31), date(2027, 1, 16)
    drawn = charts.progress(
        [(starts + timedelta(days=5), 10), (starts + timedelta(days=10), 30)],
        [(date(2026, 1, 2), 4), (date(2026, 1, 31), 40)],
        starts=starts,
        ends=ends,
        last_ends=date(2026, 1, 31),
        today=today,
    )
    assert drawn.grid == [(200, 0), (153, 10), (106, 20), (59, 30), (12, 40)]
    assert drawn.today_x == 286
    assert drawn.end == (286, 59, 30)
    assert drawn.last_now == 4
    assert drawn.this.startswith("40.0,200.0 ")
    assert drawn.last.endswith("532.0,12.0 532.0,12.0")
    assert [day for _, day, _ in drawn.days] == [starts, date(2027, 1, 16), ends]


def test_progress_after_the_deadline_and_without_a_cycle_before() -> None:
    day = date(2027, 1, 1)
    drawn = charts.progress([(day, 1)], [], starts=day, ends=day, last_ends=None, today=day + timedelta(days=9))
    assert (drawn.today_x, drawn.last, drawn.last_now, drawn.end[2]) == (None, "", 0, 1)
