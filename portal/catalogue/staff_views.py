"""Listings, cycles, forms, sites and pages as staff edit them: one module a noun, all on one blueprint."""

from portal.catalogue import (
    jobs,
    rules,
    staff_cycles,
    staff_forms,
    staff_opportunities,
    staff_places,
    staff_removals,
    staff_versions,
)
from portal.catalogue.staff_blueprint import bp

# Importing them registers their routes, rules and periodic tasks.
__all__ = [
    "bp",
    "jobs",
    "rules",
    "staff_cycles",
    "staff_forms",
    "staff_opportunities",
    "staff_places",
    "staff_removals",
    "staff_versions",
]
