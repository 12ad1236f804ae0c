"""The lifecycle of a delivery."""

from __future__ import annotations

from accounts.roles import Permission
from core.lifecycles import Machine, Transition
from courses.events import DeliveryCancelled, DeliveryFinished, DeliveryPublished
from courses.models import DeliveryStatus as S

DELIVERY = Machine(
    S.DRAFT,
    [
        Transition("publish", frozenset({S.DRAFT}), S.PUBLISHED, Permission.DELIVERY_WRITE, lambda d, before: DeliveryPublished(d.id)),
        Transition(
            "cancel", frozenset({S.DRAFT, S.PUBLISHED}), S.CANCELLED, Permission.DELIVERY_WRITE,
            lambda d, before: DeliveryCancelled(d.id),
        ),
        Transition("finish", frozenset({S.PUBLISHED}), S.FINISHED, Permission.DELIVERY_FINISH, lambda d, before: DeliveryFinished(d.id)),
    ],
)
