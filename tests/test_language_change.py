"""Changing the language keeps what was typed: on every page with a form, after a refusal, and on
each of several screens. Without a script; nothing is saved by it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.datastructures import FileStorage

from core import audit
from core.database import db
from tests import factories
from tests.browsing import Browser, Form, Page, typed_into
from tests.courses import makers as courses
from tests.enrollment.test_apply_pages import ABOUT
from tests.test_access_table import World, address, rules
from tests.test_access_table import world as world  # the fixture

#: (page, form's address) of which nothing is kept, and why.
NOT_KEPT = {
    (
        "/sign-in",
        "/sign-in",
    ): "the second form of its page, and a button belongs to one: the first, for a link, is kept"
}
TYPED = {"date": "2027-05-04", "email": "typed@example.org", "number": "7"}


def texts(form: Form) -> list[Any]:
    return typed_into(form.element)


def ticked(form: Form) -> dict[str, list[str]]:
    """Every checkbox of the form, as if all were ticked."""
    boxes = [e for e in form.element.iter("input") if e.get("type") == "checkbox" and e.get("name")]
    return {
        box.get("name"): [b.get("value", "on") for b in boxes if b.get("name") == box.get("name")]
        for box in boxes
    }


def to_type_into(page: Page) -> list[Form]:
    return [form for form in page.forms if texts(form) or ticked(form)]


def in_other_language(page: Page, form: Form, **typed: str | list[str]) -> Page:
    """The page after its button “Français” or “English” was pressed, with these words and ticks
    in the form."""
    own = form.element.get("id")
    buttons = [b for b in page.all("button") if own and b.get("form") == own and b.get("lang")]
    assert buttons, f"{page.path}: changing the language loses what was entered in {form.action}"
    values = form.values
    for name, words in typed.items():
        values.setlist(name, words if isinstance(words, list) else [words])
    values.add(buttons[0].get("name"), buttons[0].get("value"))
    if form.method == "get":
        return page.browser.get(form.action, query=values, follow=False)
    return page.browser.post(buttons[0].get("formaction"), values, follow=False)


def words_for(element: Any) -> str:
    longest = int(element.get("maxlength") or 20)
    return TYPED.get(
        element.get("type", "text"), "42" if element.get("inputmode") else "Typed words"
    )[:longest]


def trail(app: Flask) -> int:
    """How many acts the audit trail records. Showing a page again in another language is a
    reading, not an act."""
    acts = sa.select(sa.func.count()).where(audit.AuditEntry.action.not_like("%.read"))
    with app.app_context():
        return db.session.scalar(acts) or 0


def visits(world: World) -> list[tuple[str, str]]:
    """(role, address) of every page."""
    got = [
        rule
        for method, rule in rules(world.app)
        if method == "GET" and not rule.rule.startswith(("/api/", "/static"))
    ]
    open_ones = [address(world, rule) for rule in got]
    finished = [path.replace("/OPEN", "/DONE", 1) for path in open_ones if "/OPEN" in path]
    return [
        (role, path)
        for path in (*open_ones, *finished)
        for role in ("anonymous", "administrator", "self")
    ]


def opened(world: World) -> Iterator[tuple[str, Page]]:
    """(role, page) of every page that shows itself to the role."""
    browsers: dict[str, Browser] = {}
    for role, path in visits(world):
        if role not in browsers:
            browsers[role] = Browser(world.app)
            if actor := world.actors[role]:
                factories.sign_in(browsers[role], actor)
        page = browsers[role].get(path, follow=False)
        page.response.get_data()
        assert page.status < 500, path
        if page.status == 200 and page.tree is not None:
            yield role, page


@pytest.mark.long
def test_on_every_page(world: World) -> None:
    lost, count_kept = [], 0
    for role, page in opened(world):
        path = page.path
        for form in to_type_into(page):
            names = {element.get("name"): [words_for(element)] for element in texts(form)} | ticked(
                form
            )
            if (page.path, form.action) in NOT_KEPT:
                continue
            before = trail(world.app)
            after = in_other_language(page, form, **names)
            page.browser.get("/?lang=en")
            values = next(
                other.values
                for other in after.forms
                if other.element.get("id") == form.element.get("id")
            )
            lost += [
                f"{role} {path} {name}: {values.getlist(name)}"
                for name, words in names.items()
                if values.getlist(name) != words
            ]
            assert (after.status, after.tree.get("lang")) == (200, "fr"), (
                f"{role} {path}: {after.status}"
            )
            assert trail(world.app) == before, f"{role} {path}: changing the language did something"
            count_kept += len(names)
    assert lost == []
    assert count_kept > 100


def test_on_each_screen_of_an_application_and_after_its_refusal(app: Flask) -> None:
    with app.app_context():
        code = courses.delivery().code
    page = Browser(app).get(f"/deliveries/{code}/apply")
    refused = page.form("/apply").submit("Continue", given_name="Awa")
    assert refused.status == 422
    page = in_other_language(refused, refused.form("/apply"), family_name="Diop Ndoye")
    assert page.tree.get("lang") == "fr" and page.errors == []
    assert {"given_name": "Awa", "family_name": "Diop Ndoye"}.items() <= page.form(
        "/apply"
    ).values.to_dict().items()
    page = page.form("/apply").submit("Continuer", **ABOUT)
    page = in_other_language(page, page.form("/apply"), organization="Police nationale")
    page = page.form("/apply").submit("Continue")
    page = in_other_language(page, page.form("/apply"))
    values = page.form("/apply").values
    assert (values["organization"], values["country"], values["screen"]) == (
        "Police nationale",
        ABOUT["country"],
        "3",
    )


def test_after_a_refusal_at_an_address_without_a_page(world: World) -> None:
    browser = Browser(world.app)
    page = browser.get("/sign-in").form("/sign-in/link").submit(email="nobody")
    assert (page.status, page.path) == (422, "/sign-in/link")
    page = in_other_language(page, page.form("/sign-in/link"))
    assert (page.status, page.tree.get("lang"), page.form("/sign-in/link").values["email"]) == (
        200,
        "fr",
        "nobody",
    )
    gone = browser.post("/deliveries/OPEN/publish", {}, follow=False)
    assert browser.get(gone.link("English")).status == 200


def test_a_file_is_asked_for_again(world: World, sign_in: Callable[..., Browser]) -> None:
    """Browsers do not keep it, so the page says so."""
    page = sign_in(world.actors["administrator"]).get("/deliveries/OPEN/nominate")
    form = page.form("/nominate")
    button = page.all("button", lang="fr")[0]
    values = form.values | {
        "file": FileStorage(io.BytesIO(b"a,b"), "people.csv"),
        button.get("name"): "1",
    }
    page = page.browser.post(button.get("formaction"), values)
    assert page.status == 200 and "Choisissez de nouveau le fichier" in page.text, page.text[:600]
