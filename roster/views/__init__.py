"""Pages, a module per journey."""

from roster.views import admission, asking, profiles, search
from roster.views.blueprint import pages

__all__ = ["admission", "asking", "pages", "profiles", "search"]
