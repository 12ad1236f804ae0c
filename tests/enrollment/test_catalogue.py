"""The public catalogue, the page of a delivery and the list of deliveries to work on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import clock
from core.database import db, transaction
from core.policy import SYSTEM
from courses import services
from courses.models import Delivery
from courses.queries import get_course, get_delivery
from enrollment.catalogue import days_words
from people.models import Organization
from tests import factories
from tests.browsing import Browser, Page
from tests.courses import makers
from tests.enrollment.makers import enrolled


@contextmanager
def queries_of(app: Flask) -> Iterator[list[str]]:
    """The statements sent to the database meanwhile."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *others: Any) -> None:
        sent.append(statement)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def schedule(app: Flask, code: str, **changes: Any) -> Delivery:
    with app.app_context():
        return makers.delivery(SYSTEM, code=code, **changes)


def rows(page: Page) -> list[str]:
    """Codes of the deliveries listed, in order."""
    return [
        link.get("href").removeprefix("/deliveries/")
        for cell in page.all("th", scope="row")
        for link in cell.iter("a")
    ]


def several(app: Flask) -> None:
    schedule(app, "MARCH", pools={"military": 10, "police": 5})
    schedule(
        app,
        "APRIL",
        starts_on=date(2027, 4, 5),
        country="SN",
        language="fr",
        time_zone="Africa/Dakar",
        venue="Dakar",
    )
    schedule(app, "DRAFT", published=False)
    with app.app_context():
        makers.course(code="POC", title={"en": "Protection of civilians"}, grants=[])
        makers.delivery(SYSTEM, get_course("POC"), code="MAY", starts_on=date(2027, 5, 3), places=1)


def test_published_deliveries_are_listed_by_month(app: Flask, browser: Browser) -> None:
    several(app)
    page = browser.get("/")
    assert rows(page) == ["MARCH", "APRIL", "MAY"]
    assert "3 course dates" in page.text and page.text.index("March 2027") < page.text.index(
        "April 2027"
    )
    assert "8–10 March 2027" in page.text and "Dakar, Senegal" in page.text
    assert "Police 5, Military 10, Anyone 10" in page.text and ">1 place<" in page.html
    assert "15 February 2027" in page.text
    assert page.follow("Protection of civilians").path == "/deliveries/MAY"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("course=POC", ["MAY"]),
        ("language=fr", ["APRIL"]),
        ("country=CA", ["MARCH", "MAY"]),
        ("from=2027-04", ["APRIL", "MAY"]),
        ("to=2027-04", ["MARCH", "APRIL"]),
        ("from=2027-04&to=2027-04", ["APRIL"]),
        ("category=civilian&country=CA", ["MARCH", "MAY"]),
        ("course=NONE", []),
        ("language=<b>", []),
        ("from=soon", ["MARCH", "APRIL", "MAY"]),
        ("after=", ["MARCH", "APRIL", "MAY"]),
    ],
)
def test_filters(app: Flask, browser: Browser, query: str, expected: list[str]) -> None:
    several(app)
    assert rows(browser.get(f"/?{query}")) == expected


def test_the_form_filters_without_a_script(app: Flask, browser: Browser) -> None:
    several(app)
    page = browser.get("/")
    results = page.form(button="Show results").submit(language="fr")
    assert rows(results) == ["APRIL"]
    assert results.form(button="Show results").values["language"] == "fr"


def test_reversed_months_are_told(app: Flask, browser: Browser) -> None:
    several(app)
    page = browser.get("/?from=2027-05&to=2027-03")
    assert "The first month is after the last one." in page.text and page.title.startswith("Error")


def test_a_category_without_places_left_is_not_listed(app: Flask, browser: Browser) -> None:
    delivery = schedule(app, "MARCH", places=2, pools={"police": 1, "civilian": 1})
    assert rows(browser.get("/?category=civilian")) == ["MARCH"]
    assert rows(browser.get("/?category=military")) == []
    with app.app_context():
        enrolled(delivery, "civilian")
    assert rows(browser.get("/?category=civilian")) == []
    assert rows(browser.get("/?category=police")) == ["MARCH"]


def test_nothing_to_show_says_what_to_do(app: Flask, browser: Browser) -> None:
    assert browser.get("/").follow("See what is taught").path == "/courses"
    several(app)
    page = browser.get("/?language=pt")
    assert "No course date matches" in page.text and rows(page.follow("Show all dates")) == [
        "MARCH",
        "APRIL",
        "MAY",
    ]


