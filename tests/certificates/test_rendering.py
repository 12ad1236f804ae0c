"""Printed certificates: one page, every script, nothing fetched, nothing executed, the same bytes every time."""

import io
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import unicodedata
from pathlib import Path

import pypdf
import pytest

from certificates import composition, press, rendering, wording
from certificates.payload import CertificatePayload
from certificates.rendering import PayloadRefused, Renderer, RenderingFailed, check_system_libraries
from tests.certificates.samples import ADDRESS, longest, sample

ROOT = Path(__file__).resolve().parents[2]
needs_poppler = pytest.mark.skipif(not shutil.which("pdftoppm"), reason="poppler-utils is not installed")

SIX_SCRIPTS = [
    ("Zoë Lefèvre-Nguyễn", "fr"),
    ("محمد بن عبد الرحمن", "ar"),
    ("Оксана Шевченко", "uk"),
    ("Ελένη Παπαδοπούλου", "el"),
    ("ሰላማዊት ተስፋዬ", "am"),
    ("李文娟", "zh-Hans"),
]


@pytest.fixture(scope="module")
def renderer():
    with Renderer() as shared:
        yield shared


def text_of(pdf: bytes) -> str:
    """The text of the only page, composed, with spaces made even."""
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 1
    return " ".join(unicodedata.normalize("NFKC", reader.pages[0].extract_text()).split())


def letters(text: str) -> list[str]:
    """The letters without order: Arabic is written to the page in visual order."""
    return sorted(c for c in unicodedata.normalize("NFKC", text) if not c.isspace())


# What is on the page


@pytest.mark.parametrize(("name", "lang"), SIX_SCRIPTS)
def test_a_name_in_every_script_is_text_in_an_embedded_font(renderer, name, lang):
    pdf = renderer.render(sample(holder_name=name, holder_script_lang=lang))
    text = text_of(pdf)
    if lang == "ar":
        assert all(letters(text).count(c) >= letters(name).count(c) for c in set(letters(name)))
    else:
        assert name in text
    assert "\ufffd" not in text
    assert_fonts_are_embedded_subsets(pdf)


def assert_fonts_are_embedded_subsets(pdf: bytes) -> None:
    fonts = pypdf.PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]["/Font"]
    assert fonts
    for reference in fonts.values():
        font = reference.get_object()
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert "+" in font["/BaseFont"], "not a subset"
        assert "/FontFile2" in descriptor, "not embedded as TrueType"
        assert "/ToUnicode" in font


@pytest.mark.parametrize(
    ("name", "lang"), [*SIX_SCRIPTS, ("李文娟 (Li Wenjuan)", "zh"), ("नेपाल थापा", "ne"), ("אבי (Avi)", "he")]
)
def test_no_glyph_is_missing(renderer, name, lang):
    pdf = renderer.render(sample(holder_name=name, holder_script_lang=lang))
    page = pypdf.PdfReader(io.BytesIO(pdf)).pages[0]
    assert b"<0000" not in page.get_contents().get_data()


def test_both_languages_say_everything(renderer):
    text = text_of(renderer.render(sample()))
    for words in (
        "Certificate of Completion",
        "Certificat de réussite",
        "Gender in peace operations",
        "Le genre dans les opérations de paix",
        "1 to 3 December 2026, 18 hours",
        "du 1er au 3 décembre 2026, 18 heures",
        "4 décembre 2026",
        "3 December 2029",
        "practitioner level, valid for 3 years",
        "niveau pratique, valable 3 ans",
        "Centre Pearson, Ottawa, Canada",
        "87%",
        "87 %",
        "Scan to check this certificate",
        "Scannez pour vérifier ce certificat",
        "rostrum.example.org/verify",
        "RST-2026-000042-8",
        "Amina Diallo",
        "Director of Training",
        "Directrice de la formation",
        "GTI v3 · GTI-2026-04",
    ):
        assert unicodedata.normalize("NFKC", words) in text
    assert "7KQXM-0ZR9W-4MHTC-2BQAF-3DNPEJ" in text


