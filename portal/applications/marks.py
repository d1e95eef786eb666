"""Short marks of stored answers: a form carries those it was made from, so that a save knows what was typed since."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from portal.catalogue.fields import kind_of
from portal.catalogue.frozen import FrozenQuestion

NOTHING = "-"


def stamp(value: Any) -> str:
    """A short mark of a stored value, by which a later save knows whether it has changed meanwhile."""
    if value is None:
        return NOTHING
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]


def is_typed(question: FrozenQuestion) -> bool:
    """Whether an answer is stored for a question: files are documents, and text to read has none."""
    kind = kind_of(question)
    return not (kind.is_file or kind.is_information)


def seen_marks(questions: Iterable[FrozenQuestion], values: Mapping[str, Any]) -> str:
    """The marks of a form's questions as it carries them: `17:- 18:a0b1c2d3e4f5`."""
    typed = [question for question in questions if is_typed(question)]
    return " ".join(f"{question.id}:{stamp(values.get(question.key))}" for question in typed)


def read_marks(text: str) -> dict[int, str]:
    """The marks back from a form, by question id; what is no mark is left out."""
    pairs = (mark.split(":", 1) for mark in text.split() if ":" in mark)
    return {int(key): value for key, value in pairs if key.isascii() and key.isdigit() and len(key) < 19}
