"""A real disk of 6 MB that fills up, and a real PostgreSQL that is stopped: the application goes
on saying so, and recovers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from accounts.roles import Role
from core import audit, health
from core.database import db
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.core.test_api import token_for
from tests.databases import make_app, migrate, migrated_app
from tests.postgresql import find_binaries, running_server


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m,mode=0700", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(
            "only root may mount a small disk; test_outages.py covers the same errors without one"
        )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all that is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 4_096):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return filler


def signed_in(app: Flask) -> Browser:
    with app.app_context():
        actor = factories.actor(Role.COORDINATOR)
    browser = Browser(app)
    factories.sign_in(browser, actor)
    return browser


def test_a_disk_that_is_full(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(health, "PROBE_SECONDS", 0)
    app = migrated_app(small_disk)
    api, browser = ApiClient(app, token_for(app, Role.COORDINATOR)), signed_in(app)
    token = browser.token()
    assert app.test_client().get("/readyz").status_code == 200
    filler = fill(small_disk)
    refused = [api.put(f"/skills/s{n}", {"title": {"en": "X" * 80}}) for n in range(120)]
    assert {answer.status_code for answer in refused[-10:]} == {503}
    assert (refused[-1].json["code"], refused[-1].headers["Retry-After"]) == ("cannot_save", "60")
    details = {
        "csrf_token": token,
        "given_name": "Ama",
        "name_on_certificate": "Ama",
        "language": "en",
    }
    page = browser.post("/me/details", details)
    assert page.status == 503 and "the disk is full" in page.text
    assert [browser.get(path).status for path in ("/", "/me", "/deliveries")] == [200] * 3
    ready = app.test_client().get("/readyz")
    assert (ready.status_code, "ENOSPC" in ready.text) == (503, True)
    assert app.test_client().get("/healthz").status_code == 200
    assert "Traceback" not in caplog.text and 'File "' not in caplog.text
    filler.unlink()
    assert api.put("/skills/after", {"title": {"en": "X"}}).status_code == 201
    assert app.test_client().get("/readyz").status_code == 200
    with app.app_context():
        assert list(audit.breaches()) == []
        db.session.remove()
        db.engine.dispose()


@pytest.mark.skipif(find_binaries() is None, reason="PostgreSQL is not installed")
def test_a_postgresql_that_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    with running_server() as url:
        assert url
        app = make_app(tmp_path, url)
        migrate(app)
        api, browser = ApiClient(app, token_for(app, Role.COORDINATOR)), signed_in(app)
        token = browser.token()
        assert api.get("/skills").status_code == 200
    answers = [api.get("/skills"), api.put("/skills/x", {"title": {"en": "X"}})]
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [
        (503, "database_unavailable")
    ] * 2
    details = {
        "csrf_token": token,
        "given_name": "Ama",
        "name_on_certificate": "Ama",
        "language": "en",
    }
    pages = [Browser(app).get("/"), browser.get("/me"), browser.post("/me/details", details)]
    assert [page.status for page in pages] == [503] * 3
    assert all(
        page.response.headers["Retry-After"] and "cannot be reached" in page.text for page in pages
    )
    client = app.test_client()
    assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (503, 200)
    assert "Traceback" not in caplog.text and 'File "' not in caplog.text
