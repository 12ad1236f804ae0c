"""The press: the child process that lays out certificates. Started by ``rendering``, never imported
by it.

It reads tasks from standard input and writes PDFs to standard output, each preceded by its length,
and lives as long as its parent. It has no secrets, database or application, only a payload, a
template and the fonts. All limits that must hold even against a hostile payload are set here:
memory, processor time, file size, and a fetcher that knows only the bundled fonts.
"""

import base64
import binascii
import gc
import json
import os
import re
import resource
import select
import shutil
import struct
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from certificates import fonts, layouts
from certificates.composition import Composition, compose, label_style
from certificates.layouts import Layout
from certificates.payload import CertificatePayload

IDLE_EXIT_SECONDS = 120
PARENT_CHECK_SECONDS = 2
LARGEST_DATA_IMAGE = 200_000
SMALLEST_TRY = 8  # layouts tried, each a size smaller
_DATA_IMAGE = re.compile(r"data:(image/(?:png|jpeg));base64,", re.IGNORECASE)


class DoesNotFit(ValueError):
    """The certificate is longer than a page even at the smallest size."""


class AssetFetcher(URLFetcher):
    """Serves ``asset:`` names of our own fonts, the emblem of the task, and small PNG and JPEG
    images embedded in the page; refuses all else.

    An SVG image could refer to other documents; the drawn emblem and the QR code are part of the
    page.
    """

    emblem = b""

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """The resource, or ValueError. No address is ever opened, so nothing can redirect."""
        if url == "asset:emblem" and self.emblem:
            return URLFetcherResponse(url, self.emblem, {"Content-Type": "image/png"})
        if url.startswith("asset:"):
            return URLFetcherResponse(
                url, _bundled_font(url.removeprefix("asset:")), {"Content-Type": "font/ttf"}
            )
        match = _DATA_IMAGE.match(url)
        if match is None or len(url) > LARGEST_DATA_IMAGE:
            raise ValueError("Only bundled assets and small images are fetched.")
        try:
            body = base64.b64decode(url[match.end() :], validate=True)
        except binascii.Error as error:
            raise ValueError("Broken image data.") from error
        return URLFetcherResponse(url, body, {"Content-Type": match[1].lower()})


class Press:
    """Template, style sheet and fonts of a layout, loaded once for many certificates."""

    def __init__(self, layout: Layout) -> None:
        environment = Environment(
            loader=FileSystemLoader(layout.folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = environment.get_template("page.html")
        self._layout = layout
        self._fetcher = AssetFetcher()
        self._font_config = FontConfiguration()
        self._loaded: set[str] = set()
        self._load([font.family for font in (fonts.DISPLAY, fonts.SERIF, fonts.ITALIC, fonts.SANS)])
        style = (layout.folder / "style.css").read_text(encoding="utf-8")
        self._style = self._css(layout.page.style + style + label_style())

    def print(self, payload: CertificatePayload) -> bytes:
        """The certificate as a PDF of exactly one page. Equal payloads give equal bytes."""
        composition = compose(payload, self._layout)
        self._fetcher.emblem = (
            (Path(tempfile.gettempdir()) / payload.emblem_file).read_bytes()
            if payload.emblem_file
            else b""
        )
        for _ in range(SMALLEST_TRY):
            document = self._lay_out(composition)
            if len(document.pages) == 1:
                return document.write_pdf(
                    pdf_tags=bool(payload.emblem_file)
                )  # alternative texts require tags
            composition = composition.smaller()
        raise DoesNotFit("The certificate does not fit on one page.")

    def _lay_out(self, composition: Composition) -> Any:
        html = self._template.render(composition.context())
        self._load(composition.families)
        page = HTML(string=html, url_fetcher=self._fetcher)
        return page.render(font_config=self._font_config, stylesheets=[self._style])

    def _load(self, families: Any) -> None:
        """Loads fonts when first needed: most certificates use four of the forty."""
        for family in families:
            if family not in self._loaded:
                font = fonts.FONT_OF_FAMILY[family]
                self._css(f'@font-face{{font-family:"{family}";src:url("asset:{font.file}")}}')
                self._loaded.add(family)

    def _css(self, text: str) -> CSS:
        return CSS(string=text, font_config=self._font_config, url_fetcher=self._fetcher)


#: Niceness of a press for whose certificate someone waits. It holds no lock, so pages do not wait
#: for it in turn.
YIELDING = 10


def give_way(*, entirely: bool) -> None:
    """`entirely`: takes only what processors have left over, where the system can (Linux). A nice
    process still delays each page by some milliseconds every time that it has to be stopped."""
    os.nice(YIELDING)
    if entirely and hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):  # not allowed here: nice it stays
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def fence(memory_bytes: int) -> None:
    """Sets limits that this process cannot lift: memory, size of written files, no core dump."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (32_000_000, 32_000_000))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def allow_processor_time(seconds: float) -> None:
    """Allows this process that many more seconds of processor time, after which the kernel kills
    it."""
    until = int(time.process_time() + seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


def serve(tasks: int, results: BinaryIO) -> None:
    """Prints one certificate per task until the parent closes the pipe, disappears, or sends
    nothing for a while."""
    parent = os.getppid()
    presses: dict[str, Press] = {}
    while _task_waiting(tasks, parent):
        header = _read(tasks, 4)
        if header is None:
            return
        task = json.loads(_read(tasks, struct.unpack(">I", header)[0]) or b"{}")
        allow_processor_time(task["seconds"])
        try:
            folder = task["layout"]
            if folder not in presses:
                presses[folder] = Press(layouts.read(Path(folder)))
                gc.freeze()
            status = b"P"
            body = presses[folder].print(CertificatePayload.from_dict(task["payload"]))
        except DoesNotFit:
            status, body = b"R", b""
        except Exception as error:
            # The state after an unforeseen error is unknown: answer, then let the parent start a
            # new child.
            _write(results, b"E", type(error).__name__.encode())
            raise SystemExit(1) from error
        _write(results, status, body)


def _bundled_font(name: str) -> bytes:
    if not any(font.file == name for font in fonts.FONTS):
        raise ValueError("No such asset.")
    return (fonts.FONTS_DIR / name).read_bytes()


def _task_waiting(tasks: int, parent: int) -> bool:
    """True if a task can be read; False if the parent is gone or has sent nothing for a while.

    A closed pipe is not enough to notice the parent's death: a process it forked may hold the pipe
    open.
    """
    idle_until = time.monotonic() + IDLE_EXIT_SECONDS
    while time.monotonic() < idle_until and os.getppid() == parent:
        if select.select([tasks], [], [], PARENT_CHECK_SECONDS)[0]:
            return True
    return False


def _read(source: int, length: int) -> bytes | None:
    content = bytearray()
    while len(content) < length:
        part = os.read(source, length - len(content))
        if not part:
            return None
        content += part
    return bytes(content)


def _write(results: BinaryIO, status: bytes, body: bytes) -> None:
    results.write(status + struct.pack(">I", len(body)) + body)
    results.flush()


def main() -> None:
    """Serves on the original standard output; whatever a library prints goes to standard error."""
    fence(int(sys.argv[1]))
    give_way(entirely="--idle" in sys.argv)
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(0, results)
    # Ending by itself, idle or orphaned: no one else will delete the folder.
    if (folder := Path(tempfile.gettempdir())).name.startswith("rostrum-press-"):
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
