"""Pages, a module per journey."""

from courses.views import calendars, courses, scheduling, skills
from courses.views.blueprint import pages

__all__ = ["calendars", "courses", "pages", "scheduling", "skills"]
