"""A plain field is declared once and appears everywhere it is offered (core/personal.py); adding
one touches four files."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from accounts.roles import Role
from core import clock
from core.database import db, transaction
from core.personal import Field, offered
from core.policy import SYSTEM
from core.settings import ROOT
from enrollment.nomination_files import COLUMNS
from people.fields import OWN, PERSON, ROSTER, STAFF
from people.models import Person
from people.services import change_person
from roster.fields import EXPERT
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.enrollment.makers import token_of
from tests.roster import makers

#: What adding `passport_expires_on` touched, beside the catalogue of French and docs that `make
#: docs` writes.
PASSPORT = {
    "people/models.py",
    "people/fields.py",
    "migrations/versions/0025_passport_expiry.py",
    "migrations/HEAD",
}


def sample(field: Field) -> Any:
    return date(2031, 5, 17) if field.kind is date else "Sample"


def shown(field: Field) -> str:
    return "17 May 2031" if field.kind is date else "Sample"


def sent(field: Field) -> str:
    return str(sample(field))


def labelled(fields: tuple[Field, ...]) -> Any:
    return pytest.mark.parametrize("field", fields, ids=lambda field: field.name)


@pytest.fixture
def staff(app: Flask, sign_in: Callable[..., Browser]) -> Browser:
    with app.app_context():
        return sign_in(factories.actor(Role.ROSTER))


@labelled(offered(PERSON, OWN))
def test_people_write_and_read_it_on_their_own_page(
    app: Flask, sign_in: Callable[..., Browser], field: Field
) -> None:
    with app.app_context():
        actor = factories.actor(given="Lan", family="Tran")
        api = ApiClient(app, token_of(actor))
    browser = sign_in(actor)
    page = browser.get("/me/details").form(button="Save").submit(**{field.name: sent(field)})
    assert str(field.what) in page.text and shown(field) in browser.get("/me").text
    assert api.get("/me").json[field.name] == sent(field)
    browser.get("/me/details").form(button="Save").submit(**{field.name: ""})
    assert api.get("/me").json[field.name] is None
    assert api.put("/me", {field.name: sent(field)}).json[field.name] == sent(field)
    assert api.put("/me", {"gender": None}).json[field.name] == sent(field), "left out, it stays"
    assert api.put("/me", {field.name: None}).json[field.name] is None
    assert api.put("/me", {field.name: sent(field)}).json[field.name] == sent(field)


@labelled(offered(PERSON, STAFF))
def test_administrators_correct_it(
    app: Flask, sign_in: Callable[..., Browser], field: Field
) -> None:
    with app.app_context():
        person, boss = factories.person().id, factories.actor(Role.ADMINISTRATOR)
    browser = sign_in(boss)
    page = (
        browser.get(f"/administration/people/{person}/edit")
        .form(button="Save")
        .submit(**{field.name: sent(field)})
    )
    assert shown(field) in page.text


@labelled(offered(PERSON, ROSTER))
def test_roster_staff_read_it(app: Flask, staff: Browser, field: Field) -> None:
    with app.app_context():
        expert = makers.expert()
        key = expert.id
        with transaction():
            change_person(
                SYSTEM, db.session.get_one(Person, expert.person_id), **{field.name: sample(field)}
            )
        api = ApiClient(app, token_of(factories.actor(Role.ROSTER)))
    assert shown(field) in staff.get(f"/roster/{key}").text
    assert api.get(f"/experts/{key}").json["person"][field.name] == sent(field)
    assert exported(staff)[str(field.what)] == sent(field)


@labelled(EXPERT)
def test_experts_and_roster_staff_write_and_read_it(
    app: Flask, staff: Browser, field: Field
) -> None:
    with app.app_context():
        key = makers.expert().id
        api = ApiClient(app, token_of(factories.actor(Role.ROSTER)))
    page = (
        staff.get(f"/roster/{key}/edit")
        .form(button="Save the profile")
        .submit(**{field.name: sent(field)})
    )
    assert shown(field) in page.text
    assert api.get(f"/experts/{key}").json[field.name] == sent(field)
    assert exported(staff)[str(field.what)] == sent(field)


def exported(browser: Browser) -> dict[str, str]:
    browser.get("/roster")
    answer = browser.post("/roster/export", {"csrf_token": browser.token()}).response
    return next(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


@labelled((*PERSON, *EXPERT))
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_privacy_page_gives_its_reason(app: Flask, field: Field, language: str) -> None:
    text = Browser(app, language=language).get("/privacy").text
    with app.test_request_context(headers={"Accept-Language": language}):
        assert all(
            str(words) in text for words in (field.what, field.why, field.readers, field.retention)
        )


@labelled((*PERSON, *EXPERT))
def test_nothing_else_shows_it(app: Flask, field: Field) -> None:
    """Above all not those who nominate: neither what they send nor what they read has it."""
    with app.app_context():
        schemas = ApiClient(app, None).description["components"]["schemas"]
    holding = {name for name, shape in schemas.items() if field.name in shape.get("properties", {})}
    allowed = (
        {"OwnBody", "OwnAnswer", "ExpertPersonAnswer"}
        if field in PERSON
        else {"ExpertBody", "ExpertAnswer"}
    )
    assert holding == allowed
    assert field.name not in COLUMNS


@pytest.mark.parametrize("text", ["2131-05-17", "1931-05-17"])
def test_a_mistyped_year_is_refused(app: Flask, text: str) -> None:
    with app.app_context():
        api = ApiClient(app, token_of(factories.actor()))
        assert abs(date.fromisoformat(text).year - clock.today().year) > 50
    assert api.put("/me", {"passport_expires_on": text}).status_code == 422


def test_the_passport_touched_four_files() -> None:
    tops = [
        path
        for path in ROOT.iterdir()
        if path.is_dir() and (path / "__init__.py").exists() and path.name != "tests"
    ]
    files = [
        path
        for top in (*tops, ROOT / "migrations", ROOT / "templates")
        for path in top.rglob("*.*")
    ]
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in files
        if path.suffix in {".py", ".html"}
        and "passport_expires_on" in path.read_text(encoding="utf-8")
    }
    assert naming | {"migrations/HEAD"} == PASSPORT


# Invented columns, in a copy of the project

MIGRATION = '''"""Invented"""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("{table}", sa.Column("call_sign", sa.String(40), nullable=True))


def downgrade() -> None:
    op.drop_column("{table}", "call_sign")
'''
DECLARATION = """
    Field(
        {model}.call_sign,
        _l("Call sign"),
        _l("To be called"),
        _l("A year"),
        {places},
        values.clean_text,
    ),
)"""


def invent(copy: Path, package: str, model: str, anchor: str, places: str) -> list[str]:
    """Adds a column `call_sign` the way docs/architecture.md says; the files that were touched."""
    models, fields = copy / package / "models.py", copy / package / "fields.py"
    head = (copy / "migrations/HEAD").read_text().strip()
    text = models.read_text(encoding="utf-8")
    assert text.count(anchor) == 1
    models.write_text(
        text.replace(
            anchor, f"{anchor}    call_sign: Mapped[str | None] = mapped_column(sa.String(40))\n"
        )
    )
    name = model.upper()
    declared = fields.read_text(encoding="utf-8").replace(
        f"{name}: tuple[Field, ...] = ()", f"{name}: tuple[Field, ...] = (\n)"
    )
    start = declared.index(f"{name}: tuple[Field, ...] = (")
    end = declared.index("\n)", start)
    added = DECLARATION.format(model=model, places=places)
    imports = [
        "from people import values",
        f"from {package}.models import {model}",
        "from people.fields import OWN, ROSTER",
    ]
    missing = [line for line in imports if line not in declared and f"{package}.fields" not in line]
    declared = declared[:end] + added + declared[end + 2 :]
    lines = "\n".join([*missing, "from core.personal import"])
    fields.write_text(declared.replace("from core.personal import", lines, 1))
    migration = copy / "migrations/versions/9999_invented.py"
    migration.write_text(MIGRATION.format(head=head, table=model.lower()))
    (copy / "migrations/HEAD").write_text("9999\n")
    return [
        f"{package}/models.py",
        f"{package}/fields.py",
        "migrations/versions/9999_invented.py",
        "migrations/HEAD",
    ]


@pytest.mark.skipif(
    (ROOT / "migrations/versions/9999_invented.py").exists(), reason="this is the copy"
)
@pytest.mark.parametrize(
    ("package", "model", "anchor", "places"),
    [
        ("people", "Person", "    birth_date: Mapped[date | None]\n", "(OWN, STAFF, ROSTER)"),
        pytest.param(
            "roster",
            "Expert",
            "    rank: Mapped[str | None] = mapped_column(sa.String(120))\n",
            "(OWN, ROSTER)",
            marks=pytest.mark.long,
        ),
    ],
)
def test_an_invented_column_appears_everywhere(
    tmp_path: Path, package: str, model: str, anchor: str, places: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(
        ROOT,
        copy,
        ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "instance", "screenshots"),
    )
    touched = invent(copy, package, model, anchor, places)
    assert len(touched) <= 4
    tests = ["tests/people/test_fields.py", "tests/guards/test_personal_data.py"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "call_sign or reason or declared",
        "-rA",
    ]
    ran = subprocess.run([*command, *tests], cwd=copy, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.count("call_sign") >= 4
