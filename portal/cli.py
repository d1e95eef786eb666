"""Commands; each calls one action.  `portal --help` lists them."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import click
import psycopg
from email_validator import EmailNotValidError, validate_email
from flask import Flask, current_app
from flask.cli import FlaskGroup, NoAppException, ScriptInfo, with_appcontext
from flask_migrate import upgrade
from psycopg.errors import UndefinedTable
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress
from sqlalchemy.exc import OperationalError, ProgrammingError

from portal import serving
from portal.accounts.actions import EmailTaken, create_admin
from portal.accounts.passwords import weakness
from portal.admin.jobs import sweep
from portal.applications import document_jobs, document_queries, transfer
from portal.applications.refusals import NoDraft
from portal.applications.scan_states import ScanState
from portal.applications.transfer_files import Damaged
from portal.config import Settings
from portal.core import scanner, storage
from portal.core.clock import now
from portal.core.db import transaction
from portal.core.orphans import Suspicious
from portal.core.text import plural
from portal.demo import data as demo_data
from portal.health import MIGRATIONS
from portal.letters import queries as letter_queries
from portal.letters import scan_jobs as letter_jobs
from portal.messaging import returned

console = Console()

ACCOUNTS = "admin@example.org, coordinator@example.org, reviewer@example.org, applicant@example.org"


def register_commands(app: Flask) -> None:
    """Attach the commands that need the application."""
    app.cli.add_command(serve)
    app.cli.add_command(worker)
    app.cli.add_command(create_admin_command)
    app.cli.add_command(rescan)
    app.cli.add_command(sweep_files)
    app.cli.add_command(read_bounces)
    app.cli.add_command(export_answers)
    app.cli.add_command(import_answers)


@click.command()
@with_appcontext
def serve() -> None:
    """Run the web server (granian) on HOST and PORT."""
    try:
        serving.serve(current_app.config["SETTINGS"])
    except serving.AddressTaken as error:
        raise address_taken(error) from None


@click.command()
@click.option("--concurrency", default=2, show_default=True, help="Jobs at the same time.")
@with_appcontext
def worker(concurrency: int) -> None:
    """Run the jobs: mail, schedules, clean-up.  Start as many as you like, on any machine."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    serving.work(app, app.config["SETTINGS"], concurrency=concurrency)


@click.command("create-admin")
@click.option("--email", prompt="Email address")
@click.option("--given-name", prompt="Given name")
@click.option("--family-name", prompt="Family name")
@click.password_option(help="At least 12 characters.")
@with_appcontext
def create_admin_command(email: str, given_name: str, family_name: str, password: str) -> None:
    """Make the first admin; asks for what is not given."""
    if problem := weakness(password, [email, given_name, family_name]):
        raise click.ClickException(problem)
    try:
        email = validate_email(email, check_deliverability=False, test_environment=True).normalized
        with transaction():
            made = create_admin(email, given_name=given_name, family_name=family_name, password=password)
    except EmailNotValidError as error:
        raise click.ClickException(f"{email} is not an email address: {error}") from None
    except EmailTaken:
        raise click.ClickException(f"Somebody has an account with {email} already.") from None
    console.print(f"{made.full_name} can sign in as {made.email}.")


@click.command("read-bounces")
@click.option("--maildir", default="", help="Read this Maildir instead of the mailbox of the settings.")
@with_appcontext
def read_bounces(maildir: str) -> None:
    """Read mail that came back out of its mailbox, and mark the messages that it tells of."""
    settings: Settings = current_app.config["SETTINGS"]
    folder = maildir or settings.bounce_maildir
    try:
        if folder:
            counted = returned.read(returned.MaildirBox(Path(folder)))
        elif settings.bounce_imap_server:
            with returned.imap_box(settings) as box:
                counted = returned.read(box)
        else:
            raise click.ClickException("Set BOUNCE_MAILDIR or BOUNCE_IMAP_SERVER, or name a folder with --maildir.")
    except returned.MailboxDown as error:
        raise click.ClickException(str(error)) from None
    words = ("recorded", "repeated", "unknown", "unreadable")
    console.print(", ".join(f"{counted[word]} {word}" for word in words))


