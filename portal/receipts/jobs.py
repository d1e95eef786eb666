"""Jobs of receipts: the PDF of each is made once and kept, since its bytes are what it is checked by."""

from datetime import timedelta

from procrastinate import RetryStrategy

from portal.core import storage
from portal.core.clock import now
from portal.core.db import db
from portal.core.jobs import enqueue, task
from portal.messaging.rendering import absolute_url
from portal.receipts import actions, queries

LOST_AFTER = timedelta(minutes=10)


@task(actions.MAKE_PDF, retry=RetryStrategy(max_attempts=8, exponential_wait=4))
def make_pdf(receipt_id: int) -> None:
    """Make and keep the PDF of a receipt; a second job for the same one does nothing."""
    held = queries.held(receipt_id)
    if held is None:
        return
    key = actions.keep_pdf(held, check_url=absolute_url("receipts.check"))
    try:
        db.session.flush()
    except BaseException:
        if key is not None:
            storage.delete(key)
        raise


@task("receipts.sweep", periodic="*/10 * * * *")
def sweep(timestamp: int) -> None:
    """Give receipts without a PDF a new job: theirs was lost, or its tries were used up."""
    for receipt_id in queries.without_pdf(now() - LOST_AFTER):
        enqueue(actions.MAKE_PDF, receipt_id=receipt_id)
