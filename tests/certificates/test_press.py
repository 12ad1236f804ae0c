"""The fence around the layout engine: what a payload cannot make it do, and what happens when it
dies."""

from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

from certificates import press, rendering
from certificates.payload import CertificatePayload
from certificates.rendering import PayloadRefused, Renderer, RenderingFailed, check_system_libraries
from tests.certificates.samples import sample, text_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer() as shared:
        yield shared


ATTACKS = [
    "</p><script>alert(1)</script>",
    '<img src="file:///etc/passwd">',
    '<link rel="attachment" href="file:///etc/passwd">',
    "<style>@import url(http://127.0.0.1/);</style>",
    "{{ 7*7 }}{% raw %}",
    '" style="background:url(http://127.0.0.1/)',
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_in_any_field_is_printed_as_it_is(
    renderer: Renderer, attack: str, http_trap: list[str]
) -> None:
    both = {"en": attack, "fr": attack}
    pdf = renderer.render(
        sample(
            holder_name=attack,
            venue=attack,
            course_title=both,
            issuer=both,
            objectives=[both],
            holder_script_lang='x" onload="',
            skills=[{"code": "x", "title": both, "level": "<b>", "valid_months": 1}],
            course_code="<i>",
            delivery_code="</p>",
            signatories=[{"name": attack, "role": both}],
            teaching_language="<x>",
        )
    )
    squeezed = text_of(pdf).replace(" ", "")
    assert squeezed.count(attack.replace(" ", "")) >= 8
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert not reader.attachments
    assert "/Names" not in reader.trailer["/Root"]  # type: ignore[operator]  # pypdf types every entry as PdfObject
    assert b"root:x:0" not in pdf
    assert http_trap == []


@pytest.fixture
def http_trap() -> Iterator[list[str]]:
    """A listener on this machine that notes whoever connects (port 80 when allowed, else any)."""
    import socket

    visitors: list[str] = []
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", 80))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    listener.listen()
    listener.settimeout(0.05)
    yield visitors
    try:
        visitors.append(str(listener.accept()[1]))
    except TimeoutError:
        pass
    finally:
        listener.close()
    assert visitors == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "http://127.0.0.1/",
        "https://example.org/x.png",
        "ftp://example.org/",
        "//example.org/x",
        "asset:../../app.py",
        "asset:/etc/passwd",
        "asset:README.md",
        "asset:",
        "data:text/css,*{}",
        "data:text/html;base64,PGI+",
        "data:image/png;base64,!!!",
        "data:image/png;base64," + "AAAA" * 50_001,
        "data:image/svg+xml;charset=utf-8,%3Csvg/%3E",
        "data:image/svg+xml;base64,PHN2Zy8+",
        "data:image/png,plain",
        "gopher://x",
        "/etc/passwd",
        "style.css",
    ],
)
def test_the_fetcher_refuses_everything_else(url: str) -> None:
    with pytest.raises(ValueError):
        press.AssetFetcher().fetch(url)


