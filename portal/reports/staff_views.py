"""The coordinator's dashboard, queue and files."""

from flask import Blueprint

bp = Blueprint("reports", __name__, url_prefix="/manage")
