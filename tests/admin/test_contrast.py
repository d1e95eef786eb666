"""The measure of colours agrees with what browsers compute (design, section 2) and refuses what cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.admin.contrast import HEX, THEMES, contrast, measure, mix, mix_with_black, shown

LIGHT, DARK = THEMES
COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "share", "expected"),
    [
        ("#1d5b49", "#000000", 0.80, "#134134"),
        ("#1d5b49", "#000000", 0.64, "#0b2e24"),
        ("#1d5b49", "#ffffff", 0.11, "#e5ece9"),
        ("#8fd3ba", "#ffffff", 0.82, "#a4dbc6"),
        ("#8fd3ba", "#131c18", 0.15, "#23332d"),
    ],
)
def test_mixing_is_that_of_browsers(one: str, other: str, share: float, expected: str) -> None:
    """The five derived colours of the design, as Chromium computed them."""
    assert mix(one, other, share) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("#14211c", "#ffffff", "16.6"),
        ("#17564a", "#ffffff", "8.5"),
        ("#17564a", "#f1f4f1", "7.7"),
        ("#ffffff", "#1d5b49", "7.9"),
        ("#ffffff", "#134134", "11.5"),
        ("#9bdcc5", "#131c18", "11.1"),
        ("#0b2219", "#8fd3ba", "9.7"),
        ("#ffffff", "#0b2e24", "14.7"),
        ("#000000", "#ffffff", "21.0"),
        ("#777777", "#777777", "1.0"),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, expected: str) -> None:
    assert f"{contrast(one, other):.1f}" == expected
    assert contrast(one, other) == contrast(other, one)


def test_a_contrast_is_never_rounded_up() -> None:
    assert (shown(4.49), shown(4.5), shown(21)) == ("4.4", "4.5", "21.0")


@pytest.mark.parametrize("brand", ["#8c2f23", "#1f3a6e"], ids=["brick", "navy"])
def test_brick_and_navy_pass(brand: str) -> None:
    assert all(found.passes for found in measure(LIGHT, brand=brand, link=brand))


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_designs_own_colors_pass(theme: object) -> None:
    found = measure(theme)  # type: ignore[arg-type]
    assert all(one.passes for one in found)
    assert len(found) == (5 if theme is LIGHT else 4)


def test_each_pair_that_cannot_be_read_names_its_field_and_the_remedy() -> None:
    failing = [
        (found.field, found.sentence) for found in measure(LIGHT, brand="#e5a72c", link="#aaaaaa") if not found.passes
    ]
    assert failing == [
        ("brand_light", "Choose a darker color. Brand on the page has a contrast of 2.1; it needs 4.5."),
        ("brand_light", "Choose a darker color. Brand on bands has a contrast of 1.9; it needs 4.5."),
        ("on_brand_light", "Choose a color further from the brand. Text on brand has a contrast of 2.1; it needs 4.5."),
        ("link_light", "Choose a darker color. Links on the page has a contrast of 2.3; it needs 4.5."),
        ("brand_light", "Choose a darker color. White on the staff header has a contrast of 6.2; it needs 7."),
    ]
    [brand, bands] = [found.field for found in measure(DARK, brand="#203028", on_brand="#ffffff") if not found.passes]
    assert brand == bands == "brand_dark"


@given(COLORS, COLORS)
def test_any_color_can_be_measured(one: str, other: str) -> None:
    assert 1 <= contrast(one, other) <= 21.001
    assert HEX.fullmatch(mix_with_black(one, 0.64))
    assert mix(one, other, 1) == one
    assert mix(one, other, 0) == other
