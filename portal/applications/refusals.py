"""Why something does not happen to an application: errors of actions, and refusals that have a page of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.core.access import Refusal


class WrongStep(Exception):
    """A move that the table of steps does not have, or that this person does not take."""


class Held(Exception):
    """A step that something else keeps an application from.  `reasons` are whole sentences."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


class NotYours(Exception):
    """A write by somebody whose application it is not."""


class NoForm(Exception):
    """A cycle without a published form cannot be applied to."""


class NoDraft(Exception):
    """The draft was submitted or withdrawn while somebody was still writing; nothing was changed."""

    def __init__(self, application: Any) -> None:
        super().__init__(str(application))
        self.application = application


class AskedLater(Exception):
    """A write in a section that is asked later, and not of this application at the moment; nothing was changed."""

    def __init__(self, application: Any, title: str) -> None:
        super().__init__(f"“{title}” of {application} is asked later")
        self.application = application
        self.title = title


class Kept(Exception):
    """Something keeps an application from being deleted; `reason` is a whole sentence.  Nothing was changed."""

    def __init__(self, application: Any, reason: str) -> None:
        super().__init__(reason)
        self.application = application
        self.reason = reason


class Unchanged(Exception):
    """What is submitted again differs in nothing from what was submitted; nothing was changed."""


class Incomplete(Exception):
    """A draft that still has things to fix is not submitted.  `count` says how many."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} things to fix")
        self.count = count


@dataclass(frozen=True)
class Turned(Refusal):
    """A refusal with a heading, and a status: 403 for what is not allowed, 409 for what is over already."""

    title: str = ""
    status: int = 403
    application_id: int | None = None
