"""What is known of a file: looked at for viruses or not, and in which words people are told."""

from dataclasses import dataclass
from enum import StrEnum


class ScanState(StrEnum):
    """Where a file stands with the virus scanner."""

    NOT_SCANNED = "not_scanned"
    CHECKING = "checking"
    SAFE = "safe"
    BLOCKED = "blocked"
    TOO_LARGE = "too_large"

    @property
    def label(self) -> str:
        return WORDS[self].label

    @property
    def tone(self) -> str:
        return WORDS[self].tone

    @property
    def staff_words(self) -> str:
        """What staff and reviewers read in place of a link, as long as they cannot open the file."""
        return WORDS[self].staff

    @property
    def own_words(self) -> str:
        """What the applicant is told to do; empty where there is nothing to do."""
        return WORDS[self].own


@dataclass(frozen=True)
class Words:
    """How a state is spoken of: its badge, to staff, and to whoever uploaded the file."""

    tone: str
    label: str
    staff: str
    own: str


S = ScanState
WORDS = {
    S.NOT_SCANNED: Words("idle", "Not checked for viruses", "Not checked for viruses, so it cannot be opened yet.", ""),
    S.CHECKING: Words(
        "info",
        "Checking for viruses",
        "Being checked for viruses. It can be opened once it is safe.",
        "You can go on and submit. Others can open it once it is safe.",
    ),
    S.SAFE: Words("ok", "Safe to open", "", ""),
    S.BLOCKED: Words(
        "bad",
        "Blocked",
        "Blocked: the virus scanner found something in it. The applicant was told to upload another copy.",
        "The virus scanner found something in this file, so nobody can open it and it does not count as an answer. "
        "Make the file again on another computer, save it as a PDF, and upload that.",
    ),
    S.TOO_LARGE: Words(
        "warn",
        "Too large to check",
        "Too large for the virus scanner, so it cannot be opened. The applicant was asked for a smaller copy.",
        "This file is too large for the virus scanner, so others cannot open it. Upload a smaller copy.",
    ),
}

LOST = "Our store does not have this file any more. Ask the applicant for another copy."
LOST_OWN = "We lost this file, and it does not count as an answer. Upload it again."
SETTLED = frozenset({S.SAFE, S.BLOCKED, S.TOO_LARGE})


class TextFound(StrEnum):
    """What came out of reading a file's words."""

    TEXT = "text"
    NONE = "none"
    UNREADABLE = "unreadable"

    @property
    def words(self) -> str:
        """What is said in place of the text."""
        return TEXT_WORDS[self]


TEXT_WORDS = {
    TextFound.TEXT: "",
    TextFound.NONE: "This file holds pictures of text, or nothing at all. Open the file to read it.",
    TextFound.UNREADABLE: "We could not read the words of this file. Open the file to read it.",
}
