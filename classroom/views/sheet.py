"""The attendance list on paper."""

from __future__ import annotations

from typing import Any

from flask import render_template

from classroom.views.blueprint import pages
from core import exports
from core.web import current_actor, requires
from courses.queries import get_delivery_for
from courses.timetable import by_day, local_day
from enrollment.queries import list_seated
from people.permissions import Permission as P


@pages.get("/deliveries/<code>/sheet")
@requires(P.ENROLLMENT_READ)
def sheet(code: str) -> Any:
    """A line for each person, a box for each session of a day."""
    actor = current_actor()
    delivery = get_delivery_for(actor, code, P.ENROLLMENT_READ)
    people = list_seated(actor, delivery)
    days = [(local_day(delivery, sessions[0]), sessions) for sessions in by_day(delivery)]
    page = render_template("classroom/sheet.html", delivery=delivery, people=people, days=days)
    exports.note(actor, "sheet", f"delivery:{delivery.id}", {"rows": len(people)})
    return page
