"""The part of the API that the modules beside it add their calls to."""

from core.api import Routes

routes = Routes("classroom")
