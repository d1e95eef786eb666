"""The deployment's name, words and colours: one row that admins edit, read through a short cache."""

import time
from dataclasses import dataclass
from datetime import tzinfo

from flask import Flask, current_app
from sqlalchemy import CheckConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import HasId, Model, db

CACHE_SECONDS = 10.0

ZONE_NOTES = {
    "America/New_York": "All times are Eastern Time (ET).",
    "America/Chicago": "All times are Central Time (CT).",
    "America/Denver": "All times are Mountain Time (MT).",
    "America/Los_Angeles": "All times are Pacific Time (PT).",
    "UTC": "All times are UTC.",
}


def zone_words(zone: tzinfo) -> str:
    """What staff are told of the zone in which they enter times: `Eastern Time (ET)`."""
    return ZONE_NOTES.get(str(zone), f"All times are {zone}.").removeprefix("All times are ").removesuffix(".")


class Branding(HasId, Model):
    """The one row of it.  Colours are `#rrggbb`; empty means the design's own."""

    __tablename__ = "branding"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    name: Mapped[str]
    tagline: Mapped[str]
    hero_title: Mapped[str]
    hero_lead: Mapped[str]
    footer_text: Mapped[str]
    contact_email: Mapped[str]
    brand_light: Mapped[str] = mapped_column(server_default="")
    on_brand_light: Mapped[str] = mapped_column(server_default="")
    link_light: Mapped[str] = mapped_column(server_default="")
    brand_dark: Mapped[str] = mapped_column(server_default="")
    on_brand_dark: Mapped[str] = mapped_column(server_default="")
    link_dark: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return "Settings"


@dataclass(frozen=True)
class Brand:
    """What templates read of the row, detached from the database."""

    name: str
    tagline: str
    hero_title: str
    hero_lead: str
    footer_text: str
    contact_email: str
    colours: tuple[tuple[str, str, str, str], ...]
    version: int

    @property
    def zone_note(self) -> str:
        """The sentence under every page that names the zone of its times."""
        zone = current_app.config["SETTINGS"].time_zone
        return ZONE_NOTES.get(zone, f"All times are in the zone {zone.replace('_', ' ')}.")

    @property
    def has_brand_css(self) -> bool:
        return any(value for _, *values in self.colours for value in values)


DEFAULTS = {
    "name": "Primary Care Opportunities",
    "tagline": "Fellowships, scholars programs, courses and practice positions in one academic primary care network.",
    "hero_title": "What would you do with one half-day a week?",
    "hero_lead": "Fellowships, scholars programs, teaching, research and practice positions for people who look after "
    "patients. Start with the time you have.",
    "footer_text": "Fellowships, scholars programs, courses and practice positions in one primary care network.",
    "contact_email": "opportunities@example.org",
}


class BrandCache:
    """The last read brand of this process; a change shows within ten seconds everywhere, at once where it was made."""

    def __init__(self) -> None:
        self._brand: Brand | None = None
        self._read_at = 0.0

    def get(self) -> Brand:
        """The brand, read from the database at most every ten seconds."""
        if self._brand is None or time.monotonic() - self._read_at > CACHE_SECONDS:
            self._brand = _detached(db.session.scalar(select(Branding)))
            self._read_at = time.monotonic()
        return self._brand

    def forget(self) -> None:
        self._brand = None


def _detached(row: Branding | None) -> Brand:
    if row is None:
        return Brand(**DEFAULTS, colours=(), version=0)
    return Brand(
        **{name: getattr(row, name) for name in DEFAULTS},
        colours=(
            ("light", row.brand_light, row.on_brand_light, row.link_light),
            ("dark", row.brand_dark, row.on_brand_dark, row.link_dark),
        ),
        version=row.version,
    )


def stylesheet(of: Brand) -> str:
    """The rules that put the deployment's colours in place of the design's; empty where it has none."""
    rules = []
    for theme, *values in of.colours:
        named = zip(("--pc-brand", "--pc-on-brand", "--pc-link"), values, strict=True)
        lines = [f"  {name}: {value};" for name, value in named if value]
        if lines:
            rules.append("\n".join([f'[data-bs-theme="{theme}"] {{', *lines, "}", ""]))
    return "\n".join(rules)


def init_app(app: Flask) -> None:
    app.extensions["brand"] = BrandCache()


def brand() -> Brand:
    """The brand of the running application."""
    cache: BrandCache = current_app.extensions["brand"]
    return cache.get()


def forget_brand() -> None:
    """Drop this process's copy after a change."""
    current_app.extensions["brand"].forget()
