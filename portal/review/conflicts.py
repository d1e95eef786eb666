"""Ties that keep somebody from reviewing an application: they apply, were on its team, write for it or endorse it."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.queries import people_in
from portal.endorsements.queries import endorsers
from portal.endorsements.status import State as EndorsementState
from portal.letters.addresses import address_key
from portal.letters.queries import writers
from portal.letters.status import State as LetterState


@dataclass(frozen=True)
class Ties:
    """By application: the ids of all who were ever on its team, and what people did for it, by address."""

    teams: dict[int, set[int]]
    supporters: dict[int, dict[str, str]]

    def why_not(self, application: Application, person: Person) -> str:
        """What keeps the person from reviewing the application, as a sentence; empty where nothing does."""
        if application.person_id == person.id:
            return f"{person.full_name} is the applicant of {application}."
        if person.id in self.teams[application.id]:
            return f"{person.full_name} is or was on the team of {application}."
        if did := self.supporters[application.id].get(address_key(person.email)):
            return f"{person.full_name} {did} {application} and cannot review it."
        return ""


def ties(applications: Sequence[Application]) -> Ties:
    """The ties of all these applications; three queries.

    People write and endorse by link, so what they did is known by their address, in whatever way it is spelt.
    """
    ids = [application.id for application in applications]
    found: dict[int, dict[str, str]] = {key: {} for key in ids}
    for application_id, address, asked in endorsers(ids):
        did = "is asked to endorse" if asked is EndorsementState.ASKED else "endorsed"
        found[application_id][address_key(address)] = did
    for application_id, address, state in writers(ids):
        if state is LetterState.RECEIVED:
            did = "wrote a letter for"
        else:
            did = "is named for a letter about" if state is LetterState.NAMED else "is asked for a letter about"
        found[application_id][address_key(address)] = did
    return Ties(people_in(ids), found)
