"""A portal of its own for a load script: an empty, migrated database and a data folder, gone afterwards."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask_migrate import upgrade

from portal import create_app
from portal.config import Settings
from portal.core import embedded
from portal.health import MIGRATIONS
from portal.serving import local_settings


@contextmanager
def fresh_portal() -> Iterator[Settings]:
    """Settings of a portal that nobody has used yet; the database stops at the end."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        os.environ["DATA_DIR"] = folder
        try:
            with local_settings(throttling=False, log_level="ERROR") as settings:
                with create_app(settings).app_context():
                    upgrade(directory=str(MIGRATIONS))
                yield settings
        finally:
            embedded.remove(Path(folder))
