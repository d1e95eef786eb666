"""Decisions and their letters."""

from flask import Blueprint

bp = Blueprint("selection", __name__, url_prefix="/manage")
