"""Calendar files."""

from __future__ import annotations

from flask import Response, current_app, url_for

from core.caching import revalidated_page
from core.policy import ANONYMOUS
from core.settings import settings_of
from core.web import current_actor, public
from courses import queries
from courses.calendars import calendar, filename, shown
from courses.views.blueprint import pages


@pages.get("/deliveries/<code>.ics")
@public
@revalidated_page(current_actor)
def delivery_calendar(code: str) -> Response:
    """Public once published: the same file for everyone; a draft looks like an unknown code."""
    delivery = queries.get_delivery(ANONYMOUS, code)
    address = settings_of().public_url + url_for("enrollment.delivery", code=code)
    facts = shown(delivery)
    file = calendar(
        delivery, facts, address, issuer=delivery.centre.titles, contact=delivery.centre.contact
    )
    response = current_app.response_class(file, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Language"] = facts.language
    response.headers["Content-Disposition"] = f'attachment; filename="{filename(delivery)}"'
    return response
