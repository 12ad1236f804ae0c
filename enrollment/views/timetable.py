"""Sessions as pages show them: by day, with the calendar date of the place."""

from __future__ import annotations

from datetime import date
from itertools import groupby

from core.i18n import locale
from courses.models import Delivery, DeliverySession
from courses.timetable import today_in
from enrollment.catalogue import days_words


def local_day(delivery: Delivery, session: DeliverySession) -> date:
    """The date on which the session begins, where it is held."""
    return today_in(delivery.time_zone, session.starts_at)


def by_day(delivery: Delivery) -> list[list[DeliverySession]]:
    """The sessions of each day, in order."""
    return [list(sessions) for _day, sessions in groupby(delivery.sessions, key=lambda session: session.day)]


def dates_words(delivery: Delivery) -> str:
    """ "8–10 March 2027"."""
    return days_words(delivery.starts_on, delivery.ends_on, locale())


def cut_reason(delivery: Delivery) -> str | None:
    """Why the delivery ends early; None when all of its sessions are held."""
    return next((session.cancel_reason for session in delivery.sessions if session.is_cancelled), None)
