"""What features above this one add to an application: lines of its task list, what keeps it from being submitted,
parts of its pages, and what else happens when it moves.

A feature registers one companion when it is imported; this package knows none of them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.accounts.models import Person
from portal.applications.models import Application, StatusEvent
from portal.applications.revision_models import Revision
from portal.applications.status import Status


@dataclass(frozen=True)
class Task:
    """A line of the task list.

    `tone` and `badge` are its status, `url` its page, and `stops` the sentences that name what is left to do before
    the application can be submitted: shown on the check page, linked to `url`.
    """

    title: str
    hint: str
    tone: str
    badge: str
    url: str
    stops: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """A part of the applicant's page: a template that reads `data`; beside the list of applications also what needs
    the person, as items of `components/todo.html`."""

    template: str
    data: Mapping[str, Any] = field(default_factory=dict)
    todo: Sequence[Mapping[str, str]] = ()


class Companion:
    """What a feature adds; each method says what it adds by itself, which is nothing."""

    def tasks(self, applications: Sequence[Application]) -> Mapping[int, Sequence[Task]]:
        """Lines of the task lists of these drafts, by application id; the same number of queries for any number."""
        return {}

    def panels(self, application: Application, user: Any) -> Sequence[Panel]:
        """Parts of an application's page for this person, beside its answers."""
        return ()

    def saved(self, application: Application, keys: Collection[str], by: Person | None) -> str:
        """Look at a save within its transaction: answers to these questions have changed.

        So they have where changes are dropped, which the portal does by itself (None) once their time is over.  Out:
        what to tell whoever saved, as a flash is written, or nothing.
        """
        return ""

    def asides(self, applications: Sequence[Application], user: Any) -> Sequence[Panel]:
        """Parts beside the list of somebody's applications; the same number of queries for any number of them."""
        return ()

    def holds(self, applications: Sequence[Application], target: Status) -> Mapping[int, str]:
        """Why the staff cannot take applications there yet, as a sentence by application id; the others are left out.

        The same number of queries for any number of applications.
        """
        return {}

    def moved(self, application: Application, event: StatusEvent) -> None:
        """Do what belongs to a move of the application, in its transaction: it was submitted, it was withdrawn."""

    def revised(self, application: Application, revision: Revision) -> None:
        """Do what belongs to a new submission of what was submitted before, in its transaction."""

    def deleted(self, application: Application) -> Sequence[str]:
        """Delete what no foreign key reaches, as the application is about to be deleted for good.

        Out: the keys, in the store, of the files that this feature keeps with it; they go once this commits.
        """
        return ()

    def keeps(self, application: Application) -> str:
        """Why the application may not be deleted at the moment, as a sentence; nothing where it may."""
        return ""

    def deleting(self, application: Application, by: Any) -> None:
        """Do what belongs to deleting a draft, in its transaction, while its rows are still there."""

    def mail_context(self, application: Application) -> Mapping[str, Any]:
        """What the mails about a submission may say besides, asked for once `moved` has done its part."""
        return {}


_companions: list[Companion] = []


def register(companion: Companion) -> None:
    """Have the companion asked from now on; the order of registering is the order on pages."""
    if companion not in _companions:
        _companions.append(companion)


def tasks_of(applications: Sequence[Application]) -> dict[int, list[Task]]:
    """The lines of all companions by application id; none for whoever was offered a place, whatever they still fill
    in: their letters and endorsements have done what they were for."""
    found: dict[int, list[Task]] = {application.id: [] for application in applications}
    asked = [application for application in applications if application.status is not Status.OFFERED]
    for companion in _companions if asked else ():
        for application_id, tasks in companion.tasks(asked).items():
            found[application_id] += tasks
    return found


def panels_of(application: Application, user: Any) -> list[Panel]:
    """The parts of all companions."""
    return [panel for companion in _companions for panel in companion.panels(application, user)]


def tell_revised(application: Application, revision: Revision) -> None:
    """Let all companions do what belongs to a new submission."""
    for companion in _companions:
        companion.revised(application, revision)


def tell_deleted(application: Application) -> list[str]:
    """Let all companions delete what is theirs; out: the keys of their files."""
    return [key for companion in _companions for key in companion.deleted(application)]


def tell_saved(application: Application, keys: Collection[str], by: Person | None) -> list[str]:
    """Let all companions look at a save.  Out: what they tell whoever saved."""
    if not keys:
        return []
    return [words for companion in _companions if (words := companion.saved(application, keys, by))]


def mail_context_of(application: Application) -> dict[str, Any]:
    """What all companions have to say in the mail about a submission, by name."""
    return {name: value for companion in _companions for name, value in companion.mail_context(application).items()}


def asides_of(applications: Sequence[Application], user: Any) -> list[Panel]:
    """The parts of all companions beside the list of somebody's applications."""
    if not applications:
        return []
    return [panel for companion in _companions for panel in companion.asides(applications, user)]


def holds_of(applications: Sequence[Application], target: Status) -> dict[int, list[str]]:
    """Why the staff cannot take applications there yet, as sentences of all companions by application id."""
    found: dict[int, list[str]] = {}
    for companion in _companions if applications else ():
        for application_id, sentence in companion.holds(applications, target).items():
            found.setdefault(application_id, []).append(sentence)
    return found


def tell_moved(application: Application, event: StatusEvent) -> None:
    """Let all companions do what belongs to a move."""
    for companion in _companions:
        companion.moved(application, event)


def kept_because(application: Application) -> str:
    """Why the application may not be deleted at the moment; empty where it may."""
    return " ".join(sentence for one in _companions if (sentence := one.keeps(application)))


def tell_deleting(application: Application, by: Any) -> None:
    """Let all companions do what belongs to deleting a draft."""
    for companion in _companions:
        companion.deleting(application, by)
