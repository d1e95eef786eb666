"""Commands; each calls one action."""

from flask import Flask


def register_commands(app: Flask) -> None:
    """Attach the commands to the application."""


def main() -> None:
    """The console script `portal`."""
    from flask.cli import FlaskGroup  # noqa: PLC0415

    from portal import create_app  # imported here: the factory imports this module

    FlaskGroup(create_app=create_app)()
