"""Faults of mail that were found by number (tests/faults/inputs), each with the right value."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask

from accounts.roles import Role
from core.database import db
from core.mail import Mail
from tests import factories
from tests.api_client import ApiClient
from tests.enrollment import makers

INPUTS = Path(__file__).parent / "inputs"


def enrolled(app: Flask, name: str) -> tuple[dict, Mail]:
    """Sends the input to a new delivery; the answer's body and the mail that it caused."""
    with app.app_context():
        code, client = makers.delivery().code, ApiClient(app, makers.token_of(factories.actor(Role.COORDINATOR)))
    answer = client.post(f"/deliveries/{code}/enrollments", json.loads((INPUTS / name).read_text(encoding="utf-8")))
    assert answer.status_code == 201, answer.json
    with app.app_context():
        return answer.json, db.session.scalars(db.select(Mail).order_by(Mail.id.desc())).first()


def test_19_an_address_with_a_sharp_s_is_not_rewritten(app: Flask) -> None:
    answer, mail = enrolled(app, "19-email-sharp-s.json")
    assert mail.address == "info@straße.example"
    assert "strasse" not in str(answer)
