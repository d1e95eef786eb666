"""What coordinators may do to applications."""

from typing import Any

from portal.accounts.rules import coordinates, scope
from portal.accounts.status import Role
from portal.applications.conversation_models import ConversationMessage
from portal.applications.extension_models import Extension
from portal.applications.extension_queries import apply_together
from portal.applications.models import Application
from portal.applications.revision_models import ChangeRequest
from portal.applications.rules import coordinate_application, leads, took_part
from portal.catalogue.form_models import Form
from portal.catalogue.models import Cycle
from portal.core.access import rule


@rule("application.test")
def start_test(user: Any, form: Form) -> bool:
    """Whoever manages a listing tries any version of its forms."""
    return coordinates(user, form.cycle.opportunity)


@rule("application.invite-myself")
def invite_myself(user: Any, application: Application) -> bool:
    """Whoever made a test application, once it is submitted."""
    return application.is_test and leads(user, application) and application.submitted_at is not None


rule("application.move")(coordinate_application)
rule("note.write")(coordinate_application)


@rule("cycle.advance")
def advance_cycle(user: Any, cycle: Cycle) -> bool:
    """Moving several applications of a cycle at once: coordinators of its listing."""
    return coordinates(user, cycle.opportunity)


rule("extension.grant")(advance_cycle)


@rule("change-request.manage")
def manage_change_request(user: Any, request: tuple[ChangeRequest, Application]) -> bool:
    """Whoever coordinates the application that it is about."""
    return bool(coordinate_application(user, request[1]))


@rule("extension.revoke")
def revoke_extension(user: Any, extension: Extension) -> bool:
    """Coordinators of the listing, except for themselves and their own team."""
    if extension.person_id == user.id or not coordinates(user, extension.cycle.opportunity):
        return False
    return not apply_together(extension.cycle_id, extension.person_id, user.id)


@rule("conversation.list")
def list_conversations(user: Any, _thing: object) -> bool:
    """Whoever coordinates anything; the list holds only what they coordinate."""
    return bool(scope(user, Role.COORDINATOR))


@rule("conversation.answer")
def answer_conversation(user: Any, message: ConversationMessage) -> bool:
    """Coordinators of the listing, also of a draft somebody wrote from; never who has a part in the application."""
    application = message.application
    if application.is_test or took_part(user, application):
        return False
    return coordinates(user, application.cycle.opportunity)
