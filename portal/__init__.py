"""The Primary Care Opportunities portal.  `create_app` reads as its table of contents."""

from flask import Flask
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import admin, api, applications, catalogue, following, health, letters, reports, review, selection  # noqa: F401
from portal.accounts import mail_views
from portal.accounts import setup as accounts
from portal.admin import views as admin_views
from portal.api import bounces, feeds
from portal.applications import staff_views as application_staff_views
from portal.applications import views as application_views
from portal.catalogue import staff_views as catalogue_staff_views
from portal.catalogue import views as catalogue_views
from portal.cli import register_commands
from portal.config import Settings, flask_config
from portal.core import access, assets, branding, db, jobs, logs, pages, scanner, storage
from portal.endorsements import staff_views as endorsement_views
from portal.following import newsletter_views
from portal.following import views as following_views
from portal.letters.blueprints import letter_blueprints
from portal.privacy import views as privacy_views
from portal.profiles import views as profile_views
from portal.receipts import views as receipt_views
from portal.reports import staff_views as report_views
from portal.review import staff_views as review_staff_views
from portal.review import views as review_views
from portal.selection import letter_views
from portal.selection import staff_views as selection_views
from portal.self_identification import views as self_identification_views


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application.

    In: settings, or None to read them from the environment.  Raises ValidationError when something is missing.
    """
    settings = settings or Settings()
    app = Flask(__name__, template_folder="../templates", static_folder=None)
    app.config.from_mapping(flask_config(settings))
    if settings.proxy_count:
        app.wsgi_app = ProxyFix(app.wsgi_app, settings.proxy_count, settings.proxy_count)  # type: ignore[method-assign]

    logs.init_app(app)
    db.init_app(app)
    Migrate(app, db.db, directory="migrations")
    CSRFProtect(app)
    branding.init_app(app)
    storage.init_app(app)
    scanner.init_app(app)
    jobs.init_app(app)
    pages.init_app(app)
    assets.init_app(app)
    accounts.init_app(app)

    for bp in (
        health.bp,
        catalogue_views.bp,
        feeds.bp,
        following_views.bp,
        newsletter_views.bp,
        profile_views.bp,
        mail_views.bp,
        application_views.bp,
        application_staff_views.bp,
        endorsement_views.bp,
        receipt_views.bp,
        bounces.bp,
        *letter_blueprints,
        review_views.bp,
        review_staff_views.bp,
        report_views.bp,
        selection_views.bp,
        letter_views.bp,
        catalogue_staff_views.bp,
        self_identification_views.bp,
        privacy_views.bp,
        admin_views.bp,
    ):
        app.register_blueprint(bp)
    access.let_machines_in(app)
    register_commands(app)
    return app
