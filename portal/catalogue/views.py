"""The finder, listings, sites and pages."""

from flask import Blueprint

bp = Blueprint("catalogue", __name__)
