"""`flask jobs work` as a process of its own, with a lease short enough for a test, and ways to kill
it.

Run as a script it is the worker: the product's own command, with LEASE_SECONDS and SWEEP_SECONDS
from the command line.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

from core.settings import DOCUMENTED, ROOT
from tests.conftest import NOW

NEVER = 10**9


class Worker:
    """A running worker. `kill()` is kill -9: nothing of it gets the chance to tidy up."""

    def __init__(
        self, folder: Path, url: str, *, lease: float = 2.0, sweep: float = 0.3, **environ: str
    ):
        environment = {name: value for name, value in os.environ.items() if name not in DOCUMENTED}
        settings = {
            "DATABASE_URL": url,
            "INSTANCE_PATH": str(folder),
            "DEMO": "0",
            "NOW": NOW.isoformat(),
            "SECRET_KEY": "a key for tests that is long enough",
            "PYTHONPATH": str(ROOT),
            **environ,
        }
        command = [sys.executable, __file__, str(lease), str(sweep)]
        with open(folder / "worker.log", "ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        if self.is_running:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


def main(lease: float, sweep: float) -> None:
    from flask.cli import ScriptInfo

    from app import create_app
    from core.jobs import ledger, worker

    ledger.LEASE_SECONDS = lease
    worker.SWEEP_SECONDS = sweep
    app = create_app()
    app.cli.main(["jobs", "work"], obj=ScriptInfo(create_app=lambda: app))


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]))
