"""`flask serve`, and `python app.py`, which does the same and starts sooner."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable, Iterator

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from core.database import db
from core.jobs.worker import work_until_stopped
from core.migrations import migration_fault, upgrade
from core.ports import port
from core.serving import memory
from core.serving.channel import MOST_CONNECTIONS
from core.serving.server import Server
from core.settings import Settings, settings_of
from core.web import assets


@port
def prepare_first_start() -> Iterator[str]:
    """Prepares an empty database for its first use, and yields lines that tell the person who
    started it what to do next."""


@port
def system_warnings() -> list[str]:
    """What is missing on this machine, as sentences: said at every start, so that no one finds
    out at the first certificate."""


@click.command("serve")
@click.option(
    "--workers", type=int, default=None, help="Web processes; default: the setting WORKERS."
)
@click.option(
    "--first-start",
    is_flag=True,
    help="Migrates, and prepares an empty database for its first use.",
)
@click.option(
    "--no-worker",
    is_flag=True,
    help="Starts no worker process: one runs elsewhere (flask jobs work).",
)
@with_appcontext
def serve_command(workers: int | None, first_start: bool, no_worker: bool) -> None:
    """Serves on HOST and PORT until stopped."""
    serve(current_app._get_current_object(), workers, first_start, not no_worker)


def main(create_app: Callable[[], Flask]) -> None:
    """`python app.py [--workers N] [--first-start]`: the same without Flask's command line,
    which loads every plugin and so starts a third of a second later. With `--jobs` it is the
    worker process instead, a tenth smaller for the same reason."""

    @click.command()
    @click.option("--workers", type=int, default=None)
    @click.option("--first-start", is_flag=True)
    @click.option("--jobs", is_flag=True)
    def command(workers: int | None, first_start: bool, jobs: bool) -> None:
        app = create_app()
        with app.app_context():
            if jobs:
                work_until_stopped()
            else:
                serve(app, workers, first_start, True)

    command()


def serve(app: Flask, workers: int | None, first_start: bool, with_worker: bool) -> None:
    """Migrates where it may, prepares a first start, and serves until stopped."""
    settings = settings_of(app)
    if not _inherits_socket():
        _refuse_taken_port(settings)
    _allow_open_files()
    if fault := migration_fault():
        if not first_start and not settings.is_sqlite:
            raise click.ClickException(f"{fault}.")
        upgrade()
    if first_start:
        for line in prepare_first_start():
            click.echo(line)
    for sentence in system_warnings():
        click.echo(f"Note: {sentence}")
    db.session.remove()
    db.engine.dispose()  # the web processes are forked: each opens connections of its own
    assets.built(app.static_folder or "")
    memory.share_with_forks()
    click.echo(f"Rostrum is at {settings.public_url}  (stop it with Ctrl+C)")
    Server(app, settings, workers or settings.workers, with_worker=with_worker).run()


def _inherits_socket() -> bool:
    """Whether the listening socket was opened by systemd, or by the server that this one
    replaces."""
    return os.environ.get("LISTEN_PID") == str(os.getpid()) or "GUNICORN_FD" in os.environ


def _allow_open_files() -> None:
    """A connection takes one, and up to two more for what it sends and gets."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = MOST_CONNECTIONS * 4
    resource.setrlimit(
        resource.RLIMIT_NOFILE,
        (needed if most == resource.RLIM_INFINITY else min(needed, most), most),
    )


def _refuse_taken_port(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host.strip("[]"), settings.port))
        except OSError as error:
            raise click.ClickException(
                f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}). Choose "
                "another: make run PORT=8001"
            ) from None
