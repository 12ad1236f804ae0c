"""Email addresses: kept as typed, compared by a key, told to servers with the domain by IDNA
2008."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts import queries
from core.checking import breaches
from core.database import db, transaction
from core.mail import addresses
from core.migrations import downgrade, upgrade
from core.policy import SYSTEM
from people import services
from people.models import Person
from tests.databases import Database, make_app


@pytest.mark.parametrize(
    ("typed", "wire", "key"),
    [
        ("Zoe.O'Neill@Example.ORG", "Zoe.O'Neill@example.org", "zoe.o'neill@example.org"),
        ("info@straße.example", "info@xn--strae-oqa.example", "info@xn--strae-oqa.example"),
        ("INFO@STRASSE.example", "INFO@strasse.example", "info@strasse.example"),
        ("πέτρος@βόλος.example", "πέτρος@xn--nxasmm1c.example", "πέτρος@xn--nxasmm1c.example"),
        ("İnci@İzmir.example", "İnci@xn--izmir-7fd.example", "İnci@xn--izmir-7fd.example"),
        ("ﬁona@example.org", "ﬁona@example.org", "ﬁona@example.org"),
        ("fiona@example.org", "fiona@example.org", "fiona@example.org"),
        ("Straße@example.org", "Straße@example.org", "straße@example.org"),
        ("c@müller.example", "c@xn--mller-kva.example", "c@xn--mller-kva.example"),
        ("c@MÜLLER.example", "c@xn--mller-kva.example", "c@xn--mller-kva.example"),
        ("c@xn--mller-kva.example", "c@xn--mller-kva.example", "c@xn--mller-kva.example"),
        ("É@example.org", "É@example.org", "É@example.org"),
        ("é@example.org", "é@example.org", "é@example.org"),
        ("E\u0301@example.org", "E\u0301@example.org", "É@example.org"),
        ("\u212bsa@example.org", "\u212bsa@example.org", "Åsa@example.org"),
        ("a@\u212belvin.example", "a@xn--elvin-lra.example", "a@xn--elvin-lra.example"),
        ("a@ab--cd.com", "a@ab--cd.com", "a@ab--cd.com"),
        ("a@R3---sn.org", "a@r3---sn.org", "a@r3---sn.org"),
        (
            "a@ab--cd。müller。example",
            "a@ab--cd.xn--mller-kva.example",
            "a@ab--cd.xn--mller-kva.example",
        ),
        ("a@4.3com.example", "a@4.3com.example", "a@4.3com.example"),
    ],
)
def test_an_address_is_told_as_typed_and_compared_by_its_key(
    typed: str, wire: str, key: str
) -> None:
    address = addresses.parse(f" {typed}\t")
    assert (address.typed, address.wire, address.key) == (typed, wire, key)
    assert address.needs_utf8 is not typed.rpartition("@")[0].isascii()


def test_the_key_forgets_ascii_case_and_how_unicode_encodes_a_letter_and_nothing_else() -> None:
    """Whatever folds two letters into one would write to another mailbox."""
    letters = [chr(code) for code in range(0x21, 0x2000) if chr(code).isalpha()]
    keys: dict[str, str] = {}
    for letter in letters:
        try:
            address = addresses.parse(f"{letter}@example.org")
        except addresses.NotAnAddress:
            continue
        other = keys.setdefault(address.key, unicodedata.normalize("NFC", address.typed))
        assert (
            other == unicodedata.normalize("NFC", address.typed)
            or other.isascii()
            and other.lower() == address.typed.lower()
        ), (
            other,
            address.typed,
        )
    assert len(keys) > 2000


@pytest.mark.parametrize(
    "mark", ["\u200b", "\u200f", "\ufeff", "\u00ad", "\u2060", "\u202a", "\u200d"]
)
def test_invisible_marks_are_no_part_of_an_address(mark: str) -> None:
    assert addresses.parse(f"{mark}zoe@exam{mark}ple.org{mark}").typed == "zoe@example.org"


def test_a_joiner_that_is_part_of_a_domain_stays() -> None:
    assert addresses.parse("a@نامه\u200cای.example").wire == "a@xn--mgba3gch31f060k.example"


def test_no_address_becomes_another_one_in_ascii() -> None:
    """Programs on the way may normalise text: an address that would then lead to another mailbox
    is refused."""
    for code in range(0x80, sys.maxunicode + 1):
        if not 0xD800 <= code < 0xE000 and unicodedata.normalize("NFC", chr(code)).isascii():
            with pytest.raises(addresses.NotAnAddress):
                addresses.parse(f"a{chr(code)}b@example.org")


@pytest.mark.parametrize(
    "text",
    [
        "a@under_score.example",
        "a@-b.example",
        "a@b-.example",
        "a@xn--zz.example",
        "a@XN--zz.example",
        "a@b.org.",
        "a@b..org",
        "a@é--b-.example",
        "a@ab--é.example",
        f"a@{'b' * 64}.org",
        "x" * 5000 + "@b.org",
        "\u0958" * 200 + "@b.org",
    ],
)
def test_what_no_mail_server_could_look_up_is_refused(text: str) -> None:
    with pytest.raises(addresses.NotAnAddress):
        addresses.parse(text)


@pytest.mark.both_databases
def test_one_person_however_the_address_is_spelt(context: Flask) -> None:
    def record(email: str) -> Person:
        with transaction():
            return services.record_person(SYSTEM, given_name="A", family_name="B", email=email)

    first = record("Info@Müller.example").id
    assert record("info@xn--mller-kva.EXAMPLE").id == first
    assert queries.find_person_by_email("INFO@MÜLLER.example").id == first
    assert db.session.get_one(Person, first).email == "Info@Müller.example"
    assert record("info@straße.example").id != record("info@strasse.example").id
    assert record("fiona@example.org").id != record("ﬁona@example.org").id
    assert list(breaches()) == []


def test_a_key_that_is_not_the_addresses_own_is_found(context: Flask) -> None:
    with transaction():
        person = services.record_person(
            SYSTEM, given_name="A", family_name="B", email="a@straße.example"
        )
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.text("UPDATE person SET email_key = 'a@strasse.example'"))
        connection.commit()
    assert list(breaches()) == [
        f"person {person.id}: the key of the email address is not the address's own"
    ]


@pytest.mark.both_databases
def test_people_who_are_known_already_get_their_keys(database: Database, tmp_path: Path) -> None:
    url = None
    if not database.app.extensions["settings"].is_sqlite:
        with (
            database.app.app_context(),
            db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            connection.exec_driver_sql("DROP DATABASE IF EXISTS keys")
            connection.exec_driver_sql("CREATE DATABASE keys")
            url = db.engine.url.set(database="keys").render_as_string(hide_password=False)
    app = make_app(tmp_path, url)
    with app.app_context():
        upgrade(revision="0001")
        with db.engine.connect().execution_options(writes=True) as connection:
            for email in (
                "zoe@example.org",
                "c@müller.example",
                "é@example.org",
                None,
                "c@xn--mller-kva.example",
            ):
                connection.execute(
                    sa.text(
                        "INSERT INTO person (given_name, family_name, name_on_certificate, email, "
                        "gender, language, created_at) VALUES ('A', 'B', 'A B', :email, "
                        "'undisclosed', 'en', '2026-01-01 00:00:00')"
                    ),
                    {"email": email},
                )
            connection.commit()
        upgrade()
        keys = [
            row[0]
            for row in db.session.execute(sa.text("SELECT email_key FROM person ORDER BY id"))
        ]
        db.session.rollback()
        assert keys[:1] + keys[2:] == [
            "zoe@example.org",
            "é@example.org",
            None,
            "c@xn--mller-kva.example",
        ]
        assert keys[1] is None, "two rows with one domain: the second is named by flask check"
        assert len(list(breaches())) == 1
        db.session.remove()
        downgrade("0001")
        db.session.remove()
        db.engine.dispose()
