"""Feeds of openings for machines."""

from flask import Blueprint

bp = Blueprint("api", __name__)
