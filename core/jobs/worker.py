"""The worker process: Huey's consumer for wake-ups plus the sweep. Started beside the web
process, or by hand."""

from __future__ import annotations

import logging
import os
import threading

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from core import readings
from core.errors import trace
from core.jobs import engine, running
from core.jobs.ledger import is_behind
from core.settings import settings_of

log = logging.getLogger(__name__)
SWEEP_SECONDS = 3.0
LATE_SECONDS = 300.0  # a job due for longer is one that no worker takes
LANE_SECONDS = 0.5  # so long may pass before a lane notices new work: an indexed look at the ledger

jobs_cli = AppGroup("jobs", help="Background work.")


@jobs_cli.command("work")
@click.option(
    "--threads", default=1, show_default=True, help="Jobs at the same time in this process."
)
def work(threads: int) -> None:
    """Works until stopped."""
    work_until_stopped(threads)


def work_until_stopped(threads: int = 1) -> None:
    """Inside an application context, in the process's main thread."""
    from huey.consumer import Consumer

    app = current_app._get_current_object()
    give_way_to_pages()
    stop = threading.Event()
    threading.Thread(target=_sweep_forever, args=(app, stop), daemon=True, name="sweep").start()
    for lane in running.work_of().lanes:
        threading.Thread(
            target=_work_lane, args=(app, lane, stop), daemon=True, name=lane.name
        ).start()
    if parent := os.environ.get("ROSTRUM_WORKER_PARENT"):
        threading.Thread(target=_end_with, args=(int(parent),), daemon=True, name="parent").start()
    consumer = Consumer(
        engine.huey(),
        workers=threads,
        periodic=False,
        check_worker_health=True,
        scheduler_interval=5,
    )
    try:
        consumer.run()
    finally:
        stop.set()


def give_way_to_pages() -> None:
    """The worker holds locks for moments only, so it may be slower than pages, but not starve: a
    page that writes would wait for it."""
    os.nice(settings_of().worker_niceness)


@jobs_cli.command("drain")
def drain() -> None:
    """Runs what is due now, then ends."""
    running.plan()
    click.echo(f"{running.drain()} jobs run")


@jobs_cli.command("health")
def health() -> None:
    """Exits 1 when a job has been due for five minutes: no worker takes it, or none keeps up."""
    if is_behind(LATE_SECONDS):
        raise click.ClickException(f"A job has been due for more than {LATE_SECONDS:.0f} seconds.")
    click.echo("no job is late")


def _sweep_forever(app: Flask, stop: threading.Event) -> None:
    while not stop.wait(SWEEP_SECONDS):
        for act in (running.sweep, readings.take):
            try:
                with app.app_context():
                    act()
            except (
                Exception
            ) as error:  # the database may be away for a while; the next sweep tries again
                log.error("sweep failed\n%s", trace(error))


def _work_lane(app: Flask, lane: running.Lane, stop: threading.Event) -> None:
    while not stop.wait(LANE_SECONDS):
        try:
            with app.app_context():
                lane.work(lane.kinds)
        except (
            Exception
        ) as error:  # as with the sweep; what was being done is taken up again when its lease ends
            log.error("lane %s failed\n%s", lane.name, trace(error))
            stop.wait(SWEEP_SECONDS)


def _end_with(parent: int) -> None:
    """An embedded worker ends when the web process that started it is gone, even when that was
    killed."""
    while os.getppid() == parent:
        threading.Event().wait(1.0)
    os._exit(0)
