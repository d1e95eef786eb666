"""The blueprint of what coordinators do to applications."""

from flask import Blueprint

bp = Blueprint("applications_staff", __name__, url_prefix="/manage")
