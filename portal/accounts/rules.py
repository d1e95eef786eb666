"""What memberships allow, asked by the rules of every feature."""

from dataclasses import dataclass
from typing import Any, Protocol

from portal.accounts.models import Person
from portal.accounts.status import Role
from portal.core.access import rule


class Listed(Protocol):
    """Whatever a role can be scoped to: an opportunity, by itself or through its unit."""

    id: Any
    unit_id: Any


@dataclass(frozen=True)
class Scope:
    """Where somebody holds a role: everywhere, or in these units and for these opportunities."""

    everywhere: bool
    units: frozenset[int]
    opportunities: frozenset[int]

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.units) or bool(self.opportunities)

    def covers(self, opportunity: Listed) -> bool:
        return self.everywhere or opportunity.unit_id in self.units or opportunity.id in self.opportunities


def is_admin(user: Any) -> bool:
    return any(membership.role is Role.ADMIN for membership in user.memberships)


def scope(user: Any, role: Role) -> Scope:
    """Where the user holds the role.  Admins coordinate everywhere; they review only where they are reviewers."""
    held = [membership for membership in user.memberships if membership.role is role]
    return Scope(
        everywhere=role is not Role.REVIEWER and is_admin(user),
        units=frozenset(m.unit_id for m in held if m.unit_id is not None),
        opportunities=frozenset(m.opportunity_id for m in held if m.opportunity_id is not None),
    )


def coordinates(user: Any, opportunity: Listed) -> bool:
    return scope(user, Role.COORDINATOR).covers(opportunity)


def reviews_for(user: Any, opportunity: Listed) -> bool:
    return scope(user, Role.REVIEWER).covers(opportunity)


@rule("workspace.enter")
def enter_workspace(user: Any, _thing: object) -> bool:
    """Everybody with a membership has the staff pages; each of these asks its own rule too."""
    return bool(user.memberships)


@rule("person.manage")
def manage_people(user: Any, _person: Person | None) -> bool:
    return is_admin(user)


@rule("account.use")
def use_account(user: Any, _thing: object) -> bool:
    return bool(user.is_authenticated)


# Flask-Security's routes cannot carry our decorators; this says who may call each, and `guarding` enforces it.
SECURITY_ROUTES: dict[str, str] = {
    "security.login": "public",
    "security.logout": "public",
    "security.register": "public",
    "security.send_confirmation": "public",
    "security.confirm_email": "public",
    "security.forgot_password": "public",
    "security.reset_password": "public",
    "security.two_factor_token_validation": "public",
    "security.mf_recovery": "public",
    "security.wan_signin": "public",
    "security.wan_signin_response": "public",
    "security.verify": "signed-in",
    "security.change_password": "signed-in",
    "security.two_factor_setup": "signed-in",
    "security.mf_recovery_codes": "signed-in",
    "security.wan_register": "signed-in",
    "security.wan_register_response": "signed-in",
    "security.wan_delete": "signed-in",
    "security.wan_verify": "signed-in",
    "security.wan_verify_response": "signed-in",
    # Not used: they answer 404.
    "security.two_factor_rescue": "public",
    "security.two_factor_setup_validate": "public",
    "security.tf_select": "public",
}
UNUSED_ROUTES = ("security.two_factor_rescue", "security.two_factor_setup_validate", "security.tf_select")
