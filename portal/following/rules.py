"""Who may follow what, and whose it is."""

from typing import Any

from portal.catalogue.models import Opportunity
from portal.catalogue.status import Publication
from portal.core.access import Refusal, can, rule
from portal.following.models import Follow
from portal.following.newsletter_models import Newsletter


@rule("listing.follow")
def follow_listing(user: Any, opportunity: Opportunity) -> bool:
    """Anybody, signed in or not, a listing that is public."""
    return opportunity.state is Publication.PUBLISHED


@rule("listing.keep")
def keep_listing(user: Any, opportunity: Opportunity) -> bool:
    """Whoever is signed in keeps a public listing among their own."""
    return bool(user.is_authenticated) and opportunity.state is Publication.PUBLISHED


@rule("follow.end")
def end_follow(user: Any, follow: Follow) -> bool:
    """Whoever began it; those without an account use the link in each mail."""
    return follow.person_id is not None and follow.person_id == user.id


@rule("newsletter.manage")
def manage_newsletter(user: Any, newsletter: Newsletter) -> bool | Refusal:
    """Whoever manages its listing."""
    return can(user, "opportunity.manage", newsletter.opportunity)
