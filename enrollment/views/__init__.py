"""Pages, a module per journey; each adds its routes to `pages`."""

from enrollment.views import catalogue
from enrollment.views.blueprint import pages

__all__ = ["catalogue", "pages"]
