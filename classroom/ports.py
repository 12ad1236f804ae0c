"""What the classroom asks of those to its right, whom it may not import: `app.py` says who
answers."""

from __future__ import annotations

from markupsafe import Markup

from core.policy import Actor
from core.ports import port
from courses.models import Delivery


@port
def certificate_reviews(actor: Actor, delivery: Delivery) -> Markup:
    """Certificates that wait for a decision, on the page of the delivery's results."""
