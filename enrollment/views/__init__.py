"""Pages, a module per journey; each adds its routes to `pages`."""

from enrollment.views import catalogue, delivery
from enrollment.views.blueprint import pages

__all__ = ["catalogue", "delivery", "pages"]
