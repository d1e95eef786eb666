"""A form that acts once: pressed twice on a slow line, or sent again by going back, it answers twice and acts once.

The page carries a token.  The first to come with it and with these words leaves a row in the transaction of what it
does, for which a second one waits.  Other words under the same token are something else to do.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from wtforms import HiddenField

from portal.core.clock import now
from portal.core.db import Model, db

KEPT = timedelta(days=1)


class Sent(Model):
    """That a form was sent: `key` is a hash of all of it, `location` where its answer led, or to what on its page."""

    __tablename__ = "sent_form"

    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    location: Mapped[str] = mapped_column(server_default="")


def new_token() -> str:
    """A token for a page: also as `once_token()` in templates that write a form without its class."""
    return secrets.token_urlsafe(16)


class OnceForm(FlaskForm):  # type: ignore[misc]
    """A form whose page carries a token: `{{ form.once() }}` stands beside the other hidden fields."""

    once = HiddenField(default=new_token)

    def sent(self, *, by: Any) -> tuple[Sent, bool]:
        """Note that somebody sends this form, as it stands, to the present address.

        Out: the row, and whether it is the first of its kind; a second one finds the `location` that the first left.
        """
        data = sorted((name, str(value)) for name, value in self.data.items() if name != "csrf_token")
        key = hashlib.sha256(repr((by.id, request.path, data)).encode(errors="surrogatepass")).hexdigest()
        made = insert(Sent).values(key=key, at=now()).on_conflict_do_nothing().returning(Sent.key)
        is_first = db.session.scalar(made) is not None
        return db.session.get_one(Sent, key), is_first


def forget(*, before: datetime) -> int:
    """Delete the rows of what was sent before that moment.  Out: how many."""
    gone = db.session.scalars(delete(Sent).where(Sent.at < before).returning(Sent.key))
    return len(gone.all())
