"""Listings, cycles, forms, sites and pages as staff edit them."""

from flask import Blueprint

bp = Blueprint("catalogue_staff", __name__, url_prefix="/admin")
