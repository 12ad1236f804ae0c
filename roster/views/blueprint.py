"""The blueprint that the modules beside it add their routes to."""

from flask import Blueprint

pages = Blueprint("roster", __name__)