def test_the_fetcher_gives_bundled_fonts_and_small_images() -> None:
    fetcher = press.AssetFetcher()
    assert fetcher.fetch("asset:SourceSerif4-Regular.ttf").read()[:4] == b"\x00\x01\x00\x00"
    assert fetcher.fetch("data:image/png;base64,iVBORw==").read() == b"\x89PNG"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"holder_name": "x" * 101}, "“Name to print” has 101 characters, and at most 100"),
        ({"course_title": {"en": "x" * 161}}, "“Course” has 161"),
        ({"objectives": [{"en": "x"}] * 15}, "“Objectives” has 15 entries"),
        ({"objectives": [{"fr": "x" * 201}]}, "“Objectives” has 201"),
        ({"holder_name": "Ann 😀"}, "U\\+1F600"),
        ({"venue": "a\nb"}, "U\\+000A"),
        ({"verify_url": "javascript:alert(1)"}, "web address"),
        ({"category": "pirate"}, "category"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_cannot_be_printed_is_refused_before_the_press_starts(
    changes: dict[str, Any], reason: str
) -> None:
    with Renderer() as fresh:
        with pytest.raises(PayloadRefused, match=reason):
            fresh.render(sample(**changes))
        assert fresh.child_pid is None


def test_a_killed_press_is_reported_and_replaced() -> None:
    with Renderer() as fresh:
        first = fresh.render(sample())
        os.kill(fresh.child_pid, signal.SIGKILL)
        with pytest.raises(RenderingFailed, match="stopped"):
            fresh.render(sample())
        assert fresh.render(sample()) == first


def test_a_press_that_takes_too_long_is_stopped() -> None:
    with Renderer() as fresh:
        with pytest.raises(RenderingFailed, match="time limit"):
            fresh.render(sample(), timeout=0.05)
        assert fresh.child_pid is None
        assert fresh.render(sample())


def test_a_press_without_enough_memory_fails_with_an_error() -> None:
    with Renderer(memory_limit=60_000_000) as small, pytest.raises(RenderingFailed):
        small.render(sample())


BOMB = "from certificates import press; press.fence(300_000_000); bytearray(10**9)"
SPIN = "from certificates import press; press.allow_processor_time(0.2)\nwhile True: pass"
WRITE = (
    "import sys; from certificates import press; press.fence(2**30); "
    "open(sys.argv[1],'wb').write(bytes(10**8))"
)


@pytest.mark.parametrize(
    ("code", "ends"), [(BOMB, "MemoryError"), (WRITE, "File too large"), (SPIN, -signal.SIGXCPU)]
)
def test_the_fence_holds(code: str, ends: int | str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "big"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert result.returncode == ends if isinstance(ends, int) else ends in result.stderr


@pytest.mark.parametrize(
    "script",
    [
        "print('hello from a library')",
        "import sys; sys.stdout.buffer.write(b'P\\xff\\xff\\xff\\xff'); sys.stdout.flush(); "
        "input()",
        "import time; time.sleep(9)",
    ],
)
def test_a_press_that_answers_nonsense_or_nothing_is_an_error(script: str) -> None:
    with Renderer(command=[sys.executable, "-c", script]) as rogue, pytest.raises(RenderingFailed):
        rogue.render(sample(), timeout=1.0)


def test_an_idle_press_that_ended_is_replaced_silently(tmp_path: Path) -> None:
    with Renderer() as fresh:
        fresh.render(sample())
        fresh._child.process.stdin.close()
        fresh._child.process.wait(timeout=5)
        assert fresh._child.process.returncode == 0
        fresh._child.process.stdin = (tmp_path / "pipe").open("wb")
        assert fresh.render(sample())


@pytest.mark.parametrize("is_idle", [True, False])
def test_the_press_gives_way_to_pages(is_idle: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its niceness counts only beside processes of its own session: the scheduler gives each
    session the same share."""
    monkeypatch.setattr(rendering, "PATIENCE", 90.0)
    with Renderer(is_idle=is_idle) as fresh:
        assert fresh.render(sample(), timeout=90.0)
        assert os.getsid(fresh.child_pid) == os.getsid(0)
        assert os.getpgid(fresh.child_pid) == fresh.child_pid, "signals of a terminal pass it by"
        assert os.getpriority(os.PRIO_PROCESS, fresh.child_pid) >= press.YIELDING
        policy = os.SCHED_IDLE if is_idle else os.SCHED_OTHER
        assert os.sched_getscheduler(fresh.child_pid) == policy


def test_where_there_is_no_idle_time_certificates_are_printed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The script stands for a press that gets no time while it is idle."""
    script = (
        "import sys, time, runpy\n"
        "if '--idle' in sys.argv: time.sleep(60)\n"
        "sys.argv.insert(1, '1000000000')\n"
        "runpy.run_module('certificates.press', run_name='__main__', alter_sys=False)\n"
    )
    monkeypatch.setattr(rendering, "PATIENCE", 0.2)
    with Renderer(is_idle=True, command=[sys.executable, "-c", script]) as fresh:
        assert fresh.render(sample())
        nice = fresh.child_pid
        assert os.sched_getscheduler(nice) == os.SCHED_OTHER
        assert fresh.render(sample())
        assert fresh.child_pid == nice, "it stays so while there is work"


def test_a_press_that_may_not_be_idle_is_nice_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "nice", sizes.append)
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    press.give_way(entirely=True)
    assert sizes == [press.YIELDING]


def test_the_press_inherits_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTRUM_SECRET_KEY", "top-secret")
    with Renderer() as fresh:
        fresh.render(sample())
        environment = Path(f"/proc/{fresh.child_pid}/environ").read_bytes()
    assert b"top-secret" not in environment


def test_the_press_dies_with_its_parent() -> None:
    code = (
        "import time; from certificates.rendering import Renderer; from "
        "tests.certificates.samples import sample\n"
        "r = Renderer(); r.render(sample()); print(r.child_pid, r._child.folder, flush=True); "
        "time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    child, name = parent.stdout.readline().split()
    folder = Path(name)
    assert folder.exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}/exe").exists()
    assert not folder.exists()


def test_threads_may_share_a_renderer_and_a_thread_may_end(renderer: Renderer) -> None:
    names = ["Ann Lee", "Ben Diallo", "Chi Nguyễn", "Dina Haddad"]
    printed: dict[str, str] = {}
    threads = [
        threading.Thread(
            target=lambda n=name: printed.update(
                {n: text_of(renderer.render(sample(holder_name=n)))}
            )
        )
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(name in printed[name] for name in names)
    assert text_of(renderer.render(sample()))


def test_a_fork_does_not_talk_to_the_press_of_its_parent(renderer: Renderer) -> None:
    renderer.render(sample())
    before = renderer.child_pid
    if (fork := os.fork()) == 0:
        try:
            ok = bool(renderer.render(sample())) and renderer.child_pid != before
            renderer.close()
        finally:
            os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]) == 0
    assert renderer.render(sample()) and renderer.child_pid == before


def test_the_parent_never_loads_the_layout_engine() -> None:
    code = (
        "import sys; from certificates import rendering; from tests.certificates.samples import "
        "sample\n"
        "rendering.render(sample()); rendering.check_system_libraries()\n"
        "print({'weasyprint', 'fontTools', 'segno'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


def test_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_system_libraries() == []
    monkeypatch.setattr(rendering, "_loads", lambda library, file: False)
    sentences = check_system_libraries()
    assert len(sentences) == 3
    assert any(
        "ten times slower: apt-get install libharfbuzz-subset0" in sentence
        for sentence in sentences
    )


def test_a_warm_press_keeps_its_size(renderer: Renderer) -> None:
    for name in ("Ann Lee", "محمد", "Оксана", "Ελένη", "ሰላማዊት", "李文娟") * 2:
        renderer.render(sample(holder_name=name))
    pages = int(Path(f"/proc/{renderer.child_pid}/statm").read_text().split()[1])
    assert pages * resource.getpagesize() < 200_000_000


def test_a_payload_object_prints_the_same_as_its_dictionary(renderer: Renderer) -> None:
    payload = CertificatePayload.from_dict(sample())
    assert renderer.render(payload.to_dict()) == renderer.render(sample())
