"""Is the process alive (`/healthz`), and can it do its work (`/readyz`): database, migrations, queue."""

from pathlib import Path

from flask import Blueprint, Flask, current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.core.access import public
from portal.core.db import db

bp = Blueprint("health", __name__)

MIGRATIONS = Path(__file__).parent.parent / "migrations"
HEARTBEAT_SECONDS = 60


@bp.get("/healthz")
@public
def healthz() -> dict[str, str]:
    """The process answers; nothing else is asked."""
    return {"status": "ok"}


@bp.get("/readyz")
@public
def readyz() -> tuple[dict[str, str], int]:
    """Every part that a request or a job needs, each `ok` or what is wrong; 503 unless all are."""
    parts = readiness(current_app)
    ready = all(state == "ok" for state in parts.values())
    return {"status": "ok" if ready else "not ready"} | parts, 200 if ready else 503


def readiness(app: Flask) -> dict[str, str]:
    """State by part: `database`, `migrations`, `queue`."""
    try:
        found = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        beating = db.session.scalar(
            text(
                "SELECT count(*) FROM procrastinate_workers"
                " WHERE last_heartbeat > now() - make_interval(secs => :seconds)"
            ),
            {"seconds": HEARTBEAT_SECONDS},
        )
    except SQLAlchemyError as error:
        db.session.rollback()
        app.logger.warning("not ready: %s", type(error).__name__)
        return {"database": "unreachable or without tables", "migrations": "unknown", "queue": "unknown"}
    wanted = migrations_head()
    return {
        "database": "ok",
        "migrations": "ok" if found == wanted else f"at {found}, wanted {wanted}",
        "queue": "ok" if beating else "no worker has reported in the last minute",
    }


def migrations_head() -> str:
    """The newest migration this checkout knows, from the tracked file."""
    return (MIGRATIONS / "HEAD").read_text().strip()
