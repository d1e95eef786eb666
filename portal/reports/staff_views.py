"""The coordinator's dashboard, queue, files, figures and export."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from portal.applications.change_requests import may_open, to_change, to_complete
from portal.applications.conversations import unanswered
from portal.applications.queries import asks_later
from portal.applications.reading import asked_for
from portal.applications.revisions import as_submitted
from portal.applications.sheet import sheet
from portal.applications.staff_queries import notes_of
from portal.applications.status import plain_steps
from portal.catalogue.models import Cycle
from portal.core import audit
from portal.core.access import can, guard
from portal.core.clock import now
from portal.core.pages import zone
from portal.endorsements.queries import of_application as endorsements_of
from portal.letters.staff_queries import panel as letters_panel
from portal.reports import charts, export, figures, files, filters, queries, queue, rules  # noqa: F401 - registers the rules
from portal.reports.filters import Filters
from portal.review.staff_queries import panel, reviewers_for
from portal.selection.queries import panel as decision_panel

bp = Blueprint("reports", __name__, url_prefix="/manage")


@bp.get("")
@guard("workspace.enter")
def dashboard() -> str | BaseResponse:
    """The intakes a coordinator runs and what waits for them; reviewers go to their reviews."""
    if not can(current_user, "queue.enter"):
        return redirect(url_for("review.assignments"), 303)
    intakes = queries.intakes(current_user, now=now())
    return render_template(
        "reports/dashboard.html", intakes=intakes, undelivered=queries.undelivered(current_user),
        unanswered=unanswered(current_user),
    )  # fmt: skip


@bp.get("/cycles", endpoint="queues")
@guard("queue.enter")
def list_cycles() -> str:
    """All cycles whose applications one reads."""
    cut = _cut()
    page = queries.all_cycles(current_user, after=cut["after"], before=cut["before"])
    cycles = [row[0] for row in page.rows]
    tallies = queries.tallies([cycle.id for cycle in cycles])
    phases = {cycle.id: queries.phase(cycle, tallies[cycle.id], now()) for cycle in cycles}
    return render_template("reports/cycles.html", page=page, cycles=cycles, tallies=tallies, phases=phases)


@bp.get("/cycles/<int:cycle_id>", endpoint="queue")
@guard("queue.read", cycle=queries.cycle_by_id)
def show_queue(cycle: Cycle) -> str:
    """The applications of a cycle: views, filters, order and page, all of it in the address."""
    chosen = filters.read(request.args, reader=current_user.id)
    counts = queries.counts(cycle)
    listing = queue.page(cycle, chosen, counts.tally, **_cut())
    return render_template(
        "reports/queue.html", cycle=cycle, filters=chosen, counts=counts, listing=listing, sites=queries.sites(),
        reviewers=[(person.id, person.full_name) for person in reviewers_for(cycle.opportunity)],
        views=_views(cycle, chosen, counts), options=filters,
        cap=queue.CAP, invites=asks_later(cycle.id),
    )  # fmt: skip


def _cut() -> dict[str, Any]:
    """Where a page begins; of several cursors the first counts."""
    after, before = request.args.get("after", ""), request.args.get("before", "")
    last = request.args.get("last") == "1" and not after and not before
    return {"after": after, "before": "" if after else before, "last": last}


def _views(cycle: Cycle, chosen: Filters, counts: queries.Counts) -> list[tuple[str, str, str, bool]]:
    """The saved views: words, address, number, and whether it is the one on show."""
    found = [("All", Filters(), f"{queue.total(counts.tally, Filters()):,}")]
    for key, stage in filters.STAGES.items():
        if stage.is_view:
            found.append((stage.label, Filters(stage=key), f"{queries.among(counts.tally, stage.statuses):,}"))
    numbers = {filters.NEEDS_REVIEWER: counts.needing, filters.WIDE_SPREAD: counts.wide}
    for flag, words in filters.FLAGS.items():
        found.append((words, Filters(flag=flag), queries.capped(numbers[flag])))
    return [(words, _address(cycle, view), n, chosen.any_order == view) for words, view, n in found]


def _address(cycle: Cycle, view: Filters) -> str:
    arguments: dict[str, Any] = dict(view.arguments())
    return url_for("reports.queue", cycle_id=cycle.id, **arguments)


@bp.get("/cycles/<int:cycle_id>/figures", endpoint="figures")
@guard("report.read", cycle=queries.cycle_by_id)
def show_figures(cycle: Cycle) -> str:
    """Charts of one cycle, each with its numbers as a table."""
    counts = queries.counts(cycle)
    done, asked, complete = figures.reviews(cycle)
    stages = figures.funnel(counts.tally, complete)
    reviewers, (scores, mean) = figures.load(cycle, now()), figures.scores(cycle)
    return render_template(
        "reports/figures.html", cycle=cycle, counts=counts, done=done, asked=asked, stages=stages,
        funnel=charts.funnel(stages), load=charts.load(reviewers), reviewers=reviewers, scores=scores, mean=mean,
        score_bars=charts.scores(scores), mean_x=charts.score_x(mean) if mean is not None else None,
        **_progress(cycle),
    )  # fmt: skip


def _progress(cycle: Cycle) -> Mapping[str, Any]:
    """The chart of submissions, beside those of the cycle before; nothing to draw before a cycle opens."""
    if cycle.opens_at is None or cycle.opens_at > now():
        return {"progress": None, "previous": None, "by_day": [], "deadline": None}
    before = figures.previous(cycle)
    before = before if before is not None and before.closes_at is not None and cycle.closes_at is not None else None
    by_day = figures.submissions([one for one in (cycle, before) if one is not None], zone())
    today = now().astimezone(zone()).date()
    ends = cycle.closes_at.astimezone(zone()).date() if cycle.closes_at else today
    drawn = charts.progress(
        by_day[cycle.id],
        by_day[before.id] if before else [],
        starts=cycle.opens_at.astimezone(zone()).date(),
        ends=ends,
        last_ends=before.closes_at.astimezone(zone()).date() if before and before.closes_at else None,
        today=today,
    )
    return {"progress": drawn, "previous": before, "by_day": by_day[cycle.id], "deadline": cycle.closes_at}


@bp.get("/cycles/<int:cycle_id>/export.csv", endpoint="export")
@guard("queue.read", cycle=queries.cycle_by_id)
def export_queue(cycle: Cycle) -> Response:
    """The queue as a file, through the same filters; recorded before the first line leaves."""
    chosen = filters.read(request.args, reader=current_user.id)
    found = queue.count(cycle, chosen)
    audit.record_read(
        current_user._get_current_object(), "application.exported", cycle, count=found, filters=chosen.arguments()
    )
    response = Response(export.stream(cycle, chosen, zone=zone()), mimetype="text/csv")
    stamp = now().astimezone(zone())
    response.headers["Content-Disposition"] = f'attachment; filename="{cycle.code}-{stamp:%Y-%m-%d}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/applications/<int:application_id>", endpoint="application")
@guard("file.read", application=files.file_by_id)
def show_file(application: files.File) -> str:
    """One application with all that staff know of it; that it was read is recorded first."""
    it = application.application
    parts = sheet(as_submitted(it))
    reading = asked_for(parts, page=audit.Read("application.read", it))
    return render_template(
        "reports/application.html", application=it, file=application, parts=parts, reading=reading,
        history=files.history(it), review_panel=panel(it),
        decision_panel=decision_panel(it),
        letters_panel=letters_panel(it, by=current_user),
        moves=plain_steps(it.status), notes=notes_of(it.id), may_open=may_open(it),
        may_ask=bool(to_change(it)), may_invite=bool(to_complete(it)),
        endorsements=endorsements_of(it.id) if it.cycle.endorser else [],
    )  # fmt: skip
