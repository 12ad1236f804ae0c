"""A delivery as a calendar file (RFC 5545), in its language: one event per session, in UTC, which
every calendar reads correctly. Identifiers survive a move of the site. `SEQUENCE` rises only when
something shown has changed, so that calendars update and notify only then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from core.i18n import country_name, in_language, locale, text
from core.text import normalized
from courses.models import Delivery, DeliverySession, DeliveryStatus

if TYPE_CHECKING:
    from icalendar import Event, vCalAddress

#: Properties by name, each with its value and parameters.
Properties = dict[str, tuple[Any, dict[str, str]]]


@dataclass(frozen=True)
class Shown:
    """What a delivery's calendar shows. The file is built from it, and a difference raises
    `SEQUENCE`."""

    language: str
    calendar: Properties
    events: list[Properties]


def shown(delivery: Delivery) -> Shown:
    """In the delivery's language, or in English if the site does not have it."""
    with in_language(delivery.language):
        name, zone = f"{delivery.code}: {text(delivery.course.title)}", delivery.time_zone
        calendar: Properties = {"x-wr-calname": (name, {}), "x-wr-timezone": (zone, {})}
        return Shown(
            locale(), calendar, [_properties(delivery, session) for session in delivery.sessions]
        )


def _properties(delivery: Delivery, session: DeliverySession) -> Properties:
    reason = (
        delivery.cancel_reason
        if delivery.status is DeliveryStatus.CANCELLED
        else session.cancel_reason
    )
    is_cancelled = delivery.status is DeliveryStatus.CANCELLED or session.is_cancelled
    title = _("%(code)s: %(title)s", code=delivery.code, title=text(session.title))
    description = [
        text(delivery.course.title),
        *([_("Cancelled: %(reason)s", reason=reason)] if is_cancelled else []),
    ]
    return {
        "dtstart": (session.starts_at, {}),
        "dtend": (session.ends_at, {}),
        "summary": (
            _("Cancelled: %(title)s", title=title) if is_cancelled else title,
            _language_of(session.title),
        ),
        "description": ("\n".join(description), _language_of(delivery.course.title)),
        "location": (f"{delivery.venue}, {country_name(delivery.country)}", {"LANGUAGE": locale()}),
        "status": ("CANCELLED" if is_cancelled else "CONFIRMED", {}),
    }


def _language_of(title: Mapping[str, str]) -> dict[str, str]:
    """The parameter LANGUAGE, if the title's language differs from that of the words around it."""
    return {"LANGUAGE": locale()} if title.get(locale()) else {}


def calendar(
    delivery: Delivery, facts: Shown, address: str, *, issuer: Mapping[str, str], contact: str
) -> bytes:
    """The file. `address` is the delivery's page; `issuer` (its name by language) and `contact` (an
    email address) form the organizer."""
    from icalendar import Calendar  # eighty modules that only this file needs

    ical = Calendar()
    ical.add("prodid", "-//Rostrum//Deliveries//EN")
    ical.add("version", "2.0")
    ical.add("calscale", "GREGORIAN")
    ical.add("method", "PUBLISH")
    _add(ical, facts.calendar)
    organizer = _organizer(text(issuer, facts.language), contact)
    for session, properties in zip(delivery.sessions, facts.events, strict=True):
        ical.add_component(_event(delivery, session, properties, address, organizer))
    return ical.to_ical()


def _add(component: Any, properties: Properties) -> None:
    for name, (value, parameters) in properties.items():
        component.add(name, value, parameters=parameters)


def _organizer(name: str, contact: str) -> vCalAddress:
    from icalendar import vCalAddress, vText

    organizer = vCalAddress(f"mailto:{contact}")
    organizer.params["CN"] = vText(name)
    return organizer


def _event(
    delivery: Delivery,
    session: DeliverySession,
    properties: Properties,
    address: str,
    organizer: vCalAddress,
) -> Event:
    from icalendar import Event

    event = Event()
    event.add("uid", f"{delivery.calendar_uid}-{session.number}")
    event.add("dtstamp", delivery.calendar_changed_at)
    event.add("last-modified", delivery.calendar_changed_at)
    event.add("sequence", delivery.calendar_sequence)
    _add(event, properties)
    event.add("organizer", organizer)
    event.add("url", address)
    return event


def filename(delivery: Delivery) -> str:
    """A file name that is valid on every system."""
    plain = normalized("NFKD", delivery.code).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip(".-") + ".ics"
