"""The lifecycle of a delivery."""

from __future__ import annotations

from accounts.roles import Permission
from core.lifecycles import Machine, Transition
from courses.events import DeliveryCancelled, DeliveryFinished, DeliveryPublished
from courses.models import DeliveryStatus as S

_DRAFT, _PUBLISHED = frozenset({S.DRAFT}), frozenset({S.PUBLISHED})
_RUNNING = _DRAFT | _PUBLISHED

#: A delivery in one of these may still be changed or called off.
CHANGEABLE = _RUNNING

DELIVERY = Machine(
    S.DRAFT,
    [
        Transition("publish", _DRAFT, S.PUBLISHED, Permission.DELIVERY_WRITE, lambda d, before: DeliveryPublished(d.id)),
        Transition("cancel", _RUNNING, S.CANCELLED, Permission.DELIVERY_WRITE, lambda d, before: DeliveryCancelled(d.id)),
        Transition("finish", _PUBLISHED, S.FINISHED, Permission.DELIVERY_FINISH, lambda d, before: DeliveryFinished(d.id)),
    ],
)
