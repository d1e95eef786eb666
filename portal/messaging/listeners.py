"""What features above this one do when a message comes back: each registers a function when it is imported."""

from collections.abc import Callable

from portal.messaging.models import Message
from portal.messaging.status import BounceKind

Listener = Callable[[Message, BounceKind], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> Listener:
    """Have the function called, in the transaction, for each message that came back or was complained about."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def tell(message: Message, kind: BounceKind) -> None:
    """Let all listeners know of a message that will never arrive, or that somebody did not want."""
    for listener in _listeners:
        listener(message, kind)
