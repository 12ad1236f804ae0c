"""What this package asks of those to its right."""

from __future__ import annotations

from markupsafe import Markup

from core.policy import Actor
from core.ports import port
from courses.models import Delivery
from enrollment.models import Enrollment


@port
def certificate_panel(actor: Actor, enrollment: Enrollment) -> Markup:
    """The part of an enrollment's page about its certificate: none yet, or its number, status and file."""


@port
def certificate_reviews(actor: Actor, delivery: Delivery) -> Markup:
    """The part of a delivery's results about certificates that wait for a decision; empty for those who do not decide."""