def test_a_missing_french_title_falls_back_to_english(renderer):
    text = text_of(renderer.render(sample(course_title={"en": "Protection of Civilians", "fr": ""})))
    assert text.count("Protection of Civilians") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {
            "objectives": sample()["objectives"][:1],
            "signatories": [],
            "skills": [],
            "score_percent": None,
            "valid_until": None,
        },
        {"objectives": []},
        {"objectives": sample()["objectives"] * 4},
        {"holder_name": "M" * 100},
        {"holder_name": "María del Carmen Fernández-Villaverde y Sánchez de la Fuente Rodríguez-Montoya"},
        {"holder_name": "阿" * 100, "holder_script_lang": "zh"},
        {"holder_name": "عبد الرحمن بن محمد " * 5},
        {"course_title": {"en": "W" * 160, "fr": "W " * 80}},
        {"venue": "W" * 120, "objectives": [{"en": "W" * 200}] * 14},
    ],
)
def test_always_exactly_one_page(renderer, changes):
    assert text_of(renderer.render(sample(**changes)))


def test_the_fullest_certificate_fits_on_one_page(renderer):
    pdf = renderer.render(longest())
    text = text_of(pdf)
    assert text.count("practitioner level") == 6
    assert text.count("niveau pratique") == 6
    assert "RST-2026-000042-8" in text


@needs_poppler
@pytest.mark.parametrize(
    "payload", [sample(), longest(), sample(holder_name="阿" * 100)], ids=["usual", "longest", "wide"]
)
def test_nothing_runs_into_the_frame(renderer, payload, tmp_path):
    image = pixels(renderer.render(payload), tmp_path, dpi=50)
    width, height = image.size
    paper = image.getpixel((width // 2, 3))
    left, right = int(width * 12 / 210), int(width * 17 / 210)
    for x in (*range(left, right), *range(width - right, width - left)):
        for y in range(int(height * 0.06), int(height * 0.94)):
            assert max(abs(a - b) for a, b in zip(image.getpixel((x, y)), paper, strict=True)) < 40, (x, y)


def pixels(pdf: bytes, folder: Path, dpi: int):
    from PIL import Image

    (folder / "c.pdf").write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-r", str(dpi), "-png", "-singlefile", folder / "c.pdf", folder / "c"], check=True
    )
    return Image.open(folder / "c.png").convert("RGB")


@needs_poppler
@pytest.mark.parametrize("address", [ADDRESS, "https://r.org/" + "v" * 105])
def test_the_qr_code_leads_to_the_verification_page(renderer, tmp_path, address):
    zxingcpp = pytest.importorskip("zxingcpp")
    image = pixels(renderer.render(sample(verify_url=address)), tmp_path, dpi=150)
    assert [code.text for code in zxingcpp.read_barcodes(image)] == [address]


def test_the_file_says_what_it_is(renderer):
    reader = pypdf.PdfReader(io.BytesIO(renderer.render(sample())))
    assert "RST-2026-000042-8" in reader.metadata.title
    assert reader.metadata.author == "Peace Operations Training Centre"
    assert reader.metadata.creation_date.date().isoformat() == "2026-12-04"
    assert reader.trailer["/Root"]["/Lang"] == "en"


def test_equal_payloads_give_equal_bytes_in_every_process(renderer):
    first = renderer.render(sample())
    renderer.render(sample(holder_name="李文娟", holder_script_lang="zh"))
    assert renderer.render(sample()) == first
    with Renderer() as other:
        assert other.render(dict(reversed(sample().items()))) == first


# The words


def test_dates_in_words():
    from datetime import date

    assert wording.date_in_words(date(2026, 3, 1), "fr") == "1er mars 2026"
    assert wording.date_in_words(date(2026, 3, 11), "fr") == "11 mars 2026"
    assert (
        wording.period_in_words(date(2026, 3, 31), date(2026, 4, 1), "fr") == "du 31 mars au 1er avril 2026"
    )
    assert (
        wording.period_in_words(date(2026, 12, 31), date(2027, 1, 1), "en")
        == "31 December 2026 to 1 January 2027"
    )
    assert wording.period_in_words(date(2026, 3, 1), date(2026, 3, 1), "en") == "1 March 2026"


@pytest.mark.parametrize(
    ("minutes", "english", "french"),
    [
        (1080, "18 hours", "18 heures"),
        (60, "1 hour", "1 heure"),
        (90, "1 h 30", "1 h 30"),
        (65, "1 h 05", "1 h 05"),
        (45, "45 minutes", "45 minutes"),
    ],
)
def test_hours_in_words(minutes, english, french):
    assert wording.duration(minutes, "en").replace("\u00a0", " ") == english
    assert wording.duration(minutes, "fr").replace("\u00a0", " ") == french


def test_two_languages_share_the_layout_of_a_long_name():
    for name in ("Ann Lee", "M" * 100, "a b " * 25, "阿" * 100):
        size, width, lines = composition.fit_name(name.strip(), "")
        assert 4 < size <= composition.LARGEST_NAME and lines in (1, 2)
        assert width <= composition.LINE_WIDTH + 0.01


# The fence

ATTACKS = [
    "</p><script>alert(1)</script>",
    '<img src="file:///etc/passwd">',
    '<link rel="attachment" href="file:///etc/passwd">',
    "<style>@import url(http://127.0.0.1/);</style>",
    "{{ 7*7 }}{% raw %}",
    '" style="background:url(http://127.0.0.1/)',
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_in_any_field_is_printed_as_it_is(renderer, attack, http_trap):
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
    assert "/Names" not in reader.trailer["/Root"]
    assert b"root:x:0" not in pdf
    assert http_trap == []


@pytest.fixture
def http_trap():
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
        "data:image/svg+xml," + "x" * 200_001,
        "gopher://x",
        "/etc/passwd",
        "certificate.css",
    ],
)
def test_the_fetcher_refuses_everything_else(url):
    with pytest.raises(ValueError):
        press.AssetFetcher().fetch(url)


