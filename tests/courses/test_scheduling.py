"""Deliveries through pages and the API: schedule, change, publish, cancel, calendar."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from icalendar import Calendar

from accounts.roles import Role
from accounts.services import create_token
from core import clock, countries
from core.database import db, transaction
from core.policy import SYSTEM, Actor
from courses import services, timetable
from courses.models import Delivery, DeliveryStatus
from courses.queries import get_delivery, plan_of, trainers_of
from people.models import Person
from tests import factories
from tests.api_client import ApiClient
from tests.browsing import Browser, Page
from tests.conftest import NOW
from tests.courses import makers
from tests.courses.makers import course
from tests.enrollment import makers as enrollments

BODY: dict[str, Any] = {
    "code": "GTI-2027-03",
    "starts_on": "2027-03-08",
    "time_zone": "America/Halifax",
    "venue": "Clementsport",
    "country": "CA",
    "language": "en",
    "places": 25,
    "admission": "automatic",
    "pools": [
        {"category": "military", "places": 10},
        {"category": "police", "places": 5},
        {"category": "civilian", "places": 10},
    ],
}


@pytest.fixture
def trainer(app: Flask) -> Actor:
    with app.app_context():
        makers.course()
        return factories.actor(Role.TRAINER, given="Noor", family="Haddad")


@pytest.fixture
def api(app: Flask, trainer: Actor) -> ApiClient:
    return client_of(app, trainer)


def client_of(app: Flask, actor: Actor) -> ApiClient:
    with app.app_context(), transaction():
        return ApiClient(
            app, create_token(SYSTEM, db.session.get_one(Person, actor.person_id), name="test")
        )


def field_errors(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 422, response.text
    return [(error["field"], error["code"]) for error in response.json["errors"]]


# API


def test_a_delivery_is_scheduled_as_the_contract_says(api: ApiClient) -> None:
    response = api.post("/courses/GTI/deliveries", BODY)
    assert (response.status_code, response.json["status"], response.json["code"]) == (
        201,
        "draft",
        "GTI-2027-03",
    )
    assert response.json["closes_on"] == "2027-02-15" and response.json["ends_on"] == "2027-03-10"
    first = response.json["sessions"][0]
    assert first == {
        "number": 1,
        "day": 1,
        "starts_at": "2027-03-08T09:00:00-04:00",
        "ends_at": "2027-03-08T10:30:00-04:00",
        "minutes": 90,
        "title": {
            "en": "Opening, ground rules, pre-test",
            "fr": "Ouverture, règles de conduite, test initial",
        },
        "cancelled": False,
        "cancel_reason": None,
    }
    assert len(response.json["sessions"]) == 12
    published = api.post("/deliveries/GTI-2027-03/publish")
    assert (published.status_code, published.json["status"]) == (200, "published")
    assert api.post("/deliveries/GTI-2027-03/publish").status_code == 409
    cancelled = api.post("/deliveries/GTI-2027-03/cancel", {"reason": "Storm."})
    assert (cancelled.json["status"], cancelled.json["cancel_reason"]) == ("cancelled", "Storm.")


def test_what_is_left_out_is_taken_from_the_course(api: ApiClient) -> None:
    body = {key: BODY[key] for key in ("starts_on", "time_zone", "venue", "country", "language")}
    response = api.post("/courses/GTI/deliveries", body | {"starts_on": "2027-03-13"})
    assert (response.json["code"], response.json["places"], response.json["pools"]) == (
        "GTI-2027-03",
        25,
        [],
    )
    assert (
        response.json["sessions"][4]["starts_at"] == "2027-03-14T09:00:00-03:00"
    )  # the clocks went forward in the night


def test_the_same_key_schedules_once(app: Flask, api: ApiClient) -> None:
    body = BODY | {"code": None}
    answers = [
        api.post("/courses/GTI/deliveries", body, Idempotency_Key="k1").json["code"]
        for _ in range(2)
    ]
    assert answers == ["GTI-2027-03", "GTI-2027-03"]
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 1


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"starts_on": "2026-11-22"}, ("starts_on", "past_date")),
        ({"closes_on": "2027-03-09"}, ("closes_on", "closing_after_start")),
        ({"places": 0, "pools": []}, ("places", "bad_places")),
        ({"places": 20}, ("pools", "pools_exceed_places")),
        ({"pools": [{"category": "navy", "places": 1}]}, ("pools.0.category", "unknown_category")),
        ({"time_zone": "Mars/Olympus"}, ("time_zone", "unknown_time_zone")),
        ({"country": "XX"}, ("country", "unknown_country")),
        ({"language": "xx"}, ("language", "unknown_language")),
        ({"trainers": ["nobody@example.org"]}, ("trainers.0", "unknown_trainer")),
        ({"seats": 3}, ("seats", "unknown_field")),
    ],
)
def test_wrong_values_are_refused_by_field(
    api: ApiClient, changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    assert field_errors(api.post("/courses/GTI/deliveries", BODY | changes)) == [fault]
    assert api.get("/deliveries").json["items"] == []


def test_refusals_of_the_api(app: Flask, api: ApiClient) -> None:
    assert api.post("/courses/NONE/deliveries", BODY).status_code == 404
    api.post("/courses/GTI/deliveries", BODY)
    assert api.post("/courses/GTI/deliveries", BODY).status_code == 409
    assert field_errors(api.post("/deliveries/GTI-2027-03/cancel", {"reason": ""})) == [
        ("reason", "required")
    ]
    with app.app_context():
        stranger = factories.actor(Role.TRAINER)
        makers.delivery(stranger, code="OTHER")
    strange = client_of(app, stranger)
    assert (
        strange.post("/deliveries/GTI-2027-03/publish").status_code == 404
    )  # a draft of someone else
    api.post("/deliveries/GTI-2027-03/publish")
    assert strange.post("/deliveries/GTI-2027-03/cancel", {"reason": "No."}).status_code == 403


def test_trainers_are_named_by_their_address(app: Flask, api: ApiClient) -> None:
    with app.app_context():
        other = factories.actor(Role.TRAINER, email="bao@example.org")
    api.post("/courses/GTI/deliveries", BODY | {"trainers": ["Bao@Example.org"]})
    with app.app_context():
        delivery = get_delivery(SYSTEM, "GTI-2027-03")
        assert other.person_id in [person.id for person in trainers_of([delivery.id])[delivery.id]]


def test_deliveries_are_listed_with_places_and_filtered(app: Flask, api: ApiClient) -> None:
    with app.app_context():
        makers.course(code="POC", grants=[])
    api.post("/courses/GTI/deliveries", BODY)
    french = {
        "code": "POC-DAKAR",
        "country": "SN",
        "language": "fr",
        "starts_on": "2027-05-03",
        "time_zone": "Africa/Dakar",
    }
    api.post("/courses/POC/deliveries", BODY | french | {"pools": BODY["pools"][:1]})
    api.post("/deliveries/POC-DAKAR/publish")

    def codes(query: str) -> list[str]:
        return [item["code"] for item in api.get(f"/deliveries?{query}").json["items"]]

    assert codes("") == ["GTI-2027-03", "POC-DAKAR"]
    assert (
        codes("course=POC")
        == codes("language=fr")
        == codes("country=SN")
        == codes("from=2027-04-01")
        == ["POC-DAKAR"]
    )
    assert codes("status=draft") == codes("to=2027-03-08") == ["GTI-2027-03"]
    assert codes("status=finished") == codes("course=NONE") == []
    assert api.get("/deliveries?status=lost").status_code == 422
    delivery = api.get("/deliveries/POC-DAKAR").json
    assert delivery["places_left"] == 25 and delivery["is_open"] is True
    assert delivery["pools"] == [
        {"category": "military", "places": 10, "places_left": 10, "waiting": 0}
    ]
    assert delivery["open_places"] == {
        "category": None,
        "places": 15,
        "places_left": 15,
        "waiting": 0,
    }
    with app.app_context():
        participant = factories.actor()
    outside = client_of(app, participant)
    assert [item["code"] for item in outside.get("/deliveries").json["items"]] == ["POC-DAKAR"]
    assert outside.get("/deliveries/GTI-2027-03").status_code == 404


# Pages


def typed(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "starts_on-day": "8",
        "starts_on-month": "3",
        "starts_on-year": "2027",
        "time_zone": "America/Halifax",
        "venue": "Clementsport",
        "country": "CA",
        "language": "en",
        "places": "25",
        "pool_military": "10",
        "pool_police": "5",
        "pool_civilian": "10",
    }
    return values | changes


def test_a_trainer_publishes_in_two_clicks(app: Flask, sign_in: Any, trainer: Actor) -> None:
    browser = sign_in(trainer)
    page = browser.get("/courses/GTI").follow("Schedule")
    published = page.form(button="Publish").submit("Publish", **typed())
    assert published.path == "/deliveries/GTI-2027-03"
    assert (
        "Monday 8 March 2027 to Wednesday 10 March 2027. People can apply until Monday 15 "
        "February 2027." in published.text
    )
    assert "Noor Haddad" in published.text and "Apply" in published.text
    with app.app_context():
        assert get_delivery(SYSTEM, "GTI-2027-03").status is DeliveryStatus.PUBLISHED


def test_the_next_form_begins_with_what_was_chosen_last(sign_in: Any, trainer: Actor) -> None:
    browser = sign_in(trainer)
    first = browser.get("/courses/GTI/schedule").form(button="Publish")
    assert first.values["places"] == "25" and first.values.getlist("trainers") == [
        str(trainer.person_id)
    ]
    first.submit("Publish", **typed(venue="Halifax"))
    form = browser.get("/courses/GTI/schedule").form(button="Publish")
    fields = ("venue", "country", "time_zone", "language", "pool_police", "starts_on-day")
    assert [form.values[name] for name in fields] == [
        "Halifax",
        "CA",
        "America/Halifax",
        "en",
        "5",
        "",
    ]


def test_a_draft_is_kept_published_and_cancelled(
    app: Flask, browser: Browser, sign_in: Any, trainer: Actor
) -> None:
    own = sign_in(trainer)
    draft = own.get("/courses/GTI/schedule").form(button="Publish").submit("Save draft", **typed())
    assert "This is a draft." in draft.text and browser.get("/deliveries/GTI-2027-03").status == 404
    assert "GTI-2027-03" not in browser.get("/").text
    published = draft.form(button="Publish").submit("Publish")
    assert (
        "You can apply until" in published.text
        and browser.get("/deliveries/GTI-2027-03").status == 200
    )
    confirm = published.follow("Cancel the delivery")
    refused = confirm.form(button="Cancel the delivery").submit(reason=" ")
    assert refused.status == 422 and "Give the reason" in refused.text
    done = refused.form(button="Cancel the delivery").submit(reason="The venue is flooded.")
    assert "GTI-2027-03 is cancelled." in done.text
    seen = browser.get("/deliveries/GTI-2027-03")
    assert "This delivery was cancelled: The venue is flooded." in seen.text
    assert not [link for link in seen.all("a") if (link.get("href") or "").endswith("/apply")]
    assert (
        own.get("/deliveries/GTI-2027-03/cancel").status
        == own.get("/deliveries/GTI-2027-03/edit").status
        == 409
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"starts_on-year": "2025"}, "This date is past."),
        ({"starts_on-day": "31", "starts_on-month": "2"}, "There is no such day."),
        (
            {"starts_on-day": "", "starts_on-month": "", "starts_on-year": ""},
            "Give the day, the month and the year.",
        ),
        ({"starts_on-year": "27"}, "four digits"),
        ({"starts_on-day": "soon"[:2]}, "as numbers"),
        (
            {"closes_on-day": "9", "closes_on-month": "3", "closes_on-year": "2027"},
            "must close on the first day",
        ),
        (
            {"closes_on-day": "1", "closes_on-month": "11", "closes_on-year": "2026"},
            "This closing date is past",
        ),
        ({"places": "0"}, "Give a number of places from 1"),
        ({"places": ""}, "Give the number of places."),
        ({"places": "many"}, "Give a whole number."),
        ({"places": "20"}, "The pools add up to 25 places, but the delivery has 20."),
        ({"pool_police": "-1"}, "0 or more"),
        ({"time_zone": ""}, "Choose the time zone."),
        ({"time_zone": "Mars/Olympus"}, "This time zone is not known."),
        ({"country": ""}, "Choose the country."),
        ({"language": ""}, "Choose the language."),
        ({"language": "xx"}, "This language is not known."),
        ({"venue": ""}, "Say where the course takes place."),
        ({"admission": "lottery"}, "Choose automatic admission"),
        (
            {"trainers": ["99999"]},
            "Choose only people who have the role of trainer in this centre.",
        ),
        ({"code": "a b"}, "Use letters without accents"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_typed_values_stay(
    app: Flask, sign_in: Any, trainer: Actor, changes: dict[str, Any], sentence: str
) -> None:
    page = sign_in(trainer).get("/courses/GTI/schedule")
    refused = page.form(button="Publish").submit("Publish", **typed(**changes))
    assert refused.status == 422 and sentence in refused.text and refused.title.startswith("Error")
    values = refused.form(button="Publish").values
    expected = {
        name: value
        for name, value in typed(**changes).items()
        if name not in ("trainers", "admission")
    }
    shown = {name: values.get(name, "") for name in expected}
    unlisted = {
        name for name in ("time_zone", "language") if changes.get(name)
    }  # what no list offers cannot stay chosen
    assert {k: v for k, v in shown.items() if k not in unlisted} == {
        k: v for k, v in expected.items() if k not in unlisted
    }
    with app.app_context():
        assert db.session.scalar(sa.select(Delivery.id)) is None


def test_everything_left_empty_is_told_at_once_in_the_order_of_the_page(
    sign_in: Any, trainer: Actor
) -> None:
    page = sign_in(trainer).get("/courses/GTI/schedule")
    assert page.form(button="Publish").submit("Publish", places="").errors == [
        "Give the day, the month and the year.",
        "Say where the course takes place.",
        "Choose the country.",
        "Choose the time zone.",
        "Choose the language.",
        "Give the number of places.",
    ]


def test_the_form_begins_with_the_last_delivery_of_the_course_whoever_scheduled_it(
    app: Flask, sign_in: Any, trainer: Actor
) -> None:
    scheduled(app, trainer, venue="Halifax", admission="approval", places=12, pools={"police": 4})
    with app.app_context():
        coordinator = factories.actor(Role.COORDINATOR)
        makers.delivery(
            coordinator,
            makers.course(code="POC", grants=[]),
            venue="Kyiv",
            country="UA",
            time_zone="Europe/Kyiv",
        )
        makers.delivery(
            factories.actor(Role.TRAINER), venue="Nowhere", code="DRAFT", published=False
        )
    form = sign_in(coordinator).get("/courses/POC/schedule").form(button="Publish")
    assert form.values["venue"] == "Kyiv"
    with app.app_context():
        stranger = factories.actor(Role.TRAINER)
    form = sign_in(stranger).get("/courses/GTI/schedule").form(button="Publish")
    fields = ("venue", "country", "time_zone", "language", "places", "pool_police", "admission")
    assert [form.values[name] for name in fields] == [
        "Halifax",
        "CA",
        "America/Halifax",
        "en",
        "12",
        "4",
        "approval",
    ]
    assert form.values["starts_on-year"] == "", (
        "a draft of someone else is not shown, and no date is proposed"
    )


def test_the_same_button_pressed_twice_schedules_once(
    app: Flask, sign_in: Any, trainer: Actor
) -> None:
    form = sign_in(trainer).get("/courses/GTI/schedule").form(button="Publish")
    assert (
        form.submit("Publish", **typed()).path
        == form.submit("Publish", **typed()).path
        == "/deliveries/GTI-2027-03"
    )
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 1


def scheduled(app: Flask, trainer: Actor, **changes: Any) -> Delivery:
    with app.app_context():
        return makers.delivery(trainer, **changes)


def edit_page(browser: Browser) -> Page:
    return browser.get("/deliveries/GTI-2027-03").follow("Edit")


def test_a_published_delivery_is_changed(app: Flask, sign_in: Any, trainer: Actor) -> None:
    scheduled(app, trainer)
    page = edit_page(sign_in(trainer))
    assert "This is Monday 8 March 2027." in page.text
    saved = page.form(button="Save").submit(
        "Save", **{"starts_on-day": "9", "venue": "Halifax", "places": "30"}
    )
    assert (
        "GTI-2027-03 was saved." in saved.text
        and "Tuesday 9 March 2027" in saved.text
        and "30 of 30 left" in saved.text
    )


def test_the_form_says_how_many_people_a_move_concerns(
    app: Flask, sign_in: Any, trainer: Actor
) -> None:
    scheduled(app, trainer)
    browser = sign_in(trainer)
    assert "will be told" not in edit_page(browser).text
    with app.app_context():
        for _ in range(2):
            enrollments.enrolled(get_delivery(SYSTEM, "GTI-2027-03"))
    assert (
        "2 people will be told if you change the dates, the time zone or the place."
        in edit_page(browser).text
    )


def test_a_stale_form_shows_both_and_keeps_what_was_typed(
    app: Flask, sign_in: Any, trainer: Actor
) -> None:
    scheduled(app, trainer)
    browser = sign_in(trainer)
    first, second = edit_page(browser), edit_page(browser)
    first.form(button="Save").submit("Save", venue="Halifax")
    stale = second.form(button="Save").submit("Save", venue="Sydney")
    assert stale.status == 409 and "Someone changed this delivery in the meantime." in stale.text
    assert "What holds now" in stale.text and "Halifax" in stale.text
    form = stale.form(button="Save")
    assert form.values["venue"] == "Sydney"
    assert "Sydney" in form.submit("Save").text  # compared, and saved again on purpose
    with app.app_context():
        assert get_delivery(SYSTEM, "GTI-2027-03").venue == "Sydney"


def test_only_its_trainers_and_coordinators_change_a_delivery(
    app: Flask, browser: Browser, sign_in: Any, trainer: Actor
) -> None:
    scheduled(app, trainer)
    with app.app_context():
        coordinator, stranger = factories.actor(Role.COORDINATOR), factories.actor(Role.TRAINER)
        makers.delivery(stranger, code="OTHER")
    assert edit_page(sign_in(coordinator)).status == 200
    other = sign_in(stranger)
    for address in ("edit", "cancel"):
        assert other.get(f"/deliveries/GTI-2027-03/{address}").status == 403
        assert browser.get(f"/deliveries/GTI-2027-03/{address}", follow=False).status == 303
    token = other.token()
    assert other.post("/deliveries/GTI-2027-03/publish", {"csrf_token": token}).status == 403
    assert other.get("/deliveries/NONE/edit").status == 404
    assert (
        "GTI-2027-03" not in other.get("/deliveries").text
        and "OTHER" in other.get("/deliveries").text
    )


# Calendars


def calendar(browser: Browser, code: str = "GTI-2027-03") -> Calendar:
    answer = browser.get(f"/deliveries/{code}.ics").response
    assert answer.status_code == 200 and answer.mimetype == "text/calendar"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{code}.ics"'
    return Calendar.from_ical(answer.get_data())


def test_the_calendar_holds_every_session(app: Flask, browser: Browser, trainer: Actor) -> None:
    delivery = scheduled(app, trainer)
    entries = calendar(browser)
    events = entries.walk("VEVENT")
    assert len(events) == 12 and len({str(event["uid"]) for event in events}) == 12
    for event, session in zip(events, delivery.sessions, strict=True):
        assert (
            event.decoded("dtstart") == session.starts_at
            and event.decoded("dtend") == session.ends_at
        )
        assert event["status"] == "CONFIRMED" and event["location"] == "Clementsport, Canada"
    assert events[0].decoded("dtstart") == datetime(2027, 3, 8, 13, tzinfo=UTC)
    assert all(line.isascii() is True or line for line in entries.to_ical().splitlines())


def test_a_change_and_a_cancellation_reach_calendars(
    app: Flask, browser: Browser, trainer: Actor
) -> None:
    scheduled(app, trainer)
    before = calendar(browser).walk("VEVENT")
    with app.app_context(), transaction():
        services.cancel(SYSTEM, get_delivery(SYSTEM, "GTI-2027-03"), reason="Storm.")
    after = calendar(browser).walk("VEVENT")
    assert [event["uid"] for event in before] == [event["uid"] for event in after]
    assert all(
        int(str(new["sequence"])) > int(str(old["sequence"]))
        for old, new in zip(before, after, strict=True)
    )
    assert {str(event["status"]) for event in after} == {"CANCELLED"}


def test_only_what_a_calendar_shows_raises_its_sequence(
    app: Flask, browser: Browser, trainer: Actor
) -> None:
    scheduled(app, trainer)

    def shown() -> tuple[int, datetime]:
        event: Any = calendar(browser).walk("VEVENT")[0]
        return event["sequence"], event.decoded("last-modified")

    def changed(**values: Any) -> None:
        with app.app_context(), transaction():
            delivery = get_delivery(SYSTEM, "GTI-2027-03")
            services.change(
                SYSTEM, delivery, dataclasses.replace(plan_of(delivery), **values), rev=delivery.rev
            )

    first, _at = before = shown()
    changed(places=30)
    assert shown() == before
    clock.travel(app, NOW + timedelta(days=1))
    changed(venue="Halifax")
    assert shown()[0] == first + 1 and shown()[1] > before[1]
    with app.app_context():
        course(title={"en": "Gender in peace operations"})
    assert shown()[0] == first + 2


def sequences(browser: Browser, *codes: str) -> list[int]:
    return [calendar(browser, code).walk("VEVENT")[0]["sequence"] for code in codes]


@pytest.mark.both_databases
def test_a_sequence_rises_where_the_calendar_shows_something_else_and_nowhere_else(
    app: Flask, browser: Browser, trainer: Actor
) -> None:
    codes = ["IN-EN", "IN-FR", "IN-ES"]
    for code in codes:
        scheduled(app, trainer, language=code[-2:].lower(), code=code)
    with app.app_context(), transaction():
        services.cancel(SYSTEM, get_delivery(SYSTEM, "IN-EN"), reason="Storm")
    assert sequences(browser, *codes) == [1, 0, 0]
    title = makers.gti()["title"]
    for reworded, expected in (
        (title | {"fr": "Autre titre"}, [1, 1, 0]),
        (title | {"fr": "Autre titre", "en": "Another title"}, [2, 1, 1]),
        ({"fr": "Autre titre"}, [3, 1, 2]),
    ):
        with app.app_context():
            course(title=reworded)
        assert sequences(browser, *codes) == expected
    with app.app_context():
        course(title={"fr": "Autre titre"}, summary={"en": "Other words"})
    assert sequences(browser, *codes) == [3, 1, 2]


def test_a_calendar_names_the_language_that_it_speaks(
    app: Flask, browser: Browser, trainer: Actor
) -> None:
    scheduled(app, trainer, language="es", code="IN-ES")
    event = calendar(browser, "IN-ES").walk("VEVENT")[0]
    assert {event[name].params["LANGUAGE"] for name in ("summary", "description", "location")} == {
        "en"
    }
    assert browser.client.get("/deliveries/IN-ES.ics").headers["Content-Language"] == "en"
    with app.app_context():
        course(title={"fr": "Autre titre"})
    event = calendar(browser, "IN-ES").walk("VEVENT")[0]
    assert (
        "LANGUAGE" not in event["description"].params
        and event["summary"].params["LANGUAGE"] == "en"
    )


def test_a_calendar_names_who_holds_the_course_in_its_language(
    app: Flask, browser: Browser, trainer: Actor
) -> None:
    scheduled(app, trainer, language="fr", country="SN", venue="Dakar")
    event: Any = calendar(browser).walk("VEVENT")[0]
    assert event["summary"].params["LANGUAGE"] == "fr" and event["location"] == "Dakar, Sénégal"
    assert str(event["organizer"]).startswith("mailto:") and event["organizer"].params["CN"]
    assert "127.0.0.1" not in event["uid"] and "localhost" not in event["uid"]
    with app.app_context(), transaction():
        services.cancel(SYSTEM, get_delivery(SYSTEM, "GTI-2027-03"), reason="Tempête.")
    event = calendar(browser).walk("VEVENT")[0]
    assert event["summary"].startswith("Annulé") and "Tempête." in event["description"]


def test_a_draft_has_no_calendar(
    app: Flask, browser: Browser, sign_in: Any, trainer: Actor
) -> None:
    scheduled(app, trainer, published=False)
    assert browser.get("/deliveries/GTI-2027-03.ics").status == 404
    assert sign_in(trainer).get("/deliveries/GTI-2027-03.ics").status == 404
    assert browser.get("/deliveries/NONE.ics").status == 404


def test_a_course_of_the_past_is_no_trap_for_the_form(
    app: Flask, sign_in: Any, trainer: Actor
) -> None:
    """The last delivery's own dates are never proposed again."""
    scheduled(app, trainer, starts_on=date(2026, 11, 23) + timedelta(days=1))
    form = sign_in(trainer).get("/courses/GTI/schedule").form(button="Publish")
    assert form.values["starts_on-year"] == form.values["closes_on-year"] == ""


