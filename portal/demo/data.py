"""Loads the demo data set, once: the whole fact sheet, and fictional people in every stage of applying."""

from collections.abc import Sequence
from random import Random

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import select

from portal.accounts.models import Person
from portal.applications.models import Application
from portal.applications.status import Status
from portal.catalogue.form_models import Criterion, Form
from portal.catalogue.models import Cycle, Opportunity, Unit
from portal.core.db import db, transaction
from portal.demo import catalogue, newsletters, people, together
from portal.demo.applications import Loader, summarise_cycle
from portal.demo.invited import load_invitations
from portal.demo.letters import Correspondence
from portal.demo.new_dates import load_new_dates
from portal.demo.self_identification import load_self_identification
from portal.receipts.actions import issue

PASSWORD = "primary-care-demo"  # noqa: S105 - published on purpose; the demo never runs in production
SEED = 2027
APPLICANTS = 119


class NotEmpty(Exception):
    """Raised instead of mixing the demo's people with others."""


def load(*, console: Console, seed: int = SEED) -> None:
    """Load the demo data unless it is there.  Raises NotEmpty when the database holds anything else."""
    with transaction():
        if db.session.scalar(select(Person.id).where(Person.email == "applicant@example.org")):
            return
        if db.session.scalar(select(Person.id).limit(1)) or db.session.scalar(select(Opportunity.id).limit(1)):
            raise NotEmpty("The database is not empty; the demo does not mix its people with others.")
        with Progress(console=console, transient=True) as progress:
            _load(progress, Random(seed))  # noqa: S311 - the same seed must make the same data


def _load(progress: Progress, chance: Random) -> None:
    cycles = catalogue.load_catalogue()
    units: Sequence[Unit] = db.session.scalars(select(Unit).order_by(Unit.position)).all()
    staff = people.add_staff(units, PASSWORD)
    reviewers = people.add_reviewers(staff["reviewer"], units)
    applicants = people.add_applicants(APPLICANTS, chance)
    loader = Loader(chance, reviewers, staff["coordinator"])
    wanted = [(cycle, facts) for pairs in cycles.values() for cycle, facts in pairs if facts.get("applications")]
    task = progress.add_task("Fictional applications", total=sum(facts["applications"] for _, facts in wanted))
    for cycle, facts in wanted:
        loader.load_cycle(cycle, chance.sample(applicants, facts["applications"]), facts["through"])
        progress.advance(task, facts["applications"])
    _load_own(loader, cycles, staff["applicant"])
    newsletters.load(applicants)
    together.load(applicants, Random(SEED))  # noqa: S311 - the same data each time
    load_new_dates(cycles["global-primary-care-scholars"][0][0], loader, staff["coordinator"])
    scholars, positions = cycles["winickoff-scholars"][2][0], cycles["primary-care-physician-positions"][0][0]
    load_invitations(scholars, positions, loader, coordinator=staff["coordinator"], own=staff["applicant"])
    letters = Correspondence(Random(SEED), staff["coordinator"], staff["applicant"])  # noqa: S311 - as above
    for pairs in cycles.values():
        for cycle, facts in pairs:
            letters.load(cycle, facts.get("letters"))
    last_round = cycles["winickoff-scholars"][1][0]
    load_self_identification(last_round, staff["admin"], Random(SEED))  # noqa: S311 - as above
    loader.messages.extend(letters.messages)
    loader.send()
    letters.link_mails()


def _load_own(loader: Loader, cycles: dict[str, list[tuple[Cycle, dict[str, object]]]], applicant: Person) -> None:
    """The applicant's account: a draft, two applications on their way, and one that was not selected."""
    for slug, place, status in (
        ("winickoff-scholars", 0, Status.DRAFT),
        ("global-primary-care-scholars", 0, Status.ELIGIBLE),
        ("winickoff-scholars", 2, Status.NOT_SELECTED),
        ("primary-care-physician-positions", 0, Status.ELIGIBLE),
    ):
        cycle = cycles[slug][place][0]
        form = db.session.scalars(select(Form).where(Form.cycle_id == cycle.id)).one()
        criteria = db.session.scalars(select(Criterion).where(Criterion.cycle_id == cycle.id)).all()
        loader.load_application(cycle, form, criteria, applicant, status)
        summarise_cycle(cycle)
    _give_receipts(applicant)


def _give_receipts(applicant: Person) -> None:
    db.session.flush()
    submitted = Application.person_id == applicant.id, Application.submitted_at.is_not(None)
    for application in db.session.scalars(select(Application).where(*submitted).order_by(Application.id)):
        assert application.submitted_at is not None
        issue(application, submitted_at=application.submitted_at)


def load_many(applications: int, *, console: Console, seed: int = SEED) -> None:
    """Load a large cycle for the benchmarks."""
    from portal.demo.many import load_large_cycle  # here - only the benchmarks need it

    load_large_cycle(applications, console=console, seed=seed)