def test_the_fetcher_gives_bundled_fonts_and_small_images():
    fetcher = press.AssetFetcher()
    assert fetcher.fetch("asset:SourceSerif4-Regular.ttf").read()[:4] == b"\x00\x01\x00\x00"
    assert fetcher.fetch("data:image/svg+xml;charset=utf-8,%3Csvg/%3E").read() == b"<svg/>"
    assert fetcher.fetch("data:image/png;base64,iVBORw==").read() == b"\x89PNG"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"holder_name": "x" * 101}, "the name has 101"),
        ({"course_title": {"en": "x" * 161}}, "course title"),
        ({"objectives": [{"en": "x"}] * 15}, "objectives"),
        ({"objectives": [{"fr": "x" * 201}]}, "an objective"),
        ({"holder_name": "Ann 😀"}, "U\\+1F600"),
        ({"venue": "a\nb"}, "U\\+000A"),
        ({"verify_url": "javascript:alert(1)"}, "web address"),
        ({"category": "pirate"}, "category"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_cannot_be_printed_is_refused_before_the_press_starts(changes, reason):
    with Renderer() as fresh:
        with pytest.raises(PayloadRefused, match=reason):
            fresh.render(sample(**changes))
        assert fresh.child_pid is None


def test_a_killed_press_is_reported_and_replaced():
    with Renderer() as fresh:
        first = fresh.render(sample())
        os.kill(fresh.child_pid, signal.SIGKILL)
        with pytest.raises(RenderingFailed, match="stopped"):
            fresh.render(sample())
        assert fresh.render(sample()) == first


def test_a_press_that_takes_too_long_is_stopped():
    with Renderer() as fresh:
        started = time.monotonic()
        with pytest.raises(RenderingFailed, match="time limit"):
            fresh.render(sample(), timeout=0.05)
        assert time.monotonic() - started < 2
        assert fresh.child_pid is None
        assert fresh.render(sample())


def test_a_press_without_enough_memory_fails_with_an_error():
    with Renderer(memory_limit=60_000_000) as small, pytest.raises(RenderingFailed):
        small.render(sample())


BOMB = "from certificates import press; press.fence(300_000_000); bytearray(10**9)"
SPIN = "from certificates import press; press.allow_processor_time(0.2)\nwhile True: pass"
WRITE = "import sys; from certificates import press; press.fence(2**30); open(sys.argv[1],'wb').write(bytes(10**8))"


@pytest.mark.parametrize(
    ("code", "ends"), [(BOMB, "MemoryError"), (WRITE, "File too large"), (SPIN, -signal.SIGXCPU)]
)
def test_the_fence_holds(code, ends, tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "big"], cwd=ROOT, capture_output=True, text=True, timeout=20
    )
    assert result.returncode == ends if isinstance(ends, int) else ends in result.stderr


