"""The outcomes of a decision, once: what each is called and the status its letter leads to."""

from enum import StrEnum

from portal.applications.status import Status


class Outcome(StrEnum):
    """What the committee decides."""

    OFFER = "offer"
    WAITLIST = "waitlist"
    DECLINE = "decline"

    @property
    def label(self) -> str:
        return {"offer": "Offer", "waitlist": "Wait-list", "decline": "Decline"}[self]

    @property
    def status(self) -> Status:
        """The status an application takes when its letter goes."""
        return {
            "offer": Status.OFFERED,
            "waitlist": Status.WAITLISTED,
            "decline": Status.NOT_SELECTED,
        }[self]
