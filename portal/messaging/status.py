"""The delivery states of a message, once: which follows which, and what staff read."""

from enum import StrEnum


class Delivery(StrEnum):
    """Where a message is on its way."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    BOUNCED = "bounced"

    @property
    def label(self) -> str:
        return LABELS[self][0]

    @property
    def tone(self) -> str:
        return LABELS[self][1]


LABELS = {
    Delivery.QUEUED: ("Waiting to go", "warn"),
    Delivery.SENDING: ("Being sent", "info"),
    Delivery.SENT: ("Sent", "ok"),
    Delivery.FAILED: ("Not delivered", "bad"),
    Delivery.UNKNOWN: ("May have been sent", "bad"),
    Delivery.BOUNCED: ("Came back", "bad"),
}

STEPS: dict[Delivery, frozenset[Delivery]] = {
    Delivery.QUEUED: frozenset({Delivery.SENDING, Delivery.FAILED}),
    Delivery.SENDING: frozenset({Delivery.SENT, Delivery.QUEUED, Delivery.FAILED, Delivery.UNKNOWN, Delivery.BOUNCED}),
    Delivery.SENT: frozenset({Delivery.BOUNCED}),
    Delivery.FAILED: frozenset({Delivery.QUEUED}),
    Delivery.UNKNOWN: frozenset({Delivery.QUEUED, Delivery.SENT, Delivery.BOUNCED}),
    Delivery.BOUNCED: frozenset(),
}


class BounceKind(StrEnum):
    """What was heard of a message after it had gone: it came back, it is put off, or somebody complained."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"

    @property
    def verb(self) -> str:
        """What the audit trail says happened to the message."""
        return {"hard": "bounced", "soft": "put-off", "complaint": "complained-about"}[self.value]
