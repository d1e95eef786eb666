"""What crosses features, for admins: one module a noun, all on one blueprint."""

from datetime import timedelta

from flask import render_template

from portal.admin import audit_views, mail_views, people_views, queries, rules, settings_views
from portal.admin.blueprint import bp
from portal.applications.scan_states import ScanState
from portal.core.access import guard
from portal.core.clock import now
from portal.messaging.status import Delivery

__all__ = ["audit_views", "bp", "mail_views", "people_views", "rules", "settings_views"]

LATE = timedelta(minutes=10)


@bp.get("")
@guard("admin.enter")
def overview() -> str:
    """What needs an admin now, and the way to everything else."""
    found = queries.attention(now())
    late = found.waiting_since is not None and found.waiting_since < now() - LATE
    waits = found.files.get(ScanState.CHECKING)
    return render_template(
        "admin/overview.html",
        found=found,
        late=late,
        Delivery=Delivery,
        unsettled={state.value: found.files.get(state, (0, None))[0] for state in ScanState},
        unchecked_since=waits[1] if waits and waits[1] < now() - LATE else None,
    )