_folder = click.Path(file_okay=False, path_type=Path)


@click.command("export-answers")
@click.argument("application")
@click.option("--files", "folder", type=_folder, help="Write the files too, into this folder.")
@with_appcontext
def export_answers(application: str, folder: Path | None) -> None:
    """Write the answers of an APPLICATION, by reference or number, as JSON; with --files also the files.

    The JSON lists the files with their names, the questions they answer, and the SHA-256 of their bytes.
    """
    try:
        with transaction():
            found = transfer.take_out(application, folder=folder)
    except transfer.NoApplication:
        raise click.ClickException(f"There is no application {application}.") from None
    except FileExistsError as there:
        raise click.ClickException(f"{there.filename} is there already. Name an empty folder.") from None
    except Damaged as damaged:
        raise click.ClickException(f"The store does not have {damaged.filename} as it was uploaded.") from None
    except (OSError, storage.StorageDown) as fault:
        raise click.ClickException(f"The files could not be written: {fault}.") from None
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@click.command("import-answers")
@click.argument("application")
@click.argument("file", type=click.File("rb"))
@click.option("--files", "folder", type=_folder, help="The folder of the files that the FILE lists.")
@with_appcontext
def import_answers(application: str, file: BinaryIO, folder: Path | None) -> None:
    """Put the answers of a FILE that export-answers wrote into the draft APPLICATION: all of them, or none.

    Questions that the file does not name keep their answers and files.
    """
    try:
        data = json.load(file)
        with transaction():
            made = transfer.bring_in(application, data, now=now(), folder=folder)
    except ValueError as error:  # bytes that are no text are one too
        raise click.ClickException(f"{file.name} is not JSON: {error}.") from None
    except transfer.NoApplication:
        raise click.ClickException(f"There is no application {application}.") from None
    except NoDraft:
        raise click.ClickException("It was submitted already. Only a draft takes answers.") from None
    except transfer.NotAnswers as wrong:
        raise click.ClickException(
            "Nothing was changed. " + " ".join(f"{s}." for s in wrong.problems.values())
        ) from None
    except OSError as fault:
        raise click.ClickException(f"Nothing was changed. A file could not be read: {fault}.") from None
    words = plural(len(data["answers"]), "answer")
    words += f" and {plural(len(data['files']), 'file')}" if data.get("files") else ""
    console.print(f"The draft of {made.person.full_name} has {words} of the file.")


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also the files that were found safe or blocked before.")
@with_appcontext
def rescan(everything: bool) -> None:
    """Check files for viruses that were uploaded without a scanner, or were too large for it."""
    if scanner.configured() is None:
        raise click.ClickException("Set CLAMD_SOCKET first: there is no virus scanner to ask.")
    states = list(ScanState) if everything else [ScanState.NOT_SCANNED, ScanState.TOO_LARGE]
    found: Counter[ScanState] = Counter()
    try:
        with Progress(console=console, transient=True) as progress:
            total = document_queries.number_in(states) + letter_queries.files_in(states)
            task = progress.add_task("Checking files", total=total)
            for state in chain(document_jobs.look_at_all(states), letter_jobs.look_at_all(states)):
                found[state] += 1
                progress.advance(task)
    except (scanner.ScannerDown, storage.StorageDown) as fault:
        raise click.ClickException(f"Stopped after {plural(found.total(), 'file')}: {fault}.") from None
    words = ", ".join(f"{state.label.lower()}: {n:,}" for state, n in sorted(found.items()))
    console.print(f"{plural(found.total(), 'file')} checked. {words}".strip())


@click.command("sweep-files")
@click.option("--hours", default=48, show_default=True, help="Only what was stored at least so long ago.")
@with_appcontext
def sweep_files(hours: int) -> None:
    """Compare store and database now, as a worker does each night: delete left files, mark lost ones."""
    try:
        with console.status("Comparing store and database …"), transaction():
            done = sweep(grace=timedelta(hours=hours))
    except (Suspicious, storage.StorageDown) as fault:
        raise click.ClickException(f"Nothing was changed: {fault}.") from None
    lost = sum(map(len, done.lost.values()))
    deleted = done.deleted + done.unfinished
    console.print(f"{plural(done.objects, 'file')} in the store, {deleted:,} deleted, {lost:,} lost.")