@pytest.mark.parametrize(
    "script",
    [
        "print('hello from a library')",
        "import sys; sys.stdout.buffer.write(b'P\\xff\\xff\\xff\\xff'); sys.stdout.flush(); input()",
        "import time; time.sleep(9)",
    ],
)
def test_a_press_that_answers_nonsense_or_nothing_is_an_error(script):
    with Renderer(command=[sys.executable, "-c", script]) as rogue, pytest.raises(RenderingFailed):
        rogue.render(sample(), timeout=1.5)


def test_an_idle_press_that_ended_is_replaced_silently():
    with Renderer() as fresh:
        fresh.render(sample())
        fresh._child.process.stdin.close()
        fresh._child.process.wait(timeout=5)
        assert fresh._child.process.returncode == 0
        fresh._child.process.stdin = open(os.devnull, "wb")
        assert fresh.render(sample())


def test_the_press_inherits_no_secrets(monkeypatch):
    monkeypatch.setenv("ROSTRUM_SECRET_KEY", "top-secret")
    with Renderer() as fresh:
        fresh.render(sample())
        environment = Path(f"/proc/{fresh.child_pid}/environ").read_bytes()
    assert b"top-secret" not in environment


def test_the_press_dies_with_its_parent_and_leaves_no_folder(tmp_path):
    code = (
        "import time; from certificates.rendering import Renderer; from tests.certificates.samples import sample\n"
        "r = Renderer(); r.render(sample()); print(r.child_pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}/exe").exists()


def test_threads_may_share_a_renderer_and_a_thread_may_end(renderer):
    names = ["Ann Lee", "Ben Diallo", "Chi Nguyễn", "Dina Haddad"]
    printed: dict[str, str] = {}
    threads = [
        threading.Thread(
            target=lambda n=name: printed.update({n: text_of(renderer.render(sample(holder_name=n)))})
        )
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(name in printed[name] for name in names)
    assert text_of(renderer.render(sample()))


def test_a_fork_does_not_talk_to_the_press_of_its_parent(renderer):
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


def test_the_parent_never_loads_the_layout_engine():
    code = (
        "import sys; from certificates import rendering; from tests.certificates.samples import sample\n"
        "rendering.render(sample()); rendering.check_system_libraries()\n"
        "print({'weasyprint', 'fontTools', 'segno', 'jinja2'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


def test_missing_libraries_are_named(monkeypatch):
    assert check_system_libraries() == []
    monkeypatch.setattr(rendering, "_loads", lambda library, file: False)
    sentences = check_system_libraries()
    assert len(sentences) == 3
    assert any("ten times slower: apt-get install libharfbuzz-subset0" in sentence for sentence in sentences)


def test_a_warm_press_keeps_its_size(renderer):
    for turn in range(3):
        for name, lang in SIX_SCRIPTS:
            renderer.render(sample(holder_name=name, holder_script_lang=lang))
    pages = int(Path(f"/proc/{renderer.child_pid}/statm").read_text().split()[1])
    assert pages * resource.getpagesize() < 200_000_000


def test_a_payload_object_prints_the_same_as_its_dictionary(renderer):
    payload = CertificatePayload.from_dict(sample())
    assert renderer.render(payload.to_dict()) == renderer.render(sample())