@pytest.mark.both_databases
def test_characters_that_no_database_keeps_are_refused(
    app: Flask, api: ApiClient, sign_in: Any, trainer: Actor
) -> None:
    assert api.post("/courses/GTI/deliveries", BODY | {"venue": "Hali\0fax"}).status_code == 422
    browser = sign_in(trainer)
    assert [
        browser.client.get(address).status_code for address in ("/courses/GTI%00", "/?course=%00")
    ] == [400, 400]
    refused = (
        browser.get("/courses/GTI/schedule")
        .form(button="Publish")
        .submit("Publish", **typed(venue="Hali\0fax"))
    )
    assert refused.status == 422 and "cannot be kept" in refused.text


def test_the_form_is_read_in_another_language_without_losing_anything(
    sign_in: Any, trainer: Actor
) -> None:
    browser = sign_in(trainer)
    for address, button, values in (
        ("/courses/GTI/schedule", "Publish", typed(venue="")),
        ("/courses/GTI/edit", "Save", {"title-en": "", "title-fr": "", "sessions-0-minutes": "75"}),
    ):
        form = browser.get(address).form(button=button)
        sent = form.values
        for name, value in (values | {"redisplay": "1"}).items():
            sent[name] = value
        page = browser.post(f"{address}?lang=fr", sent)
        assert (page.status, page.tree.get("lang"), page.errors) == (200, "fr", [])
        values_kept = next(form for form in page.forms if set(values) <= form.names).values
        assert {name: values_kept.get(name) for name in values} == values
        browser.get("/?lang=en")


