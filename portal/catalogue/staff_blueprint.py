"""The blueprint that the staff pages of the catalogue share."""

from flask import Blueprint

bp = Blueprint("catalogue_staff", __name__, url_prefix="/admin")