def test_the_list_is_never_older_than_the_data(app: Flask, browser: Browser) -> None:
    delivery = schedule(app, "MARCH", places=2)
    assert "2 places" in browser.get("/").text
    with app.app_context():
        enrolled(delivery)
    assert ">1 place<" in browser.get("/").html
    with app.app_context():
        enrolled(delivery)
        enrolled(delivery)
    assert "Full, 1 waiting" in browser.get("/").text
    with app.app_context(), transaction():
        services.cancel(SYSTEM, get_delivery(SYSTEM, "MARCH"), reason="Storm.")
    assert rows(browser.get("/")) == []


def test_the_list_follows_the_clock(app: Flask, browser: Browser) -> None:
    schedule(app, "MARCH")
    assert "Closed since" not in browser.get("/").text
    clock.travel(app, datetime(2027, 2, 16, 5, tzinfo=UTC))  # past midnight in Halifax
    assert "Closed since 15 February 2027" in browser.get("/").text
    clock.travel(app, datetime(2027, 3, 9, 9, tzinfo=UTC))
    assert rows(browser.get("/")) == []


def test_the_kept_list_is_the_same_for_everybody(app: Flask, browser: Browser) -> None:
    several(app)
    browser.get("/?tracking=secret&lang=fr")
    page = Browser(app).get("/")
    assert "secret" not in page.html and "3 course dates" in page.text
    assert Browser(app, language="fr").get("/").tree.get("lang") == "fr"


def test_a_fixed_number_of_queries(app: Flask, browser: Browser) -> None:
    several(app)
    with queries_of(app) as few:
        browser.get("/?language=en")
    with app.app_context():
        for number in range(30):
            makers.delivery(starts_on=date(2027, 6, 1) + timedelta(days=number))
    with queries_of(app) as many:
        browser.get("/?language=en")
    with queries_of(app) as statements:
        browser.get("/?language=en")
    assert len(few) == len(many) <= 6
    assert len(statements) <= 2  # the end of the audit trail, and SQLite's BEGIN


