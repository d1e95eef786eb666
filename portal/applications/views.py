"""The applicant's own pages."""

from flask import Blueprint

bp = Blueprint("applications", __name__, url_prefix="/applications")
