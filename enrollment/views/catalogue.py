"""The public catalogue and the page of a delivery."""

from enrollment import models  # noqa: F401 -- the tables must be known
