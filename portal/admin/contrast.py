"""Colours of a deployment: whether text in them can be read, by the measure of WCAG 2, as the stylesheet uses them."""

import re
from dataclasses import dataclass

HEX = re.compile(r"#[0-9a-f]{6}")
DEEP_SHARE = 0.64  # of the brand in the staff header of the light theme, the rest is black

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Theme:
    """The colours of the design that a deployment's stand on, and its own where the deployment names none."""

    name: str
    brand: str
    on_brand: str
    link: str
    ground: str
    band: str
    derives_deep: bool
    better: str


THEMES = (
    Theme("light", "#1d5b49", "#ffffff", "#17564a", "#ffffff", "#f1f4f1", True, "darker"),
    Theme("dark", "#8fd3ba", "#0b2219", "#9bdcc5", "#131c18", "#0d1411", False, "lighter"),
)


@dataclass(frozen=True)
class Measure:
    """One pair of colours: which field it is about, what it is, its contrast and the least it needs."""

    field: str
    pair: str
    ratio: float
    least: float
    remedy: str

    @property
    def passes(self) -> bool:
        return self.ratio >= self.least

    @property
    def sentence(self) -> str:
        """What to do about it."""
        return f"{self.remedy} {self.pair} has a contrast of {shown(self.ratio)}; it needs {self.least:g}."


def shown(ratio: float) -> str:
    """A contrast with one decimal, cut rather than rounded: 4.49 must not read 4.5."""
    return f"{int(ratio * 10) / 10:.1f}"


def measure(theme: Theme, *, brand: str = "", on_brand: str = "", link: str = "") -> list[Measure]:
    """All pairs of a theme.  In: colours as `#rrggbb`; an empty one is the design's own."""
    brand, on_brand, link = brand or theme.brand, on_brand or theme.on_brand, link or theme.link
    own, text_on, linked = (f"{name}_{theme.name}" for name in ("brand", "on_brand", "link"))
    remedy = f"Choose a {theme.better} color."
    found = [
        Measure(own, "Brand on the page", contrast(brand, theme.ground), 4.5, remedy),
        Measure(own, "Brand on bands", contrast(brand, theme.band), 4.5, remedy),
        Measure(text_on, "Text on brand", contrast(on_brand, brand), 4.5, "Choose a color further from the brand."),
        Measure(linked, "Links on the page", contrast(link, theme.ground), 4.5, remedy),
    ]
    if theme.derives_deep:
        deep = mix_with_black(brand, DEEP_SHARE)
        found.append(Measure(own, "White on the staff header", contrast("#ffffff", deep), 7, remedy))
    return found


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix_with_black(color: str, share: float) -> str:
    """`color-mix(in oklab, <color> <share>, #000)`, as browsers compute it."""
    return mix(color, "#000000", share)


def mix(one: str, other: str, share: float) -> str:
    """`color-mix(in oklab, <one> <share>, <other>)`."""
    blended = tuple(a * share + b * (1 - share) for a, b in zip(_to_oklab(one), _to_oklab(other), strict=True))
    return _from_oklab(blended)  # type: ignore[arg-type]


def _linear(color: str) -> Triple:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return red, green, blue


def _luminance(color: str) -> float:
    red, green, blue = _linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _to_oklab(color: str) -> Triple:
    red, green, blue = _linear(color)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _from_oklab(lab: Triple) -> str:
    light, green_red, blue_yellow = lab
    long = (light + 0.3963377774 * green_red + 0.2158037573 * blue_yellow) ** 3
    medium = (light - 0.1055613458 * green_red - 0.0638541728 * blue_yellow) ** 3
    short = (light - 0.0894841775 * green_red - 1.2914855480 * blue_yellow) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _encoded(channel)):02x}" for channel in linear)


def _encoded(channel: float) -> float:
    channel = min(1.0, max(0.0, channel))
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
