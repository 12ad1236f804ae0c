"""The part of the API to which the other modules add their calls."""

from core.api import Routes

routes = Routes("enrollment")
