"""Fenced rendering: the layout engine runs in a child process that can be killed at any moment.

The parent checks lengths and characters, sends the payload, and waits no longer than the time
limit. The child (``certificates.press``) stays warm for the next certificate, and ends by itself
when idle or orphaned. Use ``render`` anywhere, or a ``Renderer`` of your own for a long batch.
"""

import atexit
import ctypes
import ctypes.util
import hashlib
import json
import os
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from flask_babel import lazy_gettext as _l

from certificates import layouts
from certificates.fonts import unprintable
from certificates.layouts import Layout, Limits
from certificates.payload import CertificatePayload, Texts
from core import texts

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_TIMEOUT = 20.0  # seconds; covers the start of a cold child on a busy machine
PATIENCE = 5.0  # seconds that a press may wait for idle time, on a machine that has none
MEMORY_LIMIT = 1_000_000_000  # address space, not memory in use
LARGEST_TASK = 60_000  # bytes: fits into the pipe, so that sending never blocks
LARGEST_PDF = 5_000_000
LONGEST_NAME = 100  # in any layout; each may allow fewer characters
#: In any layout; each layout limits the other texts.
LONGEST_REFERENCE, LONGEST_CODE, LONGEST_ADDRESS = (
    60,
    40,
    120,
)  # reference: a course's or delivery's code
# Without a configuration file fontconfig warns and searches; with this one it knows only our fonts.
FONTCONFIG = (
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM '
    '"urn:fontconfig:fonts.dtd"><fontconfig></fontconfig>'
)


class RenderingFailed(Exception):
    """No PDF was produced. The message is one sentence without personal data."""


class RanOut(RenderingFailed):
    """The time limit is over."""


class PayloadRefused(RenderingFailed):
    """The payload cannot be printed (too long, a character without a glyph), so retrying is
    useless.

    `reasons` holds a sentence for each fault, in the reader's language.
    """

    def __init__(self, *reasons: Any) -> None:
        super().__init__(*reasons)
        self.reasons = reasons

    def __str__(self) -> str:
        return " ".join(map(str, self.reasons))


