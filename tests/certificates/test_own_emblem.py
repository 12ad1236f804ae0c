"""The emblem of a centre: how it gets there, what is refused, and that certificates go on
showing the one they were printed with."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import zlib
from types import SimpleNamespace
from typing import Any

import pypdf
import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image, PngImagePlugin

from accounts.roles import Role
from certificates import files, services
from certificates.jobs import render_one
from certificates.models import Certificate
from certificates.rendering import Renderer, RenderingFailed
from certificates.snapshot import is_intact
from core import audit
from core.database import db, transaction
from core.errors import DomainError, Invalid
from core.policy import SYSTEM
from people import services as people
from people.models import BodyKind, Emblem, Organization
from people.queries import emblem_png, find_body, first_body
from tests import factories
from tests.api_client import ApiClient
from tests.certificates import makers
from tests.certificates.samples import sample
from tests.courses import makers as courses
from tests.enrollment import makers as enrolling
from tests.enrollment.makers import token_of

NOT_A_PICTURE = "This file is not a picture in PNG or JPEG that can be read."
TOO_LARGE = "This picture is larger than 1 MB or than 4,000 pixels on a side. Choose a smaller one."
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'


def picture(
    kind: str = "PNG", size: tuple[int, int] = (90, 60), colour: Any = (160, 20, 40), **options: Any
) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, kind, **options)
    return content.getvalue()


def bomb(side: int = 60_000) -> bytes:
    """A small PNG whose header promises more pixels than fit into memory."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pieces = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in pieces
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def show(data: bytes | None, code: str | None = None) -> str | None:
    """The centre's certificates show this picture from now on; its digest."""
    png = people.emblem_from(data) if data else None
    with transaction():
        centre = find_body(code) if code else first_body(BodyKind.CENTRE)
        people.change_emblem(SYSTEM, centre, png)
        return centre.emblem_sha256


def shown(certificate: Certificate) -> str | None:
    return makers.again(certificate).payload.get("emblem_sha256")


def images_in(pdf: bytes) -> int:
    return len(pypdf.PdfReader(io.BytesIO(pdf)).pages[0].images)


def spoken_in(pdf: bytes) -> list[str]:
    """What a screen reader says instead of the pictures of a PDF."""

    def below(node: Any) -> list[str]:
        node = node.get_object()
        parts = (
            node
            if isinstance(node, list)
            else [node["/K"]]
            if isinstance(node, dict) and "/K" in node
            else []
        )
        own = [str(node["/Alt"])] if isinstance(node, dict) and "/Alt" in node else []
        return own + [words for part in parts for words in below(part)]

    return below(pypdf.PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/StructTreeRoot"])  # type: ignore[index]  # pypdf types every entry as PdfObject


@pytest.mark.both_databases
def test_a_certificate_keeps_the_emblem_it_was_printed_with(context: Flask) -> None:
    first = show(picture())
    delivery = makers.finished_delivery(1)
    (before,) = makers.issued(delivery)
    filed = files.read(makers.again(before))
    assert shown(before) == first and images_in(filed) == 1
    second = show(picture(colour=(0, 80, 60)))
    assert files.remade(makers.again(before)) == filed, "printed again after the centre changed it"
    assert is_intact(makers.again(before)) and shown(before) == first
    with transaction():
        after = services.reissue(SYSTEM, makers.again(before), reason="Another emblem")
    assert shown(after) == second != first
    show(None)
    assert files.remade(makers.again(before)) == filed, "and after it was removed"
    with transaction():
        last = services.reissue(SYSTEM, makers.again(after), reason="None")
    assert "emblem_sha256" not in makers.again(last).payload, (
        "a payload without an emblem is as it always was"
    )
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Emblem)) == 2


def test_a_job_reads_the_emblem_once_and_not_for_what_is_filed(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str | None] = []
    monkeypatch.setattr(
        files, "emblem_png", lambda sha256: read.append(sha256) or emblem_png(sha256)
    )
    digest = show(picture())
    delivery = makers.finished_delivery(3)
    (first, *_others) = makers.issued(delivery)
    assert read == [digest]
    render_one(SimpleNamespace(note=lambda **_: None), first.id)  # type: ignore[arg-type]  # a stand-in with the one method the job calls
    assert read == [digest], "its file lies there"


