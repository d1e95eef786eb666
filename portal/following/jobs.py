"""What the worker does for those who follow something."""

from portal.core.clock import now
from portal.core.db import transaction
from portal.core.jobs import task
from portal.following import actions, newsletter_actions


@task("following.tell_openings", periodic="*/10 * * * *", own_transactions=True)
def tell_openings(timestamp: int) -> None:
    """Tell of listings that have opened, some hundred mails in a transaction."""
    told = actions.AT_ONCE
    while told == actions.AT_ONCE:
        with transaction():
            told = actions.tell_openings(now())


@task("following.tell_searches", periodic="0 12 * * *", own_transactions=True)
def tell_searches(timestamp: int) -> None:
    """Tell once a day what searches find newly open; at noon UTC, which is breakfast in the East."""
    last = 0
    while True:
        with transaction():
            last = actions.tell_searches(last, now())
        if not last:
            return


@task("following.forget_unconfirmed", periodic="41 3 * * *")
def forget_unconfirmed(timestamp: int) -> None:
    """Forget addresses that were never confirmed."""
    actions.forget_unconfirmed(now())
    newsletter_actions.forget_unconfirmed(now())
