"""Jobs of messaging: deliver one message, and look after those that a dead worker left behind."""

from flask import current_app

from portal.core.clock import now
from portal.core.db import transaction
from portal.core.jobs import task
from portal.messaging import actions, queries
from portal.messaging.status import Delivery
from portal.messaging.transport import Doubtful, Later, Refused, compose, send


@task(actions.DELIVER, own_transactions=True)
def deliver(message_id: int) -> None:
    """Try to deliver a message that waits.  A second job for the same message finds it gone on and does nothing.

    "Being sent" is committed first: whatever kills the worker then leaves a message that `sweep` reports as doubtful
    rather than one that goes out twice.
    """
    with transaction():
        message = queries.locked(message_id)
        if message is None or message.state is not Delivery.QUEUED:
            return
        actions.begin(message)
    settings = current_app.config["SETTINGS"]
    with transaction():
        message = queries.locked(message_id)
        assert message is not None
        mail = compose(message, settings.mail_from)
    outcome: Exception | None = None
    try:
        send(mail, settings)
    except (Later, Refused, Doubtful) as error:
        outcome = error
    with transaction():
        _record(message_id, outcome)


def _record(message_id: int, outcome: Exception | None) -> None:
    message = queries.locked(message_id)
    if message is None or message.state not in {Delivery.SENDING, Delivery.UNKNOWN}:
        return
    if outcome is None:
        actions.succeed(message)
    elif message.state is Delivery.UNKNOWN:
        message.last_error = str(outcome)  # swept meanwhile: an admin decides, with this at hand
    elif isinstance(outcome, Later):
        actions.put_off(message, str(outcome))
    elif isinstance(outcome, Refused):
        actions.fail(message, str(outcome))
    else:
        actions.doubt(message, str(outcome))


@task("messaging.sweep", periodic="*/5 * * * *")
def sweep(timestamp: int) -> None:
    """Report messages that a worker left half sent, and give those that lost their job a new one."""
    before = now() - actions.LOST_AFTER
    for message in queries.lost_while_sending(before):
        actions.doubt(message, "The worker stopped between sending and recording. It may have arrived.")
    for message in queries.waiting_without_job(before):
        actions.wait_again(message, due=now())
