"""Pages, a module per journey; each adds its routes to `pages`."""

from enrollment.views import (
    apply,
    catalogue,
    check_nominations,
    delivery,
    entering,
    identity,
    mine,
    needs,
    nominate,
    nominate_person,
    nominations,
    selection,
)
from enrollment.views.blueprint import pages

__all__ = [
    "apply",
    "catalogue",
    "check_nominations",
    "delivery",
    "entering",
    "identity",
    "mine",
    "needs",
    "nominate",
    "nominate_person",
    "nominations",
    "pages",
    "selection",
]
