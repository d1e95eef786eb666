"""Names that the portal makes up: addresses of listings, codes of cycles, keys of questions."""

import re
import secrets
from collections.abc import Container

from portal.core.text import folded

CODE = re.compile(r"([A-Z]{2,8})-([0-9]{2})([A-Z]?)")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_LENGTH = 80
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def slugged(text: str) -> str:
    """`Winickoff Scholars` -> `winickoff-scholars`; `listing` where no letter remains."""
    words = re.findall(r"[a-z0-9]+", folded(text).replace("'", "").replace("’", ""))
    return "-".join(words)[:SLUG_LENGTH].strip("-") or "listing"


def free_slug(text: str, taken: Container[str]) -> str:
    """The slug of a text, numbered from 2 on where it is taken."""
    slug = slugged(text)
    if slug not in taken:
        return slug
    stem = slug[: SLUG_LENGTH - 4].rstrip("-")
    return next(f"{stem}-{n}" for n in range(2, 10_000) if f"{stem}-{n}" not in taken)


def next_code(code: str, taken: Container[str], *, years: int = 0) -> str:
    """A free code like the given one: `WIN-27` a year on is `WIN-28`, and else `WIN-27A`, `WIN-27B`.

    Out: an empty string where even the letters are used up, so that a person chooses.
    """
    match = CODE.fullmatch(code)
    if not match:
        return ""
    stem = f"{match[1]}-{(int(match[2]) + years) % 100:02d}"
    return next((made for made in (stem, *(stem + letter for letter in _LETTERS)) if made not in taken), "")


def next_name(name: str, taken: Container[str], *, years: int = 0) -> str:
    """A free name like the given one: `Spring 2027` a year on is `Spring 2028`, and else `Spring 2027 (copy)`."""
    later = re.sub(r"\b20\d\d\b", lambda year: str(int(year[0]) + years), name)
    if later not in taken:
        return later
    copies = (f"{later} (copy)", *(f"{later} (copy {n})" for n in range(2, 10_000)))
    return next(made for made in copies if made not in taken)


def question_key(label: str) -> str:
    """A key for a new question, made once and never shown: words of its label and four random digits."""
    stem = re.sub(r"[^a-z0-9]+", "_", folded(label).encode("ascii", "ignore").decode())[:30].strip("_")
    stem = stem if stem[:1].isalpha() else f"q_{stem}".strip("_")
    return f"{stem}_{secrets.token_hex(3)}"
