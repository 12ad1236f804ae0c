"""Applying on the public page: three screens, no password, nothing told to strangers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core import clock
from core.database import db, transaction
from core.mail import Mail
from core.policy import SYSTEM
from courses import services as course_services
from courses.queries import get_delivery
from enrollment import services
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.views import apply as apply_views
from people.models import Person
from tests import factories
from tests.accounts.makers import settings
from tests.browsing import Browser, Page
from tests.courses import makers as courses
from tests.enrollment import makers

ABOUT = {
    "email": "Awa.Diop@example.org",
    "given_name": "Awa",
    "family_name": "Diop",
    "country": "SN",
    "gender": "female",
    "category": "police",
}


@pytest.fixture
def code(app: Flask) -> str:
    """A published delivery with two places for police, one for the military and one open to
    everyone."""
    with app.app_context():
        return courses.delivery(places=4, pools={"police": 2, "military": 1}).code


def begin(browser: Browser, code: str) -> Page:
    return browser.get(f"/deliveries/{code}").follow("Apply")


def last_screen(browser: Browser, code: str, **changes: Any) -> Page:
    page = begin(browser, code).form("/apply").submit("Continue", **(ABOUT | changes))
    return page.form("/apply").submit("Continue")


def apply(browser: Browser, code: str, **changes: Any) -> Page:
    return (
        last_screen(browser, code, **changes).form("/apply").submit("Send application", consent="y")
    )


def enrollments(app: Flask) -> list[tuple[str, str, str]]:
    """(family name, category, status) of everyone, in order."""
    with app.app_context():
        rows = db.session.execute(
            sa.select(Person.family_name, Enrollment.category, Enrollment.status)
            .join(Person, Person.id == Enrollment.person_id)
            .order_by(Enrollment.id)
        )
        return [(name, category.value, status.value) for name, category, status in rows]


def mails(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return [
            (mail.address, mail.kind)
            for mail in db.session.scalars(sa.select(Mail).order_by(Mail.id))
        ]


def confirm(app: Flask, number: int = -1) -> Page:
    """What an applicant sees who opens the link of a message (the last one, unless `number` says
    which)."""
    with app.app_context():
        bodies = db.session.scalars(
            sa.select(Mail.body).where(Mail.kind == "application_received").order_by(Mail.id)
        ).all()
    link = next(word for word in bodies[number].split() if "/sign-in/" in word)
    return Browser(app).get(link[link.index("/sign-in/") :]).form().submit()


def test_three_screens_and_five_requests_from_the_form_are_enough(
    app: Flask, browser: Browser, code: str
) -> None:
    answers: list[int] = []
    app_client = browser.client.open

    def counted(*args: Any, **kwargs: Any) -> Any:
        response = app_client(*args, **kwargs)
        answers.append(response.status_code)
        return response

    browser.client.open = counted  # type: ignore[method-assign]  # wrapped to count requests
    page = apply(browser, code)
    assert answers == [200, 200, 200, 200, 303, 200], "the page of the delivery, then five"
    assert "Check your email" in page.text
    assert "A•••@example.org" in page.text
    assert "awa.diop" not in page.html
    assert enrollments(app) == [("Diop", "police", "unconfirmed")]
    assert mails(app) == [("Awa.Diop@example.org", "application_received")]
    assert "Place confirmed" in confirm(app).text
    assert enrollments(app) == [("Diop", "police", "confirmed")]
    assert mails(app)[1:] == [("Awa.Diop@example.org", "enrollment_confirmed")]


def test_the_mailed_link_is_the_sign_in_and_shows_where_it_stands(
    app: Flask, browser: Browser, code: str
) -> None:
    apply(browser, code)
    with app.app_context():
        body = db.session.scalar(sa.select(Mail.body))
    link = next(word for word in body.split() if "/sign-in/" in word)
    stranger = Browser(app)
    page = stranger.get(link[link.index("/sign-in/") :])
    page = page.form().submit()
    assert "Gender-sensitive approaches to peace support operations" in page.text
    assert "Place confirmed" in page.text
    assert page.status == 200
    assert (
        "Gender-sensitive approaches to peace support operations"
        in stranger.get("/me/enrollments").text
    )


def test_going_back_and_changing_loses_nothing(browser: Browser, code: str) -> None:
    page = (
        begin(browser, code).form("/apply").submit("Continue", **(ABOUT | {"category": "military"}))
    )
    page = page.form("/apply").submit(
        "Continue", rank="Captain", rank_code="of2", organization="Police", needs="No nuts"
    )
    assert "OF-2" in page.text
    assert "No nuts" in page.text
    page = page.form("/apply").submit("Change – Given name", consent="y")
    assert page.form("/apply").values["given_name"] == "Awa"
    page = page.form("/apply").submit("Continue", given_name="Aïssatou", category="civilian")
    assert "rank" not in {e.get("name") for e in page.all("input") if e.get("type") != "hidden"}, (
        "civilians have no rank"
    )
    page = page.form("/apply").submit("Back")
    page = page.form("/apply").submit("Continue", category="military")
    assert page.form("/apply").values["rank"] == "Captain"
    page = page.form("/apply").submit("Continue")
    assert "Aïssatou" in page.text
    values = page.form("/apply").values
    assert values.get("consent") == "y"


def test_back_keeps_what_is_not_yet_right(browser: Browser, code: str) -> None:
    page = (
        begin(browser, code).form("/apply").submit("Continue", **(ABOUT | {"category": "military"}))
    )
    page = page.form("/apply").submit("Back", rank_code="nonsense")
    page = page.form("/apply").submit("Continue")
    assert page.form("/apply").values["rank_code"] == "nonsense"
    page = page.form("/apply").submit("Continue")
    assert page.status == 422
    assert "rank code such as OF-2" in page.text


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "", "Enter your email address."),
        ("email", "awa(at)example.org", "name@example.org"),
        ("given_name", "N/A", "name"),
        ("given_name", "A" * 121, "at most 120"),
        ("country", "", "Choose your country."),
        ("country", "XX", "Choose a country from the list"),
        ("gender", None, "Choose one of the answers"),
        ("category", None, "Choose your personnel category."),
        ("category", "general", "Choose your personnel category."),
    ],
)
def test_a_wrong_answer_is_said_at_its_field(
    browser: Browser, code: str, field: str, value: Any, sentence: str
) -> None:
    page = begin(browser, code).form("/apply").submit("Continue", **(ABOUT | {field: value}))
    assert page.status == 422
    assert page.title.startswith("Error:")
    assert any(sentence in error for error in page.errors) or sentence in page.text
    assert "About you" in page.text
    values = page.form("/apply").values
    remaining = [name for name in ("family_name", "given_name", "email") if name != field]
    assert [values[name].casefold() for name in remaining] == [
        ABOUT[name].casefold() for name in remaining
    ]


def test_without_consent_nothing_is_sent(app: Flask, browser: Browser, code: str) -> None:
    page = last_screen(browser, code).form("/apply").submit("Send application")
    assert page.status == 422
    assert "You can only apply if you agree" in page.text
    assert enrollments(app) == []


def test_fields_of_other_screens_are_checked_again_when_sending(
    app: Flask, browser: Browser, code: str
) -> None:
    page = last_screen(browser, code)
    forged = page.form("/apply").values
    forged["category"] = "general"
    forged["consent"] = "y"
    page = browser.post(f"/deliveries/{code}/apply", forged)
    assert page.status == 422
    assert "About you" in page.text
    assert enrollments(app) == []


@pytest.mark.both_databases
def test_sending_twice_applies_once(app: Flask, browser: Browser, code: str) -> None:
    form = last_screen(browser, code).form("/apply")
    first = form.submit("Send application", consent="y")
    second = form.submit("Send application", consent="y")
    assert first.path == second.path
    assert len(enrollments(app)) == 1
    assert len(mails(app)) == 1


def test_who_would_wait_is_told_before_beginning(app: Flask, browser: Browser, code: str) -> None:
    with app.app_context():
        into = get_delivery(SYSTEM, code)
        for _number in range(4):
            makers.enrolled(into, "police")
    page = begin(browser, code)
    assert "Police: ! full – you would be number 2 on the waiting list" in page.text
    assert "1 place left" in page.text, "for the military"
    page = last_screen(browser, code)
    assert "you would be number 2 on the waiting list" in page.text
    page = page.form("/apply").submit("Send application", consent="y")
    assert "Your position counts from now" in page.text
    assert "number 2 on the waiting list" in confirm(app).text
    assert enrollments(app)[-1] == ("Diop", "police", "waitlisted")


def test_a_stranger_learns_nothing_of_a_person_who_is_known(
    app: Flask, browser: Browser, code: str
) -> None:
    with app.app_context():
        known = factories.person("Awa", "Ndiaye", email="awa.diop@example.org", country="ML")
        known_id = known.id
    page = last_screen(browser, code, family_name="Somebody")
    assert "Ndiaye" not in page.html
    page = page.form("/apply").submit("Send application", consent="y")
    assert "Ndiaye" not in page.html
    with app.app_context():
        person = db.session.get_one(Person, known_id)
        assert (person.family_name, person.country) == ("Ndiaye", "ML"), (
            "an applicant who is not signed in overwrites nothing"
        )
        enrollment = db.session.scalars(sa.select(Enrollment)).one()
        assert (
            enrollment.person_id != known_id and enrollment.name_on_certificate == "Awa Somebody"
        ), "no one is taken for someone else"
        assert (
            enrollment.person.email == "Awa.Diop@example.org" and enrollment.person.is_provisional
        )
    assert [address for address, _kind in mails(app)] == ["Awa.Diop@example.org"]


@pytest.mark.both_databases
def test_applying_a_second_time_looks_like_the_first(app: Flask, code: str) -> None:
    def seen(browser: Browser) -> tuple[str, str]:
        page = apply(browser, code)
        reference = next("".join(e.itertext()) for e in page.all("bdi") if e.get("class") == "code")
        return page.title, page.text.replace(reference, "REFERENCE")

    first, second = seen(Browser(app)), seen(Browser(app))
    assert first == second
    assert mails(app) == [("Awa.Diop@example.org", "application_received")] * 2
    first_page, second_page = confirm(app, 0), confirm(app, 1)
    assert first_page.path == second_page.path, (
        "there is one enrollment, and either link leads to it"
    )
    assert enrollments(app) == [("Diop", "police", "confirmed"), ("Diop", "police", "substituted")]


@pytest.mark.parametrize("admission", ["automatic", "approval"])
@pytest.mark.parametrize("is_full", [False, True])
def test_what_the_screen_says_is_true_of_a_first_and_a_second_application(
    app: Flask, admission: str, is_full: bool
) -> None:
    with app.app_context():
        into = courses.delivery(places=2, admission=admission)
        code = into.code
        makers.enrolled(
            into, "police", factories.person("Awa", "Diop", email="awa.diop@example.org")
        )
        for _number in range(2 * is_full):
            makers.enrolled(into, "police")

    def seen(email: str) -> str:
        page = apply(Browser(app), code, email=email)
        reference = next("".join(e.itertext()) for e in page.all("bdi") if e.get("class") == "code")
        return page.text.replace(reference, "REFERENCE")

    known, unknown = seen("awa.diop@example.org"), seen("amy.diop@example.org")
    assert known == unknown, "a stranger learns nothing"
    assert "You are number" not in known and "Place confirmed" not in known
    behind = confirm(app, 0).text
    assert ("Place confirmed" if admission == "automatic" else "A coordinator decides") in behind, (
        "there stands what is so"
    )
    if admission == "automatic":
        assert ("Place confirmed" in confirm(app, 1).text) is not is_full


def test_in_a_demonstration_an_applicant_is_told_where_the_message_is(
    app: Flask, browser: Browser, code: str
) -> None:
    hint = "read under Messages what would have been sent"
    with settings(app, demo=True):
        assert hint in apply(browser, code).text
    assert hint not in apply(Browser(app), code).text


def test_applications_do_not_fill_a_mailbox(app: Flask, code: str) -> None:
    for _number in range(apply_views.MOST_MAILS + 4):
        assert "Check your email" in apply(Browser(app), code).text
    assert len(mails(app)) == apply_views.MOST_MAILS


def test_the_page_after_sending_lasts_an_hour_and_cannot_be_forged(
    app: Flask, browser: Browser, code: str
) -> None:
    address = apply(browser, code).path
    assert Browser(app).get(address).status == 200
    assert Browser(app).get(address[:-3] + "abc").status == 404


def test_somebody_signed_in_starts_at_the_last_screen(app: Flask, sign_in: Any, code: str) -> None:
    with app.app_context():
        actor = factories.actor(given="Awa", family="Diop", email="awa@example.org")
        other = courses.delivery(places=3)
        person = db.session.get_one(Person, actor.person_id)
        makers.enrolled(other, "police", person, rank="Captain", organization="Police nationale")
    browser = sign_in(actor)
    page = begin(browser, code)
    assert "Step 3 of 3" in page.text
    assert "Captain" in page.text
    assert "awa@example.org" in page.text
    page = page.form("/apply").submit("Change – Country")
    assert "email" not in page.form("/apply").names, (
        "the address is the sign-in; it is not changed here"
    )
    page = page.form("/apply").submit("Continue", country="ML").form("/apply").submit("Continue")
    page = page.form("/apply").submit("Send application", consent="y")
    assert page.path.startswith("/enrollments/")
    assert "Your application was sent" in page.text
    with app.app_context():
        assert db.session.get_one(Person, actor.person_id).country == "ML", (
            "people change their own data"
        )
    again = browser.get(f"/deliveries/{code}/apply")
    assert "You already applied" in again.text
    assert again.follow("See where it stands").status == 200


def test_somebody_signed_in_cannot_apply_for_another_address(
    app: Flask, sign_in: Any, code: str
) -> None:
    with app.app_context():
        actor = factories.actor(given="Awa", family="Diop", email="awa@example.org")
        factories.person("Other", "Person", email="other@example.org")
    browser = sign_in(actor)
    page = begin(browser, code)
    values = (
        page.form("/apply").values.to_dict() | ABOUT | {"email": "other@example.org", "screen": "1"}
    )
    page = browser.post(f"/deliveries/{code}/apply", values).form("/apply").submit("Continue")
    page.form("/apply").submit("Send application", consent="y")
    with app.app_context():
        assert db.session.scalar(sa.select(Enrollment.person_id)) == actor.person_id


def test_after_the_closing_date_the_next_deliveries_are_shown(
    app: Flask, browser: Browser, code: str
) -> None:
    form = last_screen(browser, code).form("/apply")
    with app.app_context():
        courses.delivery(starts_on=date(2027, 6, 7), venue="Kingston")
    clock.travel(app, datetime(2027, 3, 1, 12, tzinfo=UTC))
    page = browser.get(f"/deliveries/{code}/apply")
    assert page.status == 200
    assert "Applications are closed" in page.text
    assert "Kingston" in page.text
    page = form.submit("Send application", consent="y")
    assert page.status == 422
    assert "closed" in " ".join(page.errors).lower() or "closed" in page.text
    assert page.form("/apply").values["given_name"] == "Awa", "what was typed is not lost"
    assert enrollments(app) == []


def test_a_cancelled_delivery_says_so(app: Flask, browser: Browser, code: str) -> None:
    with app.app_context(), transaction():
        course_services.cancel(SYSTEM, get_delivery(SYSTEM, code), reason="The trainer is ill")
    page = browser.get(f"/deliveries/{code}/apply")
    assert "This delivery was cancelled." in page.text
    assert "The trainer is ill" in page.text


@pytest.mark.parametrize("is_posted", [False, True])
def test_drafts_and_unknown_codes_do_not_exist(
    app: Flask, browser: Browser, is_posted: bool
) -> None:
    with app.app_context():
        draft = courses.delivery(published=False).code
    for unknown in (draft, "NOTHING-2027"):
        if is_posted:
            page = browser.post(f"/deliveries/{unknown}/apply", {"csrf_token": browser.token()})
        else:
            page = browser.get(f"/deliveries/{unknown}/apply")
        assert page.status == 404


def test_a_form_without_its_token_is_refused(app: Flask, browser: Browser, code: str) -> None:
    assert browser.post(f"/deliveries/{code}/apply", ABOUT | {"screen": "1"}).status == 400
    assert enrollments(app) == []


def test_changing_the_language_keeps_what_was_typed(browser: Browser, code: str) -> None:
    form = begin(browser, code).form("/apply")
    values = form.values.to_dict() | ABOUT | {"family_name": "Diop Ndoye", "redisplay": "1"}
    page = browser.post(f"/deliveries/{code}/apply?lang=fr", values)
    assert page.status == 200
    assert page.tree.get("lang") == "fr"
    assert page.form("/apply").values["family_name"] == "Diop Ndoye"


def test_a_flood_from_one_place_is_stopped(
    app: Flask, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply_views, "MOST_APPLICATIONS", 2)

    def send(number: int) -> int:
        browser = Browser(app)
        browser.client.environ_base["REMOTE_ADDR"] = "203.0.113.7"
        return apply(browser, code, email=f"a{number}@example.org").status

    assert [send(number) for number in range(4)] == [200, 200, 429, 429]


def test_by_approval_nothing_is_promised(app: Flask, browser: Browser) -> None:
    with app.app_context():
        code = courses.delivery(admission="approval").code
    page = begin(browser, code)
    assert "A coordinator selects" in page.text
    assert "Check your email" in apply(browser, code).text
    assert "A coordinator decides" in confirm(app).text
    assert enrollments(app) == [("Diop", "police", "requested")]


def test_withdrawing_gives_the_place_to_the_next(app: Flask, sign_in: Any, code: str) -> None:
    with app.app_context():
        into = get_delivery(SYSTEM, code)
        actor = factories.actor(given="Awa", family="Diop")
        mine = makers.enrolled(into, "police", db.session.get_one(Person, actor.person_id))
        others = [makers.enrolled(into, "police") for _number in range(3)]
        assert others[-1].status is EnrollmentStatus.WAITLISTED
        mine_id, waiting_id = mine.id, others[-1].id
    browser = sign_in(actor)
    page = browser.get(f"/enrollments/{mine_id}")
    assert "Your place is kept. If you cannot come, please give it up here" in page.text
    page = page.follow("Give up my place")
    assert "Give up your place?" in page.title
    form = page.form(button="Yes, give it up")
    page = form.submit(reason="Deployed")
    assert (
        "You gave up your place." in page.text
        and "You no longer take part in this course date." in page.text
    )
    assert "Deployed" in page.text
    with app.app_context():
        assert db.session.get_one(Enrollment, waiting_id).status is EnrollmentStatus.CONFIRMED
    assert form.submit(reason="Deployed").status == 422, "pressed twice: told that it is done"
    assert browser.get(f"/enrollments/{mine_id}/withdraw").status == 409
    assert browser.get(f"/enrollments/{waiting_id}").status == 404, "someone else's"
    assert browser.get(f"/enrollments/{waiting_id}/withdraw").status == 404


def test_after_giving_up_one_can_apply_again_or_choose_another_date(
    app: Flask, sign_in: Any, code: str
) -> None:
    with app.app_context():
        into = get_delivery(SYSTEM, code)
        actor = factories.actor(given="Awa", family="Diop")
        mine = makers.enrolled(into, "police", db.session.get_one(Person, actor.person_id))
        mine_id = mine.id
        for _number in range(3):
            makers.enrolled(into, "police")
        with transaction():
            services.withdraw(SYSTEM, db.session.get_one(Enrollment, mine_id))
    browser = sign_in(actor)
    page = browser.get(f"/enrollments/{mine_id}")
    assert "Sessions" not in page.text and "Add to my calendar" not in page.text
    assert page.link("Apply again").endswith(f"/deliveries/{code}/apply")
    assert page.follow("See the dates of this course").status == 200
    page = page.follow("Apply again").form("/apply").submit("Send application", consent="y")
    page = page.follow("Withdraw my application")
    assert "Withdraw your application?" in page.title
    page = page.form(button="Yes, withdraw it").submit()
    assert "You withdrew your application." in page.text and "Apply again" in page.text
    with app.app_context(), transaction():
        course_services.cancel(SYSTEM, get_delivery(SYSTEM, code), reason="The trainer is ill")
    page = browser.get(f"/enrollments/{mine_id}")
    assert "This delivery was cancelled." in page.text and "Apply again" not in page.text
    assert page.link("See the dates of this course")


def test_a_cancelled_delivery_offers_neither_places_nor_a_calendar(
    app: Flask, browser: Browser, code: str
) -> None:
    page = browser.get(f"/deliveries/{code}")
    offered = ("2 of 2 left", "Apply untilMonday", "Add to your calendar")
    assert all(words in page.text for words in offered), page.text
    with app.app_context(), transaction():
        course_services.cancel(SYSTEM, get_delivery(SYSTEM, code), reason="The trainer is ill")
    page = browser.get(f"/deliveries/{code}")
    assert "The trainer is ill" in page.text
    assert not [words for words in offered if words in page.text]


def test_who_works_on_a_delivery_finds_the_work_before_the_application(
    app: Flask, sign_in: Any, code: str
) -> None:
    def primary(browser: Browser) -> list[str]:
        return [
            "".join(a.itertext())
            for a in browser.get(f"/deliveries/{code}").all("a", class_="button")
        ]

    with app.app_context():
        coordinator, participant = makers.coordinator(), factories.actor()
    assert primary(sign_in(coordinator)) == ["Participants and selection"]
    assert primary(sign_in(participant)) == ["Apply"]


def test_own_page_shows_the_position_and_the_sessions(app: Flask, sign_in: Any) -> None:
    with app.app_context():
        into = courses.delivery(places=1)
        makers.enrolled(into, "police")
        actor = factories.actor(given="Awa", family="Diop")
        mine = makers.enrolled(into, "military", db.session.get_one(Person, actor.person_id)).id
    page = sign_in(actor).get(f"/enrollments/{mine}")
    assert "number 1 on the waiting list" in page.text
    assert "Monday 8 March 2027" in page.text
    assert "09:00" in page.text
    assert page.link("Add to my calendar").endswith(".ics")


def test_nobody_sees_enrollments_without_signing_in(app: Flask, browser: Browser) -> None:
    assert browser.get("/enrollments/1", follow=False).status == 303
    assert browser.get("/me/enrollments", follow=False).status == 303


def test_an_empty_list_says_what_to_do(app: Flask, sign_in: Any) -> None:
    with app.app_context():
        actor = factories.actor()
    assert "You have not applied for a course yet" in sign_in(actor).get("/me/enrollments").text


def test_french_pages(app: Flask, code: str) -> None:
    browser = Browser(app, language="fr")
    page = browser.get(f"/deliveries/{code}/apply").form("/apply").submit(**ABOUT)
    page = page.form("/apply").submit()
    page = page.form("/apply").submit(consent="y")
    assert page.tree.get("lang") == "fr"
    assert "A•••@example.org" in page.text
    assert enrollments(app) == [("Diop", "police", "unconfirmed")]


@pytest.mark.both_databases
def test_nobodys_mailbox_is_filled_by_applications_of_others(app: Flask) -> None:
    with app.app_context():
        codes = [courses.delivery(places=4).code for _ in range(4)]
    answers = [
        apply(Browser(app), code, email="victim@example.org").status
        for _ in range(3)
        for code in codes
    ]
    assert answers == [200] * apply_views.MOST_FOR_ONE_ADDRESS + [429] * 2
    assert len(mails(app)) == apply_views.MOST_FOR_ONE_ADDRESS
    assert apply(Browser(app), codes[0], email="other@example.org").status == 200


@pytest.mark.parametrize("name", ["Visit http://evil.example NOW", "www.evil.example"])
def test_a_name_that_is_an_address_is_refused(browser: Browser, code: str, name: str) -> None:
    page = begin(browser, code).form("/apply").submit("Continue", **(ABOUT | {"given_name": name}))
    assert page.status == 422 and "reads as a web or email address" in page.text