# The time zone of the country


def typed_zone(sign_in: Any, trainer: Actor, **changes: Any) -> Page:
    return (
        sign_in(trainer)
        .get("/courses/GTI/schedule")
        .form(button="Publish")
        .submit("Publish", **typed(**changes))
    )


def test_the_time_zone_of_the_country_is_proposed(app: Flask, sign_in: Any, trainer: Actor) -> None:
    page = typed_zone(sign_in, trainer, country="XK", time_zone="")
    assert page.status == 422 and "Europe/Belgrade is proposed" in page.text
    page = page.form(button="Publish").submit("Publish")
    assert "is published" in page.text
    with app.app_context():
        assert db.session.scalars(sa.select(Delivery)).one().time_zone == "Europe/Belgrade"


def test_where_a_country_has_several_clocks_its_zones_stand_first(
    sign_in: Any, trainer: Actor
) -> None:
    page = typed_zone(sign_in, trainer, country="CD", time_zone="")
    assert page.status == 422 and "Choose the time zone." in page.text
    select = page.all("select", name="time_zone")[0]
    groups = [group.get("label") for group in select.iter("optgroup")]
    assert groups[1] == "Time zones: Democratic Republic of the Congo"
    names = [option.get("value") for option in select.iter("option")]
    assert names[:3] == ["", "Africa/Kinshasa", "Africa/Lubumbashi"] and len(names) == len(
        set(names)
    )


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("SN", "Africa/Dakar"),
        ("XK", "Europe/Belgrade"),
        ("TL", "Asia/Dili"),
        ("DE", "Europe/Berlin"),
        ("US", None),
        ("CD", None),
    ],
)
def test_a_zone_is_proposed_where_all_clocks_agree(country: str, zone: str | None) -> None:
    assert timetable.zone_of(country, date(2027, 3, 8)) == zone


