"""What crosses features, for admins: one module a noun, all on one blueprint."""

from datetime import timedelta

from flask import render_template

from portal.admin import audit_views, mail_views, people_views, queries, rules, settings_views
from portal.admin.blueprint import bp
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
    return render_template("admin/overview.html", found=found, late=late, Delivery=Delivery)
