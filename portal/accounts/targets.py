"""The page somebody came for, carried from signing in through registering and the mail that confirms the address."""

from flask import request

from portal.core.pages import local_path

CAME_FOR = "came_for"  # Flask-Security takes `next` for where to go at once
LONGEST_TARGET = 500  # it stands in a mail


def asked_for_page() -> str:
    """The `came_for` of the present request when it is a path of ours that a mail can carry, else an empty string.

    What was kept of a form is no such page: it belongs to one browser, and the mail may be opened in another.
    """
    target = local_path(request.values.get(CAME_FOR, ""), "")
    return target if len(target) <= LONGEST_TARGET and not target.startswith("/kept/") else ""