def test_countries_without_any_clock_have_none() -> None:
    assert {code for code, _ in countries.choices("en") if not timetable.zones_of(code)} == {
        "BV",
        "HM",
    }  # no one lives there
    assert timetable.zones_of("ZZ") == ()


def test_a_time_zone_of_another_country_is_asked_about_once(
    app: Flask, sign_in: Any, trainer: Actor
) -> None:
    page = typed_zone(sign_in, trainer, country="KE", time_zone="America/Halifax")
    assert (
        page.status == 422 and "America/Halifax is no time zone of this country: Kenya" in page.text
    )
    form = page.form(button="Publish")
    assert form.values["time_zone"] == "Africa/Nairobi"
    page = form.submit(
        "Publish", time_zone="America/Halifax"
    )  # meant: the course keeps other clocks
    assert "is published" in page.text
    with app.app_context():
        delivery = db.session.scalars(sa.select(Delivery)).one()
        assert (delivery.country, delivery.time_zone) == ("KE", "America/Halifax")
        code = delivery.code
    edited = sign_in(trainer).get(f"/deliveries/{code}/edit").form(button="Save").submit("Save")
    assert "was saved" in edited.text  # what was chosen before is not asked again


def test_a_zone_with_the_same_clocks_is_taken(sign_in: Any, trainer: Actor) -> None:
    assert (
        "is published"
        in typed_zone(sign_in, trainer, country="SN", time_zone="Africa/Abidjan").text
    )
