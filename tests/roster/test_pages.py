"""The roster's pages, as people without JavaScript use them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import audit, clock
from core.audit import AuditEntry
from core.database import db, transaction
from core.policy import SYSTEM, Actor
from demonstration.experts import load_experts
from people.models import Person
from roster.models import Expert, ExpertSkill, LanguageFramework
from roster.services import SpokenLanguage, Window
from tests import factories
from tests.browsing import Browser, Page
from tests.courses import makers as courses
from tests.roster import makers

SignIn = Callable[[Actor], Browser]


@pytest.fixture
def staff(app: Flask, sign_in: SignIn) -> Browser:
    with app.app_context():
        reader = factories.actor(Role.ROSTER, given="Ingrid", family="Haugen")
    return sign_in(reader)


@pytest.fixture
def amina(app: Flask) -> int:
    """A French-speaking policewoman with gender training, free in December."""
    with app.app_context():
        expert = makers.expert(
            "Amina",
            "Diallo",
            country="SN",
            gender="female",
            rank="Commissaire",
            rank_code="OF-3",
            expertise=["Investigation"],
            languages=[
                SpokenLanguage("fr", "C1"),
                SpokenLanguage("en", "2222", LanguageFramework.SLP),
            ],
            availability=[Window(date(2026, 12, 1), date(2027, 12, 31))],
        )
        makers.certified(db.session.get_one(Person, expert.person_id))
        makers.expert("Kofi", "Mensah", country="GH", category="military")
        return expert.id


def names_on(page: Page) -> list[str]:
    return ["".join(cell.itertext()).strip() for cell in page.all("th", scope="row")]


# Finding


def test_the_journey_of_the_roster_in_one_screen(staff: Browser, amina: int) -> None:
    """French-speaking police, gender training valid to the end of the tour, available next
    month."""
    form = staff.get("/roster").form("/roster")
    page = form.submit(
        category="police",
        skill_1=makers.GENDER,
        skill_1_level="basic",
        valid_on="2027-06-30",
        language_1="fr",
        language_1_level="B2",
        available_from="2026-12-01",
        available_to="2026-12-31",
    )
    assert page.status == 200 and names_on(page) == ["Amina Diallo"]
    for words in (
        "1 expert found",
        "Police",
        "French at least B2 or SLP 2",
        "Gender in peace operations, at least Basic",
        "skills valid on 30 June 2027",
        "available from 1 December 2026 to 31 December 2026",
        "until 10 Mar 2029",
        "French C1",
        "1 Dec 2026 to 31 Dec 2027",
        "Current",
    ):
        assert words in page.text, words
    assert names_on(page.follow("Police")) == ["Amina Diallo"], "a chip takes its condition out"
    assert "Police ×" not in page.follow("Police").text
    again = page.form("/roster")
    assert (again.values["skill_1"], again.values["language_1_level"], again.values["skill_2"]) == (
        makers.GENDER,
        "B2",
        "",
    )


def test_skills_are_offered_by_the_name_people_read(app: Flask, sign_in: SignIn) -> None:
    with app.app_context():
        for code, english, french in (
            ("a", "Zones", "Écoute"),
            ("b", "Mediation", "Zones"),
            ("c", "Alert", "Alerte"),
        ):
            courses.course(
                code=f"C-{code}",
                grants=[{"skill": code, "title": {"en": english, "fr": french}, "level": "basic"}],
            )
        people = [factories.actor(Role.ROSTER), factories.actor(Role.TRAINER)]
    staff, trainer = map(sign_in, people)

    def offered(language: str) -> list[str]:
        options = (
            staff.get("/roster", query={"lang": language})
            .all("select", name="skill_1")[0]
            .iter("option")
        )
        known = (
            trainer.get("/courses/new", query={"lang": language}).all("datalist")[0].iter("option")
        )
        values = [option.get("value") for option in options][1:]
        assert values == [option.get("value") for option in known]
        return values

    assert offered("en") == ["c", "b", "a"]
    assert offered("fr") == ["c", "a", "b"]


def test_nobody_found_offers_what_to_loosen(staff: Browser, amina: int) -> None:
    page = staff.get("/roster?category=police&language=fr:C2&q=amina")
    assert "No one on the roster meets all of this" in page.text
    assert "1 with French at least C1 or SLP 3" in page.text
    assert names_on(page.follow("1 without “French at least C2")) == ["Amina Diallo"]
    assert (
        "No single condition is the reason" in staff.get("/roster?category=civilian&q=nobody").text
    )


def test_an_empty_roster_says_so(staff: Browser) -> None:
    assert "No one is on the roster yet" in staff.get("/roster").text


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        (
            "available_from=2027-02-01&available_to=2027-01-01",
            "available_to",
            "The last day lies before the first",
        ),
        ("valid_on=2027-02-30", "valid_on", "Give a date that exists"),
        ("skill=juggling", "skill_1", "There is no skill “juggling”"),
        ("language=fr:B7", "language_1", "Choose a level from A1 to C2"),
        ("category=marine", "category", "This choice is not known"),
        ("after=abc", None, "This page address is not one of ours"),
    ],
)
def test_a_wrong_filter_keeps_what_was_typed(
    staff: Browser, amina: int, query: str, field: str | None, words: str
) -> None:
    page = staff.get(f"/roster?q=amina&{query}")
    assert page.status == 422 and words in page.text and page.title.startswith("Error:")
    assert page.form("/roster").values["q"] == "amina"
    if field:
        assert any(e.get("href") == f"#{field}" for e in page.all("a"))
    if "available" in query:
        assert page.form("/roster").values["available_to"] == "2027-01-01"


def test_many_are_shown_page_by_page(app: Flask, staff: Browser) -> None:
    with app.app_context():
        load_experts(60, seed=1)
    page, seen = staff.get("/roster?category=police"), []
    while True:
        seen += [
            e.get("href")
            for e in page.all("a")
            if (e.get("href") or "").startswith("/roster/") and e.get("href")[8:].isdigit()
        ]
        if "Next page" not in page.text:
            break
        page = page.follow("Next page")
    count = (
        staff.get("/roster?category=police").text.partition(" experts found")[0].rsplit(" ", 1)[1]
    )
    assert len(seen) == len(set(seen)) == int(count)


def test_the_list_as_a_file_is_harmless_and_noted_without_names(
    app: Flask, staff: Browser, amina: int
) -> None:
    with app.app_context():
        makers.expert("+1+A", "Formula", category="police")
    page = staff.get("/roster?category=police&q=")
    answer = page.form("/roster/export").submit(follow=False).response
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [row["Given name"] for row in rows] == ["Amina", "'+1+A"]
    assert (
        rows[0]["Languages"] == "French C1, English SLP 2222" and "2029-03-10" in rows[0]["Skills"]
    )
    with app.app_context():
        (body,) = db.session.scalars(
            sa.select(AuditEntry.body).where(AuditEntry.action == "roster.exported")
        )
        assert json.loads(body)["facts"] == {"exported_by": 1, "filters": ["category"], "rows": 2}
        assert "Amina" not in body


def test_an_export_of_a_wrong_question_is_refused(staff: Browser, amina: int) -> None:
    page = staff.post(
        "/roster/export?available_from=2027-02-01&available_to=2027-01-01",
        {"csrf_token": staff.token()},
    )
    assert page.status == 422


def test_the_page_speaks_french_too(app: Flask, staff: Browser, amina: int) -> None:
    page = staff.get(
        f"/roster?lang=fr&skill={makers.GENDER}&language=fr:B2&available_from=2026-12-01"
    )
    assert page.tree.get("lang") == "fr" and names_on(page) == ["Amina Diallo"]
    assert "Le genre dans les opérations de paix" in page.text and "1er déc. 2026" in page.text
    assert staff.get(f"/roster/{amina}").status == 200


# The profile


def test_the_profile_shows_what_is_known_and_what_it_rests_on(
    app: Flask, staff: Browser, amina: int
) -> None:
    page = staff.get(f"/roster/{amina}")
    for words in (
        "Amina Diallo",
        "Police",
        "Commissaire, OF-3",
        "Senegal",
        "French – C1",
        "English – SLP 2222",
        "1 December 2026 to 31 December 2027",
        "Investigation",
        "Gender in peace operations",
        "Practitioner",
        "10 Mar 2026",
        "10 Mar 2029",
        "✓ Current",
        "RST-2026-000001",
    ):
        assert words in page.text, words
    assert "/certificates/" not in " ".join(link.get("href", "") for link in page.all("a")), (
        "the certificate is for its centre"
    )


def test_a_skill_that_begins_later_is_not_called_current(
    app: Flask, staff: Browser, sign_in: SignIn, amina: int
) -> None:
    """As of old data: a certificate issued before its course counts from the last day."""
    with app.app_context(), transaction():
        db.session.execute(sa.update(ExpertSkill).values(valid_from=date(2027, 3, 10)))
        audit.record(SYSTEM, "test.early", "roster:all", {})
    for page in (staff.get("/roster", query={"q": "Diallo"}), staff.get(f"/roster/{amina}")):
        assert "… Not yet valid" in page.text and "✓ Current" not in page.text
        assert "10 Mar 2027" in page.text.replace("\u00a0", " ")
    file = staff.client.post(
        "/roster/export?q=Diallo", data={"csrf_token": staff.token()}
    ).get_data(as_text=True)
    assert "Practitioner, Not yet valid, 2029-03-10" in file
    assert names_on(staff.get("/roster", query={"skill": makers.GENDER})) == []
    assert names_on(
        staff.get("/roster", query={"skill": makers.GENDER, "valid_on": "2027-03-10"})
    ) == ["Amina Diallo"]
    clock.travel(app, datetime(2027, 3, 10, 12, tzinfo=UTC))
    with app.app_context():
        staff = sign_in(factories.actor(Role.ROSTER))
    for page in (staff.get("/roster", query={"q": "Diallo"}), staff.get(f"/roster/{amina}")):
        assert "✓ Current" in page.text


def test_a_withdrawn_skill_stays_as_history(app: Flask, staff: Browser) -> None:
    with app.app_context():
        certificate = makers.certified(factories.person("Amina"))
        makers.revoke(certificate, "recognition_withdrawn")
        key = makers.expert_of(certificate).id
    page = staff.get(f"/roster/{key}")
    assert (
        "No skill yet" in page.text
        and "Withdrawn skills" in page.text
        and "Recognition" not in page.text
    )
    assert names_on(page) == ["Gender in peace operations"]


def test_a_profile_is_changed_and_skills_are_not(app: Flask, staff: Browser, amina: int) -> None:
    page = staff.get(f"/roster/{amina}").follow("Change the profile")
    form = page.form(button="Save the profile")
    assert not [name for name in form.names if "skill" in name]
    page = form.submit(
        rank="Divisionnaire",
        languages_0_level="C2",
        languages_1_language="",
        languages_1_level="",
        languages_2_language="ar",
        languages_2_level="B1",
        availability_1_from="2028-02-01",
        availability_1_to="2028-03-31",
        expertise="Investigation\nTraffic",
    )
    assert "The profile was changed" in page.text
    for words in (
        "Divisionnaire",
        "French – C2",
        "Arabic – B1",
        "1 February 2028 to 31 March 2028",
        "Investigation, Traffic",
    ):
        assert words in page.text, words
    assert "English" not in page.text.partition("Fields of expertise")[0].partition("Languages")[2]
    assert names_on(staff.get("/roster?language=ar:B1")) == ["Amina Diallo"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        (
            {"languages_2_language": "ar", "languages_2_level": "B7"},
            "languages_2_level",
            "Choose a level from A1 to C2",
        ),
        (
            {"languages_3_language": "fr", "languages_3_level": "B1"},
            "languages_3_language",
            "given twice",
        ),
        ({"languages_1_level": "22"}, "languages_1_level", "four digits"),
        (
            {"availability_2_from": "2029-02-01", "availability_2_to": "2029-01-01"},
            "availability_2_to",
            "lies before the first",
        ),
        (
            {"availability_2_from": "2027-02-01", "availability_2_to": "2027-03-01"},
            "availability_2_from",
            "overlaps",
        ),
        ({"availability_2_from": "2029-02-01"}, "availability_2_to", "Give both days"),
        ({"rank_code": "OF-123456"}, "rank_code", "such as OF-2 or OR-7"),
    ],
)
def test_a_wrong_value_stands_at_its_field_and_nothing_is_lost(
    app: Flask, staff: Browser, amina: int, changes: dict[str, str], field: str, words: str
) -> None:
    page = staff.get(f"/roster/{amina}/edit").form(button="Save").submit(rank="Kept", **changes)
    assert page.status == 422 and words in page.text
    assert any(e.get("href") == f"#{field}" for e in page.all("a")), page.errors
    assert page.form(button="Save").values["rank"] == "Kept"
    assert all(page.form(button="Save").values[name] == value for name, value in changes.items())
    with app.app_context():
        expert = db.session.get_one(Expert, amina)
        assert (expert.rank, len(expert.languages), len(expert.availability)) == (
            "Commissaire",
            2,
            1,
        )


def test_a_person_is_added_to_the_roster_once(app: Flask, staff: Browser) -> None:
    with app.app_context():
        makers.consenting("CN-1", "小明", "王")
    form = staff.get("/roster").follow("Add a person").form(button="Save")
    values = {
        "person_given_name": "小明",
        "person_family_name": "王",
        "person_identifier": "CN-1",
        "person_country": "CN",
        "category": "civilian",
        "languages_0_language": "zh",
        "languages_0_level": "C2",
    }
    page = form.submit(**values)
    assert "The profile was saved" in page.text and page.path.startswith("/roster/")
    assert form.submit(**values).path.split("?")[0] == page.path.split("?")[0], (
        "the same form sent twice makes one"
    )
    assert names_on(staff.get("/roster?q=王小明")) == [], "not admitted yet"
    assert "王小明" in staff.get("/roster/waiting").text
    refused = (
        staff.get("/roster/new")
        .form(button="Save")
        .submit(person_given_name="", person_email="no address", category="civilian")
    )
    assert (
        refused.status == 422 and refused.form(button="Save").values["person_email"] == "no address"
    )


# Who may see what


def test_a_person_cannot_see_the_profile_of_another(
    app: Flask, sign_in: SignIn, amina: int
) -> None:
    with app.app_context():
        other = factories.actor()
    browser = sign_in(other)
    for address in (
        f"/roster/{amina}",
        f"/roster/{amina}/edit",
        "/roster/9999",
        "/roster/9999/edit",
    ):
        assert browser.get(address).status == 404, address
    assert (
        browser.post(
            f"/roster/{amina}/edit", {"csrf_token": browser.token(), "category": "police"}
        ).status
        == 404
    )
    for address in ("/roster", "/roster/new"):
        assert browser.get(address).status == 403, address
    for address in ("/roster/export", "/roster/new"):
        assert browser.post(address, {"csrf_token": browser.token()}).status == 403, address
    assert Browser(app).get(f"/roster/{amina}", follow=False).status == 303


def test_the_own_profile_is_seen_and_changed(app: Flask, sign_in: SignIn, amina: int) -> None:
    from accounts.sessions import actor_of

    with app.app_context():
        expert = db.session.get_one(Expert, amina)
        own = actor_of(db.session.get_one(Person, expert.person_id))
    browser = sign_in(own)
    assert browser.get(f"/roster/{amina}").status == 200
    page = browser.get("/me/profile")
    assert "Gender in peace operations" in page.text
    assert "You are on the roster" in page.text
    page = page.form(button="Save my profile").submit(availability_0_to="2027-06-30")
    assert "Your profile was saved" in page.text
    with app.app_context():
        expert = db.session.get_one(Expert, amina)
        assert expert.availability[0].ends_on == date(2027, 6, 30)


def test_a_person_joins_the_roster_by_oneself(app: Flask, sign_in: SignIn, staff: Browser) -> None:
    with app.app_context():
        someone = factories.actor(given="Lars", family="Øst")
    page = sign_in(someone).get("/me/profile")
    assert "You have no profile yet" in page.text and "May roster staff find you?" in page.text
    form = page.form(button="Save my profile")
    assert form.submit().status == 422, "a category is needed"
    page = form.submit(category="civilian", languages_0_language="no", languages_0_level="C2")
    assert "Your profile was saved" in page.text and "Without your consent" in page.text
    assert "No one is waiting" in staff.get("/roster/waiting").text
    page = page.form("/me/consents", button="Yes, I agree").submit()
    assert page.path == "/me/profile" and "You said yes" in page.text
    waiting = staff.get("/roster/waiting")
    assert "Lars Øst" in waiting.text and names_on(staff.get("/roster?q=ost")) == []
    with app.app_context():
        key = db.session.scalars(sa.select(Expert.id)).one()
    done = waiting.form(button="Admit selected").submit(expert=str(key))
    assert "1 person admitted" in done.text
    assert names_on(staff.get("/roster?q=ost")) == ["Lars Øst"]
