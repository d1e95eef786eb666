"""Requests whose mail came back: the request says so, and the applicant is told what to do."""

from datetime import datetime

from portal.core import clock
from portal.core.db import db
from portal.letters import queries
from portal.letters.models import LetterRequest
from portal.letters.moves import end_links, move, new_link, note_event, write_to_asker, write_to_writer
from portal.letters.rules import deadline, plan_of
from portal.letters.status import WAITING, By, State
from portal.messaging.listeners import listen
from portal.messaging.models import Message
from portal.messaging.status import BounceKind

ASKING = frozenset({"letter_requested", "letter_reminder"})
ASSISTING = "letter_assistant"


@listen
def came_back(message: Message, kind: BounceKind) -> None:
    """Mark the request whose mail will never arrive; what came back from an address since corrected says nothing.

    Mail of an assistant that came back ends the assistant's link, and the writer is told.  Complaints change no
    request: the mail arrived.
    """
    if message.thing_type != LetterRequest.__tablename__ or kind is not BounceKind.HARD:
        return
    request = db.session.get(LetterRequest, message.thing_id)
    if request is None:
        return
    request = queries.locked(request)
    now = clock.now()
    if message.template == ASSISTING:
        _end_assistant(request, message, now)
    elif (
        message.template in ASKING
        and request.state in WAITING
        and message.to_address.casefold() == request.writer_address.casefold()
    ):
        move(request, State.BOUNCED, by=By.PORTAL, person=None, now=now, note=message.last_error)
        write_to_asker("letter_bounced", request)


def _end_assistant(request: LetterRequest, message: Message, now: datetime) -> None:
    assistant = request.assistant
    if assistant is not None and assistant.address.casefold() == message.to_address.casefold():
        assistant.came_back_at = now
        end_links(request, now=now, assistants_only=True)
        token = new_link(request, now=now)
        plan = plan_of(request.cycle_id)
        due_at = deadline(plan, request.application) if plan else None
        write_to_writer("letter_assistant_bounced", request, token=token, assistant=assistant, due_at=due_at)
        words = f"The mail to {assistant.name} came back."
        note_event(request, request.state, by=By.PORTAL, person=None, now=now, note=words)