@click.command()
def demo() -> None:
    """Run the portal with a living demo data set: database, worker and web server.  Ctrl-C stops everything."""
    with local() as chosen:
        try:
            serving.check_address(chosen)
        except serving.AddressTaken as error:
            raise address_taken(error) from None
        base_url = chosen.base_url or f"http://localhost:{chosen.port}"
        settings = chosen.model_copy(update={"base_url": base_url})
        prepare(settings)
        console.print("Starting the web server and the worker …")
        code = serving.run_together(
            [["serve"], ["worker"]],
            settings,
            ready=f"http://127.0.0.1:{settings.port}/readyz",
            on_ready=(
                f"\nThe portal is ready: {base_url}\n\n"
                f"  Accounts  {ACCOUNTS}\n  Password  {demo_data.PASSWORD}\n\n"
                "Mail stays on this machine: read it as the admin under Mail.\n"
                "Links in it work, those to new accounts and to letter writers too.\n"
                "Ctrl-C stops everything."
            ),
        )
    sys.exit(code)


@click.command("demo-data")
@click.option("--applications", default=0, help="Load this many generated applications into one large cycle.")
@click.option("--seed", default=demo_data.SEED, show_default=True, help="The same seed makes the same data.")
def demo_data_command(applications: int, seed: int) -> None:
    """Load the demo data, once; with --applications also a large cycle for the benchmarks."""
    with local() as settings:
        prepare(settings, applications=applications, seed=seed)


def prepare(settings: Settings, *, applications: int = 0, seed: int = demo_data.SEED) -> None:
    """Bring the database up to date and load what is missing of the demo data, with progress."""
    from portal import create_app  # here - the factory imports this module

    app = create_app(settings)
    with app.app_context():
        with console.status("Bringing the database up to date …"):
            upgrade(directory=str(MIGRATIONS))
        demo_data.load(console=console, seed=seed)
        if applications:
            demo_data.load_many(applications, console=console, seed=seed)


@contextmanager
def local() -> Iterator[Settings]:
    """Local settings, or a sentence that says why not."""
    try:
        with serving.local_settings(log_format="text", log_level="WARNING") as settings:
            yield settings
    except serving.ProductionSetting:
        raise click.ClickException("The demo does not run with PORTAL_ENV=production.") from None


def address_taken(error: serving.AddressTaken) -> click.ClickException:
    return click.ClickException(f"Something listens on {error} already. Stop it, or set PORT to another port.")


def make_app() -> Flask:
    """The application for a command; a missing setting is one sentence, not a traceback."""
    from portal import create_app  # here - the factory imports this module

    try:
        return create_app()
    except ValidationError as error:
        problems = "; ".join(str(problem["msg"]).removeprefix("Value error, ") for problem in error.errors())
        raise NoAppException(f"The settings are not complete: {problems}. See docs/operations.md.") from None


class Commands(FlaskGroup):
    """The commands; what keeps one from running is a sentence and no traceback."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """A command by its name.  Raises ClickException where it needs the application and a setting is missing."""
        if click.Group.get_command(self, ctx, name) is None:
            try:
                ctx.ensure_object(ScriptInfo).load_app()
            except NoAppException as error:
                raise click.ClickException(error.format_message()) from None
        return super().get_command(ctx, name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (OperationalError, psycopg.OperationalError):
            raise click.ClickException(
                "The database does not answer. Look at DATABASE_URL, and whether it runs."
            ) from None
        except ProgrammingError as error:
            if not isinstance(error.orig, UndefinedTable):
                raise
            raise click.ClickException("The database has no tables yet. Run: portal db upgrade") from None


def main() -> None:
    """The console script `portal`."""
    os.environ.setdefault("FLASK_SKIP_DOTENV", "1")
    group = Commands(create_app=make_app, help="The Primary Care Opportunities portal.")
    group.add_command(demo)
    group.add_command(demo_data_command)
    group()
