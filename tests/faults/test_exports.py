"""Inputs that failed: files that leave the application."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from flask import Flask

from accounts.roles import Role
from tests import factories
from tests.browsing import Browser
from tests.enrollment import makers


def test_27_a_french_reader_gets_columns(app: Flask, sign_in: Callable[..., Browser]) -> None:
    with app.app_context():
        into = makers.delivery()
        makers.enrolled(into, "police", factories.person("Zoë", "Lefèvre; Nguyễn"))
        code, browser = into.code, sign_in(factories.actor(Role.COORDINATOR))
    french = browser.client.get(f"/deliveries/{code}/participants.csv?lang=fr").get_data(
        as_text=True
    )
    assert french.startswith("\ufeffRéférence;Nom de famille;")
    assert list(csv.reader(io.StringIO(french[1:]), delimiter=";"))[1][1] == "Lefèvre; Nguyễn"
    english = browser.client.get(f"/deliveries/{code}/participants.csv?lang=en").get_data(
        as_text=True
    )
    assert english.startswith("\ufeffReference,Family name,")