class Renderer:
    """A warm child process that prints certificates, one at a time; several threads may share
    it. One that `is_idle` gives way to everything else on this machine; where that leaves it no
    time, it is nice only, until it rests."""

    def __init__(
        self,
        *,
        memory_limit: int = MEMORY_LIMIT,
        is_idle: bool = False,
        command: list[str] | None = None,
    ) -> None:
        program = [sys.executable, "-s", "-m", "certificates.press", str(memory_limit)]
        self._command = command or program
        self._is_idle, self._is_starved = is_idle, False
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._owner = os.getpid()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def render(
        self,
        payload: Mapping[str, Any],
        *,
        emblem: bytes | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> bytes:
        """The certificate as PDF. Equal payloads give equal bytes, today and in another process.
        `emblem`: the picture whose digest the payload keeps."""
        checked = check(payload)
        task = _task(checked, timeout)
        picture = _picture(checked, emblem)
        deadline = time.monotonic() + timeout
        self._leave_parent()
        if not self._lock.acquire(timeout=timeout):
            raise RenderingFailed("The press was busy for longer than the time limit.")
        try:
            return self._patiently(task, picture, deadline)
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the child. The next ``render`` would start a new one."""
        self._leave_parent()
        with self._lock:
            self._discard()

    @property
    def child_pid(self) -> int | None:
        """The process id of the child, if one is running."""
        return self._child.process.pid if self._child else None

    def _patiently(self, task: bytes, picture: tuple[str, bytes] | None, deadline: float) -> bytes:
        if self._is_idle and not self._is_starved:
            try:
                return self._render(task, picture, min(deadline, time.monotonic() + PATIENCE))
            except RanOut:
                self._is_starved = True
        return self._render(task, picture, deadline)

    def _render(self, task: bytes, picture: tuple[str, bytes] | None, deadline: float) -> bytes:
        for last_try in (False, True):
            child = self._running_child()
            try:
                if picture:
                    child.keep(*picture)
                status, body = child.ask(task, deadline)
                break
            except _ChildGone as gone:
                self._discard()
                # The child ended by itself, at rest, and has not touched the task: use a new one.
                self._is_starved = False
                if gone.exit_status != 0 or last_try:
                    raise RenderingFailed(str(gone)) from None
            except BaseException:
                # also if interrupted: a half-read answer must not become the next one's
                self._discard()
                raise
        if status == b"P":
            return body
        if status == b"R":
            raise PayloadRefused(
                _l("Its text does not fit on one page, even in the smallest letters.")
            )
        self._discard()
        raise RenderingFailed(f"The press failed: {body.decode('ascii', 'replace')}.")

    def _running_child(self) -> "_Child":
        if self._child is None:
            waits = self._is_idle and not self._is_starved
            self._child = _Child([*self._command, *(["--idle"] if waits else [])])
        return self._child

    def _discard(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _leave_parent(self) -> None:
        """After a fork: the child, and a lock that another thread may hold, belong to the parent
        process."""
        if self._owner != os.getpid():
            self._owner, self._child, self._lock = os.getpid(), None, threading.Lock()


class _ChildGone(Exception):
    def __init__(self, exit_status: int | None) -> None:
        super().__init__(f"The press stopped while printing (exit status {exit_status}).")
        self.exit_status = exit_status


class _Child:
    """One child process with its own temporary folder, and the conversation with it."""

    def __init__(self, command: list[str]) -> None:
        # Not a TemporaryDirectory: after a fork its finalizer would delete the folder under the
        # child.
        self.folder = tempfile.mkdtemp(prefix="rostrum-press-")
        config = Path(self.folder) / "fonts.conf"
        config.write_text(FONTCONFIG, encoding="ascii")
        environment = {  # nothing is inherited, so the child has none of the application's secrets
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "TMPDIR": self.folder,
            "HOME": self.folder,
            "FONTCONFIG_FILE": str(config),
        }
        self.process = subprocess.Popen(  # noqa: S603 -- our own module and interpreter, no shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=ROOT,
            env=environment,
            process_group=0,
        )

    def keep(self, name: str, data: bytes) -> None:
        """Puts a file for the next tasks into the child's folder; it is too large for the pipe and
        often reused."""
        path = Path(self.folder) / name
        if not path.exists():
            path.write_bytes(data)

    def ask(self, task: bytes, deadline: float) -> tuple[bytes, bytes]:
        """Sends a task and reads the answer: status and body."""
        assert self.process.stdin
        try:
            self.process.stdin.write(task)
        except BrokenPipeError:
            raise _ChildGone(self._exit_status()) from None
        header = self._read(5, deadline)
        length = struct.unpack(">I", header[1:])[0]
        if length > LARGEST_PDF:
            raise RenderingFailed("The press answered with more than a certificate.")
        return header[:1], self._read(length, deadline)

    def end(self) -> None:
        """Kills the child and removes its folder."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, length: int, deadline: float) -> bytes:
        assert self.process.stdout
        answer = bytearray()
        while len(answer) < length:
            seconds_left = deadline - time.monotonic()
            if (
                seconds_left <= 0
                or not select.select([self.process.stdout], [], [], seconds_left)[0]
            ):
                raise RanOut(
                    "The certificate took longer than the time limit; the press was stopped."
                )
            part = os.read(self.process.stdout.fileno(), min(length - len(answer), 65536))
            if not part:
                raise _ChildGone(self._exit_status() if not answer else -1)
            answer += part
        return bytes(answer)

    def _exit_status(self) -> int | None:
        try:
            return self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return None


shared = Renderer()
#: Prints what no one waits for at a page, and stays as warm.
background = Renderer(is_idle=True)
atexit.register(shared.close)
atexit.register(background.close)


def render(
    payload: Mapping[str, Any], *, emblem: bytes | None = None, timeout: float = DEFAULT_TIMEOUT
) -> bytes:
    """The certificate as PDF, from this process's shared child. Raises RenderingFailed or
    PayloadRefused."""
    return shared.render(payload, emblem=emblem, timeout=timeout)


def check(payload: Mapping[str, Any]) -> CertificatePayload:
    """The payload, if it can be printed; else PayloadRefused with the reasons. Renders nothing."""
    try:
        checked = CertificatePayload.from_dict(payload)
    except ValueError as error:
        raise PayloadRefused(
            _l("What it states is not complete or not correct (%(fault)s).", fault=str(error))
        ) from error
    layout = layouts.find(checked.layout)
    if layout is None:
        raise PayloadRefused(_l("Its layout “%(layout)s” is not there.", layout=checked.layout))
    if reasons := list(_faults(checked, layout)):
        raise PayloadRefused(*reasons)
    return checked


def _faults(payload: CertificatePayload, layout: Layout) -> Iterator[Any]:
    for field, text, longest in _limited_texts(payload, layout.limits):
        if len(text) > longest:
            yield _l(
                "“%(field)s” has %(length)s characters, and at most %(most)s can be printed.",
                field=field,
                length=len(text),
                most=longest,
            )
        if characters := unprintable(text):
            listed = ", ".join(f"U+{ord(character):04X}" for character in characters[:5])
            yield _l(
                "“%(field)s” has characters that no font on certificates has: %(characters)s.",
                field=field,
                characters=listed,
            )
    for field, count, most in (
        (_l("Objectives"), len(payload.objectives), layout.limits.objectives),
        (_l("Skills"), len(payload.skills), layout.limits.skills),
        (_l("Signatories"), len(payload.signatories), layout.limits.signatories),
    ):
        if count > most:
            yield _l(
                "“%(field)s” has %(count)s entries, and at most %(most)s fit on one page.",
                field=field,
                count=count,
                most=most,
            )
    if len(payload.languages) > layout.languages or set(payload.languages) - set(texts.printed()):
        yield _l(
            "It cannot be printed in these languages: %(codes)s.",
            codes=", ".join(payload.languages),
        )
    if not payload.verify_url.startswith(("https://", "http://")):
        yield _l("Its verification address is not a web address.")


def check_system_libraries() -> list[str]:
    """What this machine lacks for printing, as sentences. Does not load the layout engine."""
    problems = []
    for name, library, package in (
        ("Pango", "pango-1.0", "libpango-1.0-0"),
        ("Pango for FreeType", "pangoft2-1.0", "libpangoft2-1.0-0"),
    ):
        if not _loads(library, f"lib{library}.so.0"):
            problems.append(f"{name} is missing, no PDF can be made: apt-get install {package}")
    if not _loads("harfbuzz-subset", "libharfbuzz-subset.so.0"):
        problems.append(
            "The font subsetter is missing, PDFs will be about ten times slower: apt-get install "
            "libharfbuzz-subset0"
        )
    return problems


def _loads(library: str, file: str) -> bool:
    for name in (file, ctypes.util.find_library(library)):
        try:
            if name and ctypes.CDLL(name):
                return True
        except OSError:
            continue
    return False


def _task(payload: CertificatePayload, seconds: float) -> bytes:
    """`seconds`: of processor time."""
    folder = str(layouts.get(payload.layout).folder)
    body = json.dumps({"payload": payload.to_dict(), "layout": folder, "seconds": seconds}).encode(
        "ascii"
    )
    if len(body) > LARGEST_TASK:
        raise PayloadRefused(_l("It has more text than fits on one page."))
    return struct.pack(">I", len(body)) + body


def _picture(payload: CertificatePayload, emblem: bytes | None) -> tuple[str, bytes] | None:
    """The file with the emblem whose digest the payload holds, by name; RenderingFailed if it is
    missing or another."""
    if payload.emblem_sha256 is None:
        return None
    if emblem is None or hashlib.sha256(emblem).hexdigest() != payload.emblem_sha256:
        raise RenderingFailed(
            "The emblem that the certificate was issued with is missing or was changed."
        )
    return payload.emblem_file, emblem


def _limited_texts(payload: CertificatePayload, limits: Limits) -> list[tuple[Any, str, int]]:
    """Field, text and limit of everything that people wrote or that is printed."""
    limited = [
        (_l("Name to print"), payload.holder_name, limits.name),
        (_l("Venue"), payload.venue, limits.venue),
        (_l("Number"), payload.number, LONGEST_CODE),
        (_l("Code"), payload.token, LONGEST_CODE),
        (_l("Course"), payload.course_code, LONGEST_REFERENCE),
        (_l("Delivery"), payload.delivery_code, LONGEST_REFERENCE),
        (_l("Country"), payload.country, 2),
        (_l("Language"), payload.teaching_language, LONGEST_CODE),
        (_l("Language"), payload.holder_script_lang, LONGEST_CODE),
        (_l("Verification"), payload.verify_url, LONGEST_ADDRESS),
    ]
    of_several: list[tuple[Any, Texts, int]] = [
        (_l("Course"), payload.course_title, limits.title),
        (_l("Issued by"), payload.issuer, limits.issuer),
        *((_l("Objectives"), item, limits.objective) for item in payload.objectives),
        *((_l("Skills"), skill.title, limits.title) for skill in payload.skills),
        *((_l("Role"), person.role, limits.role) for person in payload.signatories),
    ]
    limited += [
        (field, text, longest)
        for field, by_language, longest in of_several
        for text in by_language.values()
    ]
    limited += [(_l("Level"), str(skill.level), LONGEST_CODE) for skill in payload.skills]
    return limited + [
        (_l("Signatories"), person.name, limits.signatory) for person in payload.signatories
    ]
