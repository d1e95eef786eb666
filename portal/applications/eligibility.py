"""Questions that decide who may apply: answered first, before the rest of the form opens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.applications.sheet import Part, Row
from portal.catalogue import snapshot
from portal.catalogue.finder import index, related
from portal.catalogue.snapshot import Listing

MOST_OTHERS = 4


@dataclass(frozen=True)
class Eligibility:
    """The questions of a form that decide, with the sections that ask them."""

    rows: Sequence[Row]
    section_ids: frozenset[int]

    @property
    def refusals(self) -> list[str]:
        """Why somebody who answered so cannot apply."""
        return [problem for row in self.rows if row.is_answered for problem in row.problems]

    @property
    def is_met(self) -> bool:
        """Whether the rest of the form is open; always where no question decides."""
        return all(row.is_answered and not row.problems for row in self.rows)

    def closes(self, section_id: int) -> bool:
        """Whether a section waits for the questions that decide."""
        return not self.is_met and section_id not in self.section_ids


def eligibility(parts: Sequence[Part]) -> Eligibility:
    """What decides in an application as it stands."""
    deciding = [(part, row) for part in parts for row in part.rows if row.question.settings.get("eligible")]
    return Eligibility([row for _, row in deciding], frozenset(part.section.id for part, _ in deciding))


def others_open(opportunity_id: int, at: datetime) -> list[Listing]:
    """Up to four listings that take applications and are near to this one, by audience, kind, unit and time."""
    catalogue = snapshot.current()
    this = next((listing for listing in catalogue.listings if listing.id == opportunity_id), None)
    if this is None:
        return []
    at_index = index(catalogue, at)
    near = related(at_index, this, len(catalogue.listings))
    found = [at_index.listings[position] for position in near if at_index.windows[position].is_open]
    return found[:MOST_OTHERS]
