"""What the worker does for accounts."""

from sqlalchemy import delete

from portal.accounts.models import KeptForm
from portal.accounts.queries import kept_before
from portal.core.db import db
from portal.core.jobs import task


@task("accounts.delete_kept_forms", periodic="17 * * * *")
def delete_kept_forms(timestamp: int) -> None:
    """Delete what people had typed when their session ended and have not asked for within a day."""
    db.session.execute(delete(KeptForm).where(KeptForm.created_at <= kept_before()))
