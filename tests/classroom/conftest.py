"""The same callers of the API as for enrollments."""

from tests.enrollment.conftest import client

__all__ = ["client"]
