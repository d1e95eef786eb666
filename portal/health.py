"""Is the process alive, and can it do its work."""

from flask import Blueprint

bp = Blueprint("health", __name__)