def test_pages_go_on_where_the_last_ended(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enrollment.catalogue.ROWS", 2)
    several(app)
    first = browser.get("/?language=")
    assert rows(first) == ["MARCH", "APRIL"]
    second = first.follow("Next page")
    assert rows(second) == ["MAY"] and rows(second.follow("First page")) == ["MARCH", "APRIL"]
    assert rows(browser.get("/?course=POC&category=civilian")) == ["MAY"]
    assert browser.get("/?after=nonsense").status in (404, 422)


def test_days_in_words() -> None:
    assert days_words(date(2027, 3, 8), date(2027, 3, 10), "en") == "8–10 March 2027"
    assert days_words(date(2027, 3, 30), date(2027, 4, 1), "en") == "30 March – 1 April 2027"
    assert (
        days_words(date(2026, 12, 30), date(2027, 1, 1), "fr")
        == "30 décembre 2026 – 1er janvier 2027"
    )
    assert days_words(date(2027, 3, 1), date(2027, 3, 3), "fr") == "1er–3 mars 2027"
    assert days_words(date(2027, 3, 8), date(2027, 3, 8), "en") == "8 March 2027"


# The page of a delivery


def test_the_page_tells_everything_before_applying(app: Flask, browser: Browser) -> None:
    several(app)
    page = browser.get("/deliveries/MARCH")
    for words in (
        "You can apply until Monday 15 February 2027.",
        "Wednesday 10 March 2027",
        "Clementsport, Canada",
        "5 of 5 left",
        "Open to everyone",
        "09:00–10:30",
        "Times are those of the venue (America/Halifax).",
        "Military, Police, Civilian",
        "Attend at least 100% of the minutes",
        "Gender in peace operations – Practitioner, valid for 36 months",
    ):
        assert words in page.text, words
    assert (
        page.link("Apply") == "/deliveries/MARCH/apply"
        and page.link("Add to your calendar") == "/deliveries/MARCH.ics"
    )
    assert "Your work" not in page.text and "Nominate" not in page.text
    assert (
        browser.get("/deliveries/NONE").status == 404
        and browser.get("/deliveries/DRAFT").status == 404
    )


def test_a_full_delivery_offers_the_waiting_list_and_other_dates(
    app: Flask, browser: Browser
) -> None:
    delivery = schedule(app, "MARCH", places=1)
    schedule(app, "APRIL", starts_on=date(2027, 4, 5))
    with app.app_context():
        enrolled(delivery)
        enrolled(delivery)
    page = browser.get("/deliveries/MARCH")
    assert "All places are taken." in page.text and "Full (1), 1 waiting" in page.text
    assert page.link("Apply") and page.link("5 April 2027") == "/deliveries/APRIL"


def test_closed_begun_and_finished_say_so_and_show_other_dates(
    app: Flask, browser: Browser
) -> None:
    schedule(app, "MARCH")
    schedule(app, "MAY", starts_on=date(2027, 5, 3))
    for moment, sentence in (
        (datetime(2027, 2, 20, tzinfo=UTC), "Applications closed on 15 February 2027."),
        (datetime(2027, 3, 9, tzinfo=UTC), "This delivery has begun."),
    ):
        clock.travel(app, moment)
        page = browser.get("/deliveries/MARCH")
        assert sentence in page.text and page.link("3 May 2027") == "/deliveries/MAY"
        assert not [
            link for link in page.all("a", class_="button") if "apply" in (link.get("href") or "")
        ]


def test_people_see_that_they_have_applied(app: Flask, sign_in: Any) -> None:
    delivery = schedule(app, "MARCH")
    with app.app_context():
        person = factories.person()
        enrolled(delivery, person=person)
        actor = factories.actor_of(person)
    page = sign_in(actor).get("/deliveries/MARCH")
    assert "You applied for this delivery: ✓ Place confirmed" in page.text
    assert page.link("See your application").startswith("/enrollments/")


def test_staff_find_their_work_and_nobody_else_does(app: Flask, sign_in: Any) -> None:
    with app.app_context():
        makers.course()
        trainer, stranger = factories.actor(Role.TRAINER), factories.actor(Role.TRAINER)
        coordinator = factories.actor(Role.COORDINATOR)
        makers.delivery(trainer, code="MARCH")
        organization_id = db.session.get_one(Organization, factories.organization().id).id
        nominator = factories.actor(Role.NOMINATOR, organization_id=organization_id)
    work = sign_in(trainer).get("/deliveries/MARCH")
    assert (
        "Your work" in work.text
        and work.link("Edit")
        and work.link("Attendance")
        and "Finish" not in work.text
    )
    all_of_it = sign_in(coordinator).get("/deliveries/MARCH")
    assert all_of_it.link("Finish and certify") and all_of_it.link("Participants and selection")
    assert "Your work" not in sign_in(stranger).get("/deliveries/MARCH").text
    nominates = sign_in(nominator).get("/deliveries/MARCH")
    assert "Your work" not in nominates.text and nominates.link("Nominate people").startswith(
        "/deliveries/MARCH/nominate"
    )


def test_the_page_of_a_delivery_asks_a_fixed_number_of_queries(
    app: Flask, browser: Browser
) -> None:
    delivery = schedule(app, "MARCH")
    with queries_of(app) as few:
        browser.get("/deliveries/MARCH")
    with app.app_context():
        for _ in range(5):
            enrolled(delivery)
    with queries_of(app) as many:
        browser.get("/deliveries/MARCH")
    assert len(few) == len(many) <= 10


# The list of deliveries to work on


def test_trainers_and_coordinators_see_their_work_by_status(
    app: Flask, browser: Browser, sign_in: Any
) -> None:
    with app.app_context():
        makers.course()
        trainer, coordinator = factories.actor(Role.TRAINER), factories.actor(Role.COORDINATOR)
        enrolled(makers.delivery(trainer, code="OWN"))
        makers.delivery(trainer, code="OWN-DRAFT", published=False)
        makers.delivery(code="FOREIGN")
    own = sign_in(trainer).get("/deliveries")
    assert rows(own) == ["OWN"] and "Draft (1)" in own.text and "1 of 25" in own.text
    assert rows(own.follow("Draft (1)")) == ["OWN-DRAFT"]
    assert "There is no delivery with this status." in own.follow("Cancelled (0)").text
    assert set(rows(sign_in(coordinator).get("/deliveries"))) == {"OWN", "FOREIGN"}
    assert browser.get("/deliveries", follow=False).status == 303
    with app.app_context():
        participant = factories.actor()
    assert sign_in(participant).get("/deliveries").status == 403
