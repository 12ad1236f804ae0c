"""Commands."""

from flask.cli import AppGroup

roster_cli = AppGroup("roster")
