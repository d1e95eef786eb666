"""Loads the demo data set."""

from rich.console import Console

PASSWORD = "primary-care-demo"  # noqa: S105 - published on purpose; the demo never runs in production
SEED = 2027


def load(*, console: Console, seed: int = SEED) -> None:
    """Load what is missing of the demo data."""


def load_many(applications: int, *, console: Console, seed: int = SEED) -> None:
    """Load a large cycle."""