@pytest.mark.both_databases
def test_the_same_picture_twice_is_kept_once_and_is_no_event(context: Flask) -> None:
    factories.centre("KAC")
    digest = show(picture())
    assert show(picture()) == show(picture(), "KAC") == digest
    action = audit.AuditEntry.action == "organization.emblem_changed"
    bodies = db.session.scalars(sa.select(audit.AuditEntry.body).where(action)).all()
    facts = [json.loads(body)["facts"] for body in bodies]
    assert [set(fact) for fact in facts] == [{"organization_id", "sha256"}] * 2, (
        "ids and digests, no names"
    )
    assert {fact["sha256"] for fact in facts} == {digest}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Emblem)) == 1


def test_another_centres_certificates_show_the_emblem_of_the_application(context: Flask) -> None:
    factories.centre("KAC")
    assert show(picture(), "KAC")
    (certificate,) = makers.issued(makers.finished_delivery(1))
    assert shown(certificate) is None and images_in(files.read(makers.again(certificate))) == 0


def test_a_letter_of_participation_shows_the_emblem_and_who_signs(
    context: Flask, sign_in: Any
) -> None:
    """As the centre's certificates do; a centre without signatories signs by its trainers."""
    delivery = courses.delivery()
    factories.actor(Role.TRAINER, delivery_id=delivery.id, given="Teo", family="Okoro")
    short = enrolling.enrolled(delivery, "police")
    enrolling.attend(delivery, short, minutes=90)
    enrolling.finished(delivery)
    browser, address = sign_in(makers.coordinator()), f"/enrollments/{short.id}/letter"
    page = browser.get(address)
    assert not page.all("img", class_="kept-emblem") and "Teo OkoroTrainer" in page.text
    digest = show(picture())
    with transaction():
        signed = [{"name": "Adwoa Mensah", "office": {"en": "Director", "fr": "Directrice"}}]
        people.put_organization(SYSTEM, first_body(BodyKind.CENTRE).code, signatories=signed)
    page = browser.get(address)
    (emblem,) = page.all("img", class_="kept-emblem")
    assert base64.b64decode(emblem.get("src").partition(",")[2]) == emblem_png(digest)
    assert "Adwoa MensahDirector" in page.text and "Okoro" not in page.text


def test_only_centres_have_one(context: Flask) -> None:
    factories.organization("CA-MFA")
    with pytest.raises(Invalid) as refusal:
        show(picture(), "CA-MFA")
    assert (refusal.value.code, refusal.value.field) == ("wrong_kind", "emblem")
    coordinator = factories.actor(Role.COORDINATOR)
    with pytest.raises(DomainError) as denied, transaction():
        people.change_emblem(coordinator, first_body(BodyKind.CENTRE), None)
    assert denied.value.status == 403


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (SVG, "not_a_picture"),
        (b"Only words", "not_a_picture"),
        (b"", "not_a_picture"),
        (picture("GIF"), "not_a_picture"),
        (picture(size=(900, 900))[:-60], "not_a_picture"),
        (bomb(), "too_large"),
        (bomb(4001), "too_large"),
        (picture(size=(4001, 10)), "too_large"),
        (picture() + bytes(1024 * 1024), "too_large"),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused(
    context: Flask, data: bytes, code: str, monkeypatch: Any
) -> None:
    if code == "too_large":
        monkeypatch.setattr(
            Image.Image, "convert", lambda *_: pytest.fail("unpacked before it was refused")
        )
    with pytest.raises(Invalid) as refusal:
        people.emblem_from(data)
    assert (refusal.value.code, refusal.value.field) == (code, "emblem")


def test_what_is_kept_is_small_and_nothing_but_the_picture(context: Flask) -> None:
    words, exif = PngImagePlugin.PngInfo(), Image.Exif()
    words.add_text("Author", "Amina Diallo")
    exif[0x0112], exif[0x013B] = 6, "Amina Diallo"  # lying on its side; the artist
    for data in (
        picture(size=(1200, 800), pnginfo=words, exif=exif),
        picture("JPEG", (1200, 800), exif=exif, comment=b"Amina Diallo"),
    ):
        png = people.emblem_from(data)
        with Image.open(io.BytesIO(png)) as image:
            assert (image.format, image.mode, image.size, image.info) == (
                "PNG",
                "RGBA",
                (400, 600),
                {},
            )
            image.load()
            assert not image.getexif() and b"Amina" not in png
    with Image.open(io.BytesIO(people.emblem_from(picture(size=(90, 60))))) as small:
        assert small.size == (90, 60), "never made larger"
    grey = io.BytesIO()
    Image.new("I;16", (9, 9), 0x8000).save(grey, "PNG")
    with Image.open(io.BytesIO(people.emblem_from(grey.getvalue()))) as image:
        assert image.getpixel((0, 0)) == (128, 128, 128, 255)


