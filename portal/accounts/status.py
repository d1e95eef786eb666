"""The roles a membership can give, in the order of what they may do."""

from enum import StrEnum


class Role(StrEnum):
    """Admins run the whole portal; coordinators and reviewers work for a unit or for one listing."""

    ADMIN = "admin"
    COORDINATOR = "coordinator"
    REVIEWER = "reviewer"

    @property
    def label(self) -> str:
        return self.value.capitalize()
