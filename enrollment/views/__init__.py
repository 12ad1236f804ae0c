"""Pages, a module per journey; each adds its routes to `pages`."""

from enrollment.views import (
    apply,
    attendance,
    catalogue,
    check_nominations,
    delivery,
    finish,
    identity,
    mine,
    needs,
    nominate,
    nominate_person,
    nominations,
    scores,
    selection,
)
from enrollment.views.blueprint import pages

__all__ = [
    "apply",
    "attendance",
    "catalogue",
    "check_nominations",
    "delivery",
    "finish",
    "identity",
    "mine",
    "needs",
    "nominate",
    "nominate_person",
    "nominations",
    "pages",
    "scores",
    "selection",
]
