"""What the worker does: copies of people's data, and deleting what was kept long enough."""

from procrastinate import RetryStrategy

from portal.core.clock import now
from portal.core.db import transaction
from portal.core.jobs import task
from portal.privacy import actions, copying

TRIES = 6


@task(copying.MAKE_COPY, retry=RetryStrategy(max_attempts=TRIES, exponential_wait=5), own_transactions=True)
def make_copy(copy_id: int) -> None:
    """Make a copy of somebody's data; a store that is down is tried again."""
    copying.make_copy(copy_id, now=now())


@task("privacy.delete_old_copies", periodic="23 * * * *")
def delete_old_copies(timestamp: int) -> None:
    """Delete copies whose days are over."""
    copying.delete_old_copies(now())


@task("privacy.give_up_copies", periodic="53 * * * *")
def give_up_copies(timestamp: int) -> None:
    """Say of copies that nobody could make in a day that they failed, so that people ask again."""
    copying.give_up_old(now())


@task("privacy.forget_old_mail", periodic="37 6 * * *")
def forget_old_mail(timestamp: int) -> None:
    """Delete mail that no application takes with it and that is a year old."""
    actions.forget_old_mail(now())


@task("privacy.purge", periodic="7 6 * * *", own_transactions=True)
def purge(timestamp: int) -> None:
    """Delete what was kept long enough, once a day, some in each transaction."""
    deleted = actions.AT_ONCE
    while deleted == actions.AT_ONCE:
        with transaction():
            deleted = actions.purge(now())
