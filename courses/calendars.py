"""A delivery as a calendar file (RFC 5545): one event per session, at instants in UTC, which no calendar misreads."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask_babel import gettext as _

from core.i18n import text
from courses.models import Delivery, DeliverySession, DeliveryStatus

if TYPE_CHECKING:
    from icalendar import Event


def calendar(delivery: Delivery, address: str) -> bytes:
    """The file. `address` is the page of the delivery. Identifiers stay the same and `SEQUENCE` grows with every change, so
    that a calendar replaces what it has."""
    from icalendar import Calendar  # eighty modules that only this file needs

    made = Calendar()
    made.add("prodid", "-//Rostrum//Deliveries//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", f"{delivery.code}: {text(delivery.course.title)}")
    made.add("x-wr-timezone", delivery.time_zone)
    for session in delivery.sessions:
        made.add_component(_event(delivery, session, address))
    return made.to_ical()


def _event(delivery: Delivery, session: DeliverySession, address: str) -> Event:
    from icalendar import Event

    is_cancelled = delivery.status is DeliveryStatus.CANCELLED
    event = Event()
    event.add("uid", f"delivery-{delivery.id}-session-{session.number}@{urlsplit(address).hostname}")
    event.add("dtstamp", delivery.published_at)
    event.add("sequence", delivery.rev)
    event.add("dtstart", session.starts_at)
    event.add("dtend", session.ends_at)
    event.add("summary", _("%(code)s: %(title)s", code=delivery.code, title=text(session.title)))
    event.add("description", text(delivery.course.title))
    event.add("location", delivery.venue)
    event.add("url", address)
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    return event


def filename(delivery: Delivery) -> str:
    """A name that every system can keep."""
    plain = unicodedata.normalize("NFKD", delivery.code).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip(".-") + ".ics"
