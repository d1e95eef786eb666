"""Why something does not happen to a request for a letter; each carries a sentence for the person."""


class Refused(Exception):
    """The change contradicts something else.  `reason` is a sentence, `field` the form field it belongs to."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class WrongStep(Refused):
    """A change of state that the table of steps does not have, or that is not this person's to make."""
