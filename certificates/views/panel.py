"""What stands of a certificate on the page of the enrollment that it rests on. The enrollment room does not know certificates:
app.py hands it this panel."""

from __future__ import annotations

from flask import render_template
from markupsafe import Markup

from certificates import queries
from certificates.snapshot import verify_url
from core import clock
from core.policy import Actor
from enrollment.models import Enrollment


def certificate_panel(actor: Actor, enrollment: Enrollment) -> Markup:
    """Of somebody who completed: none yet, or the last one with its number, status, file and verification address."""
    found = queries.certificates_of_enrollment(actor, enrollment.id)
    last = found[0] if found else None
    page = render_template(
        "certificates/_panel.html",
        certificate=last,
        status=last.status_on(clock.today()) if last else None,
        before=next((one for one in found if last and one.id == last.replaces_id), None),
        verify_url=verify_url(last.token) if last else None,
        suspended_on=queries.suspended_on(last) if last else None,
        is_own=enrollment.person_id == actor.person_id,
    )
    return Markup(page)  # noqa: S704 -- a template's output, escaped there
