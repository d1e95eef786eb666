"""Flask-Security, set up: which of its features are on, in our words and templates, under the commit rule."""

from datetime import timedelta
from typing import Any

from flask import Flask
from flask_security import Security, SQLAlchemyUserDatastore
from flask_security.core import AnonymousUser

from portal.accounts.models import Membership, Passkey, Person
from portal.config import Settings
from portal.core.db import db


class Datastore(SQLAlchemyUserDatastore):
    """Flask-Security's datastore, except that it never commits: the commit rule does."""

    def commit(self) -> None:
        """Make the change visible to the rest of the request; the commit rule decides whether it stays."""
        self.db.session.flush()


class Visitor(AnonymousUser):  # type: ignore[misc]
    """Somebody who is not signed in."""

    memberships: tuple[Membership, ...] = ()
    id = None
    time_zone = ""


datastore = Datastore(db, Person, Membership, Passkey)


def init_app(app: Flask) -> None:
    """Attach accounts to the application."""
    app.config.from_mapping(security_config(app.config["SETTINGS"]))
    Security(app, datastore)
    app.login_manager.anonymous_user = Visitor  # type: ignore[attr-defined]


def security_config(settings: Settings) -> dict[str, Any]:
    """Every setting of Flask-Security that differs from its default, with the reason where it is not plain."""
    return {
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SALT": settings.password_salt,
        "SECURITY_PASSWORD_LENGTH_MIN": 12,
        "SECURITY_PASSWORD_COMPLEXITY_CHECKER": None,
        "SECURITY_TRACKABLE": True,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_REMEMBER_ME_DEFAULT": False,
        "SECURITY_FRESHNESS": timedelta(minutes=30),
    }
