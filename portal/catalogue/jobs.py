"""What the catalogue does by the clock."""

from portal.catalogue.actions import publish_due
from portal.core.jobs import task


@task("catalogue.publish_due", periodic="* * * * *", lock="catalogue.publish_due")
def publish_scheduled(timestamp: int) -> None:
    """Make public what is due; in: the tick's time in seconds, which the job does not need."""
    publish_due()