def test_the_press_prints_it_with_the_centres_name_instead_of_it_and_only_the_right_one() -> None:
    png, other = people.emblem_from(picture()), people.emblem_from(picture(colour=(0, 0, 0)))
    payload = sample(emblem_sha256=hashlib.sha256(png).hexdigest())
    with Renderer() as first, Renderer() as two:
        plain = first.render(sample())
        pdf = first.render(payload, emblem=png)
        assert images_in(pdf) == 1 and spoken_in(pdf) == [sample()["issuer"]["en"]]
        assert first.render(sample()) == plain and images_in(plain) == 0
        assert two.render(payload, emblem=png) == pdf, "equal payloads, equal bytes"
        for wrong in (None, other):
            with pytest.raises(RenderingFailed):
                first.render(payload, emblem=wrong)


@pytest.fixture
def office(app: Flask, sign_in: Any) -> Any:
    """(browser of an administrator, path of a centre's page)."""
    with app.app_context():
        centre = factories.centre("KAC")
        path = f"/administration/organizations/{centre.id}"
        return sign_in(factories.actor(Role.ADMINISTRATOR)), path


def chosen(data: bytes, name: str = "emblem.png") -> Any:
    return io.BytesIO(data), name


def test_by_the_page(app: Flask, office: Any) -> None:
    browser, path = office
    page = browser.get(path)
    assert (
        not page.all("img", class_="kept-emblem")
        and "remove_emblem" not in page.form(button="Save").names
    )
    assert browser.get(f"{path}/emblem.png").status == 404
    assert (
        page.form(button="Save").submit(emblem=chosen(picture("JPEG"), "emblem.jpg")).status == 200
    )
    page = browser.get(path)
    (preview,) = page.all("img", class_="kept-emblem")
    served = browser.get(preview.get("src")).response
    assert served.status_code == 200 and served.content_type == "image/png"
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    with app.app_context():
        digest = find_body("KAC").emblem_sha256
        assert served.data == emblem_png(digest)
        api = ApiClient(app, token_of(factories.actor(Role.ADMINISTRATOR)))
        assert api.get("/organizations/KAC").json["emblem_sha256"] == digest
    page.form(button="Save").submit(country="GH")
    assert browser.get(path).all("img", class_="kept-emblem"), "saved without a file, it stays"
    browser.get(path).form(button="Save").submit(remove_emblem="y")
    assert not browser.get(path).all("img", class_="kept-emblem")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (SVG, NOT_A_PICTURE),
        (b"Only words", NOT_A_PICTURE),
        (bomb(), TOO_LARGE),
        (picture() + bytes(1024 * 1024), TOO_LARGE),
    ],
)
def test_the_page_says_at_the_field_what_is_wrong_and_saves_nothing(
    app: Flask, office: Any, data: bytes, sentence: str
) -> None:
    browser, path = office
    answer = browser.get(path).form(button="Save").submit(emblem=chosen(data), name="Another name")
    assert answer.status == 422 and answer.errors == [sentence]
    assert answer.form(button="Save").values["name"] == "Another name"
    with app.app_context():
        assert find_body("KAC").emblem_sha256 is None and find_body("KAC").name != "Another name"


def test_a_chosen_picture_is_never_lost_unnoticed(office: Any) -> None:
    browser, path = office
    answer = browser.get(path).form(button="Save").submit(emblem=chosen(picture()), name="")
    assert answer.status == 422 and len(answer.errors) == 2
    assert answer.errors[1] == "Choose the picture again: it is not kept when the page comes back."


def test_bodies_that_teach_nothing_are_not_asked_for_one(app: Flask, sign_in: Any) -> None:
    with app.app_context():
        key = factories.organization("CA-MFA").id
        boss, coordinator = factories.actor(Role.ADMINISTRATOR), factories.actor(Role.COORDINATOR)
        centre_id = db.session.scalar(
            sa.select(Organization.id).where(
                Organization.is_first, Organization.of_kind(BodyKind.CENTRE)
            )
        )
    assert (
        "emblem"
        not in sign_in(boss).get(f"/administration/organizations/{key}").form(button="Save").names
    )
    assert (
        sign_in(coordinator).get(f"/administration/organizations/{centre_id}/emblem.png").status
        == 403
    )
