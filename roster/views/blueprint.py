"""The blueprint to which the other modules add their routes."""

from flask import Blueprint

pages = Blueprint("roster", __name__)
