"""A delivery as a calendar file (RFC 5545), in the language it is held in: one event per session, at instants in UTC, which
no calendar misreads. Identifiers stay the same wherever the site moves, and `SEQUENCE` grows only when what a calendar shows
has changed, so that a calendar replaces what it has and tells people of nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from core.i18n import country_name, in_language, text
from core.text import normalized
from courses.models import Delivery, DeliverySession, DeliveryStatus

if TYPE_CHECKING:
    from icalendar import Event, vCalAddress


def calendar(delivery: Delivery, address: str, *, issuer: Mapping[str, str], contact: str) -> bytes:
    """The file. `address` is the page of the delivery; `issuer` (its name by language) and `contact` (an e-mail address) make
    the organizer."""
    from icalendar import Calendar  # eighty modules that only this file needs

    with in_language(delivery.language):
        made = Calendar()
        made.add("prodid", "-//Rostrum//Deliveries//EN")
        made.add("version", "2.0")
        made.add("calscale", "GREGORIAN")
        made.add("method", "PUBLISH")
        made.add("x-wr-calname", f"{delivery.code}: {text(delivery.course.title)}")
        made.add("x-wr-timezone", delivery.time_zone)
        organizer = _organizer(text(issuer), contact)
        for session in delivery.sessions:
            made.add_component(_event(delivery, session, address, organizer))
        return made.to_ical()


def _organizer(name: str, contact: str) -> vCalAddress:
    from icalendar import vCalAddress, vText

    organizer = vCalAddress(f"mailto:{contact}")
    organizer.params["CN"] = vText(name)
    return organizer


def _event(delivery: Delivery, session: DeliverySession, address: str, organizer: vCalAddress) -> Event:
    from icalendar import Event

    is_cancelled = delivery.status is DeliveryStatus.CANCELLED
    title = _("%(code)s: %(title)s", code=delivery.code, title=text(session.title))
    about = [text(delivery.course.title), *([_("Cancelled: %(reason)s", reason=delivery.cancel_reason)] if is_cancelled else [])]
    in_its_language = {"LANGUAGE": delivery.language}
    event = Event()
    event.add("uid", f"{delivery.calendar_uid}-{session.number}")
    event.add("dtstamp", delivery.calendar_changed_at)
    event.add("last-modified", delivery.calendar_changed_at)
    event.add("sequence", delivery.calendar_sequence)
    event.add("dtstart", session.starts_at)
    event.add("dtend", session.ends_at)
    event.add("summary", _("Cancelled: %(title)s", title=title) if is_cancelled else title, parameters=in_its_language)
    event.add("description", "\n".join(about), parameters=in_its_language)
    event.add("location", f"{delivery.venue}, {country_name(delivery.country)}", parameters=in_its_language)
    event.add("organizer", organizer)
    event.add("url", address)
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    return event


def filename(delivery: Delivery) -> str:
    """A name that every system can keep."""
    plain = normalized("NFKD", delivery.code).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip(".-") + ".ics"
