"""The blueprint to which the other modules add their routes."""

from flask import Blueprint

from enrollment.catalogue import dates_words

pages = Blueprint("enrollment", __name__)
pages.add_app_template_filter(dates_words, "dates_words")
