"""The canaries, and the signs that one of them came to life: as an element or attribute of a
page, an address that leads away, an evaluated template, a formula of a spreadsheet, a line of a
header, a message or a calendar."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from functools import lru_cache

import pypdf
from werkzeug.test import TestResponse

from core.exports import BREAKS, FORMULA

#: Letters that the product never writes by itself.
MARK = "zqk"
TAG, SUM = f"<i {MARK}>", f"{{{{7*7}}}}{MARK}"

#: An invisible mark, such as text copied from a chat may contain. It must never be stored.
UNSEEN = "\u200b"
#: Each is harmless text, and each is something else to someone who forgets to treat it as text. The
#: last one that is accepted is the one that stays in an edited field; it is the one that can be a
#: name.
CANARIES = {
    "another host": f"//{MARK}.example/{TAG}{UNSEEN}",
    "markup in a formula": f"""=HYPERLINK({MARK}){TAG}"on{MARK}=1 'on{MARK}=1 {SUM}{{% {MARK} %}}""",
    "a name": f"""@{MARK}{TAG}{UNSEEN}"on{MARK}=1 {SUM}""",
}
#: The same for what takes addresses only.
ADDRESS = f"{UNSEEN}={{{{7*7}}}}{MARK}@example.org"
#: For what has several lines.
LINES = f"={MARK}{TAG}\r\n{MARK.upper()}: 1 {SUM}"

_LIVE = re.compile(
    rf"<(?:i|/i|script|button|meta)[\s/]{MARK}"  # an element
    rf"|[\"'][\s]*on{MARK}"  # an attribute
    # an address
    rf"|\s(?:href|src|action|formaction|content|poster|data)=[\"']?(?:\d+;url=)?(?://{MARK}|={MARK}|javascript:)",
    re.IGNORECASE,
)
_SUM = f"49{MARK}"
_FORMULA = (*FORMULA, *BREAKS)


def in_answer(response: TestResponse) -> Iterator[str]:
    """What is wrong with an answer of the application."""
    yield from in_headers(response.headers)
    kind, body = response.mimetype, response.get_data()
    if kind.endswith("json") and response.headers.get("X-Content-Type-Options") != "nosniff":
        yield "JSON that a browser may take for a page"
    yield from in_content(kind, body)


def in_headers(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        if MARK.upper() in name or "\n" in value or "\r" in value:
            yield f"a header of its own: {name}"
        if name == "Location" and re.match(
            rf"[/\\]{{2}}|(?!http://(?:localhost|127\.0\.0\.1)[:/])\w+:|\s*={MARK}", value
        ):
            yield f"leads away: {value}"


def in_content(kind: str, body: bytes) -> Iterator[str]:
    """What is wrong with a page, a text, a table, a calendar, a paper or an archive."""
    if kind == "application/zip":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            yield from (
                f"a path in an archive: {name}"
                for name in archive.namelist()
                if ".." in name or name.startswith("/")
            )
        return
    if kind.endswith("spreadsheetml.sheet"):
        yield from in_workbook(body)
        return
    if kind == "application/pdf":
        yield from in_paper(body)
        return
    text = body.decode("utf-8", errors="replace")
    if _SUM in text:
        yield f"a template was evaluated: {_around(text, text.index(_SUM))}"
    if kind in ("text/html", "image/svg+xml", "application/xml") and (match := _LIVE.search(text)):
        yield f"markup came to life: {_around(text, match.start())}"
    if kind == "text/csv":
        yield from (
            f"a formula: {cell}"
            for cell in _cells(text)
            if MARK in cell and cell.startswith(_FORMULA)
        )
    if kind == "text/calendar":
        lines = text.replace("\r\n ", "").splitlines()
        yield from (f"a line of its own: {line}" for line in lines if line.startswith(MARK.upper()))


def _cells(text: str) -> Iterator[str]:
    """The cells of CSV with either separator: a semicolon for readers of French, a comma for
    others."""
    for separator in ",;":
        for row in csv.reader(
            io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=separator
        ):
            yield from row


def in_workbook(body: bytes) -> Iterator[str]:
    """A cell of text is no formula and no link, whatever it begins with."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8", errors="replace")
            yield from (
                f"a formula in {name}: {run}"
                for run in re.findall(r"<f[ >][^<]*", text)
                if MARK in run
            )
            if name.endswith(".rels") and MARK in text:
                yield f"a link in {name}"


@lru_cache(maxsize=256)
def in_paper(body: bytes) -> tuple[str, ...]:
    """What came to life in a PDF."""
    return tuple(_faults_of_paper(body))


def _faults_of_paper(body: bytes) -> Iterator[str]:
    pages = pypdf.PdfReader(io.BytesIO(body)).pages
    text = re.sub(
        r"[\s-]", "", "".join(page.extract_text() for page in pages)
    )  # as before lines were broken
    if _SUM in text:
        yield "a template was evaluated in a PDF"
    if re.search(rf"@{MARK}(?!<i{MARK}>)", text):
        yield "markup came to life in a PDF, and no one can read it"
    for page in pages:
        links = [
            str(annotation.get_object().get("/A", {}).get("/URI", ""))
            for annotation in page.get("/Annots", [])
        ]
        yield from (
            f"a link in a PDF: {link}"
            for link in links
            if link.startswith(f"//{MARK}") or f"://{MARK}" in link
        )


def in_mail(subject: str, address: str, *texts: str) -> Iterator[str]:
    """A message is plain text: nothing in it may be evaluated, and its header has no lines of
    others."""
    for what in (subject, address):
        if "\n" in what or "\r" in what:
            yield f"a line of its own in a message's header: {what}"
    for text in (subject, *texts):
        kind = (
            "text/html" if re.match(r"\s*<(!doctype|html)", text, re.IGNORECASE) else "text/plain"
        )
        yield from in_content(kind, text.encode())


def _around(text: str, at: int) -> str:
    return " ".join(text[max(0, at - 60) : at + 60].split())
