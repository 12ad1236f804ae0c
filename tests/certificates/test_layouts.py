"""Another layout is another folder: nothing else changes."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import pypdf
import pytest
from flask import Flask

from accounts.roles import Role
from certificates import layouts, rendering, services
from certificates.payload import CertificatePayload
from certificates.snapshot import digest, is_intact
from core import texts
from core.database import db, transaction
from core.errors import DomainError
from core.policy import SYSTEM
from courses.models import Course, Delivery
from tests import factories
from tests.certificates import makers
from tests.certificates.samples import sample, text_of
from tests.courses import makers as courses

PAGE = """<!doctype html><html lang="{{ langs[0] }}"><head><title>{{ p.number }}</title></head><body>
<h1>{{ words[langs[0]].title }}</h1><p class="name">{{ name.value }}</p><p>{{ course[langs[0]].value }}</p>
<p>{{ address }}</p></body></html>"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The layouts of the application, and one for a landscape page in one language."""
    shutil.copytree(layouts.FOLDER, tmp_path / "layouts")
    own = tmp_path / "layouts" / "card"
    own.mkdir()
    text = (layouts.FOLDER / "sheet" / "layout.toml").read_text(encoding="utf-8")
    text = (
        text.replace("languages = 2", "languages = 1")
        .replace("[210, 297]", "[297, 210]")
        .replace("Sheet in two", "Card in one")
    )
    (own / "layout.toml").write_text(text.replace("name = 100", "name = 40"), encoding="utf-8")
    (own / "page.html").write_text(PAGE, encoding="utf-8")
    (own / "style.css").write_text(".name { font-family: 'Atlas Display' }", encoding="utf-8")
    monkeypatch.setattr(layouts, "FOLDER", tmp_path / "layouts")
    return own


def in_card(**changes: Any) -> dict[str, Any]:
    return sample(schema_version=2, layout="card", languages=["es"], **changes)


def test_a_certificate_is_printed_in_it(folder: Path) -> None:
    data = rendering.render(in_card())
    assert "Certificado de finalización" in text_of(data) and "Zoë Lefèvre-Nguyễn" in text_of(data)
    width, height = pypdf.PdfReader(io.BytesIO(data)).pages[0].mediabox[2:]
    assert width > height
    with pytest.raises(rendering.PayloadRefused):
        rendering.check(in_card(holder_name="N" * 41))
    with pytest.raises(rendering.PayloadRefused):
        rendering.check(
            sample(schema_version=2, layout="card")
        )  # two languages where there is room for one
    with pytest.raises(rendering.PayloadRefused):
        rendering.check(sample(schema_version=2, layout="not-there"))


def test_a_course_chooses_it_and_a_reissued_certificate_has_it(
    app: Flask, sign_in: Any, folder: Path
) -> None:
    with app.app_context():
        delivery_id = makers.finished_delivery(1).id
        boss = factories.actor(Role.ADMINISTRATOR)
    page = sign_in(boss).get("/courses/GTI/edit")
    assert page.form(button="Save").values["layout"] == "sheet"
    saved = page.form(button="Save").submit(layout="card")
    assert saved.path == "/courses/GTI", saved.errors
    with app.app_context():
        (first,) = makers.issued(db.session.get_one(Delivery, delivery_id))
        assert (
            first.payload["layout"],
            first.payload["languages"],
            first.payload["schema_version"],
        ) == ("card", ["en"], 2)
        with transaction():
            second = services.reissue(SYSTEM, makers.again(first), reason="Another name")
        assert makers.again(second).payload["layout"] == "card" and is_intact(makers.again(second))


def test_an_unknown_layout_is_refused(context: Flask) -> None:
    with pytest.raises(DomainError):
        courses.course(layout="not-there")
    assert db.session.query(Course).count() == 0


def test_payloads_of_the_first_version_keep_their_bytes() -> None:
    """The digest is that of a certificate issued before payloads named a layout."""
    old = CertificatePayload.from_dict(sample())
    assert digest(old) == "5c728250083b8096ee7f30994aadd1323a2a440e28e075a9f7bd48f4abeb15ee"
    assert (old.layout, old.languages, old.schema_version) == ("sheet", ("en", "fr"), 1)
    assert not {"layout", "languages", "schema_version"} & old.to_dict().keys()
    with pytest.raises(ValueError):
        CertificatePayload.from_dict(sample(layout="card"))
    with pytest.raises(ValueError):
        CertificatePayload.from_dict(sample(schema_version=2, layout="../secret"))


def test_every_layout_has_its_parts_and_is_called_something_in_every_language() -> None:
    for name, title in layouts.titles().items():
        assert {path.name for path in (layouts.FOLDER / name).iterdir()} == {
            "page.html",
            "style.css",
            "layout.toml",
        }
        assert texts.offered().keys() <= title.keys()
