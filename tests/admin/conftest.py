"""What the tests of the admin pages share."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from portal.accounts.models import Person
from portal.core import audit
from portal.core.audit import Event
from tests import factories
from tests.page_client import PageClient


@pytest.fixture
def admin(client: PageClient) -> Person:
    """Somebody who runs the portal, signed in."""
    who = factories.admin(email="gideon@example.org")
    client.sign_in(who)
    return who


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What was recorded in transactions of its own, which on a test's one connection would not outlive a reading."""
    events: list[Event] = []

    @contextmanager
    def transaction() -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(add_all=events.extend)

    monkeypatch.setattr(audit, "separate_transaction", transaction)
    return events
