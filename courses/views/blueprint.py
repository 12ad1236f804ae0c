"""The blueprint to which the other modules add their routes."""

from flask import Blueprint

pages = Blueprint("courses", __name__)
