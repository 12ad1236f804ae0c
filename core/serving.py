"""`flask serve`: the web server with its worker beside it."""

import click


@click.command("serve")
def serve_command() -> None:
    """Serves."""
