"""The certificates' part of an enrollment's page and of a delivery's results, whose packages
know no certificates."""

from __future__ import annotations

from flask import render_template
from markupsafe import Markup

from certificates import queries
from certificates.reviews import reviews_of
from certificates.snapshot import verify_url
from core.policy import Actor
from courses.models import Delivery
from enrollment.models import Enrollment


def certificate_reviews(actor: Actor, delivery: Delivery) -> Markup:
    """For the page of results: the certificates of a delivery that are under review, for those
    who decide about them."""
    page = render_template("certificates/_reviews.html", reviews=reviews_of(actor, delivery))
    return Markup(page)  # noqa: S704 -- a template's output, escaped there


def certificate_panel(actor: Actor, enrollment: Enrollment) -> Markup:
    """Of someone who completed: none yet, or the last one with its number, status, file and
    verification address."""
    certificates = queries.certificates_of_enrollment(actor, enrollment.id)
    last = certificates[0] if certificates else None
    page = render_template(
        "certificates/_panel.html",
        certificate=last,
        status=last.current_status if last else None,
        before=next(
            (
                certificate
                for certificate in certificates
                if last and certificate.id == last.replaces_id
            ),
            None,
        ),
        verify_url=verify_url(last.token) if last else None,
        suspended_on=queries.suspended_on(last) if last else None,
        is_own=enrollment.person_id == actor.person_id,
    )
    return Markup(page)  # noqa: S704 -- a template's output, escaped there
