"""The worker process beside the web processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from core.settings import ROOT

#: Held while a process is forked or started. A web process that is forked while another program
#: starts inherits the pipe on which `Popen` waits for that program, so the thread that looks after
#: the worker would wait as long as the web process lives.
_starting = threading.Lock()
os.register_at_fork(
    before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_starting.release
)


class Companion:
    """The worker process beside the web processes: started again when it dies, ended with them."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.stopping = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._keep_running, name="companion", daemon=True).start()

    def _keep_running(self) -> None:
        environ = os.environ | {"ROSTRUM_WORKER_PARENT": str(os.getpid())}
        while not self.stopping.is_set():
            command = [sys.executable, str(ROOT / "app.py"), "--jobs"]
            with _starting:
                self.process = subprocess.Popen(command, env=environ)  # noqa: S603 -- our own command, no shell
            self.process.wait()
            self.stopping.wait(1.0)

    def stop(self) -> None:
        self.stopping.set()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
