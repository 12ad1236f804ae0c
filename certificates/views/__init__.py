"""Pages, a module per journey."""

from certificates.views import issuing, register, verification
from certificates.views.blueprint import pages

__all__ = ["issuing", "pages", "register", "verification"]
