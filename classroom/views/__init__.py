"""Pages, a module per journey; each adds its routes to `pages`."""

from classroom.views import attendance, finish, letter, scores, sheet
from classroom.views.blueprint import pages

__all__ = ["attendance", "finish", "letter", "pages", "scores", "sheet"]
