"""Questions that the classroom asks of packages to its right, which it may not import; `app.py`
lists the answers."""

from __future__ import annotations

from markupsafe import Markup

from core.policy import Actor
from core.ports import port
from courses.models import Delivery


@port
def certificate_reviews(actor: Actor, delivery: Delivery) -> Markup:
    """Certificates that wait for a decision, on the page of the delivery's results."""
