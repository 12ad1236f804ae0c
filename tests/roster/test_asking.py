"""A profile of someone who has not said yes: the person is asked, and the one who asked learns
nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.models import Account
from accounts.roles import Role
from core import clock
from core.audit import AuditEntry
from core.database import db, transaction
from core.policy import SYSTEM, Actor
from people import services as people
from people.models import Consent, ConsentPurpose, Person
from people.personnel import PersonnelCategory
from roster import services
from roster.models import Expert, ExpertProposal
from tests import factories
from tests.accounts.makers import mails
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.counting import queries_counted
from tests.enrollment.makers import token_of
from tests.roster import makers
from tests.test_same_work import kinds

SignIn = Callable[[Actor], Browser]
AWA: dict[str, Any] = {
    "person": {
        "given_name": "Awa",
        "family_name": "Diop",
        "email": "awa@example.org",
        "country": "SN",
    },
    "category": "police",
    "rank": "Commissaire",
    "languages": [{"language": "fr", "level": "C1"}],
    "availability": [{"from": "2026-12-01", "to": "2027-06-30"}],
    "expertise": ["Investigation"],
}


@pytest.fixture
def api(app: Flask) -> ApiClient:
    with app.app_context():
        return ApiClient(app, token_of(factories.actor(Role.ROSTER)))


def counted(kind: Any) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0


def asked_link(app: Flask) -> str:
    return re.search(r"/roster/asked/[\w-]+", mails(app)[-1][2])[0]


def _unknown() -> None:
    pass


def _known() -> None:
    factories.person("Awa", "Diop", email="awa@example.org", identifier="SN-7")


def _refused() -> None:
    factories.consent(
        factories.person("Awa", "Diop", email="awa@example.org", identifier="SN-7"), False
    )


def _certified() -> None:
    makers.certified(
        factories.person("Awa", "Diop", email="awa@example.org", identifier="SN-7"), agrees=None
    )


def _other_name() -> None:
    factories.person("Kofi", "Mensah", email="awa@example.org", identifier="SN-7")


def _no_address() -> None:
    factories.person("Awa", "Diop", email=None, identifier="SN-7")


def _of_another_office() -> None:
    certificate = makers.certified(
        factories.person("Awa", "Diop", email="awa@example.org", identifier="SN-7"), agrees=None
    )
    factories.consent(certificate.person_id)
    other = factories.actor(Role.ROSTER, office_id=factories.office().id)
    with transaction():
        services.admit(other, makers.expert_of(certificate))


@pytest.mark.both_databases
def test_the_answer_and_the_work_are_the_same_for_known_and_unknown_people(app: Flask) -> None:
    seen = {}
    for case in (
        _unknown,
        _known,
        _refused,
        _certified,
        _other_name,
        _no_address,
        _of_another_office,
    ):
        with app.app_context():
            _empty_of_people()
            case()
            staff = ApiClient(app, token_of(factories.actor(Role.ROSTER)))
            before = counted(Person)
        with app.app_context(), queries_counted() as count:
            answer = staff.put("/experts/SN-7", AWA)
        headers = [
            (name, value)
            for name, value in answer.headers
            if not name.startswith(("RateLimit", "Date", "X-Request"))
        ]
        seen[case.__name__] = (answer.status_code, answer.data, headers, kinds(count.statements))
        with app.app_context():
            assert counted(Person) == before, "no one was recorded"
    assert seen["_unknown"][:2] == (202, b'{"status":"asked"}')
    for name, shown in seen.items():
        assert shown[:3] == seen["_unknown"][:3], name
        assert shown[3] == seen["_unknown"][3], name


def _empty_of_people() -> None:
    """As if the people of the case before had never been: their numbers and addresses are taken
    away."""
    with transaction():
        db.session.execute(
            sa.update(Person).values(
                identifier=None, identifier_key=None, email=None, email_key=None
            )
        )
        db.session.execute(sa.delete(ExpertProposal))
        from core import audit

        audit.record(SYSTEM, "test.emptied", "person:0", {})


def test_a_stranger_says_yes_and_the_profile_is_made(app: Flask, api: ApiClient) -> None:
    assert api.put("/experts/SN-7", AWA).json == {"status": "asked"}
    [(address, kind, letter)] = mails(app)
    assert (address, kind) == (
        "awa@example.org",
        "roster_asked",
    ) and "to no one unless you say yes" in letter
    with app.app_context():
        assert counted(Expert) == 0
    page = Browser(app).get(asked_link(app))
    for words in (
        "Awa Diop",
        "Commissaire",
        "French C1",
        "Investigation",
        "as long as you agree",
        "Text version",
    ):
        assert words in page.text, words
    thanks = page.form(button="Yes, I agree").submit()
    assert "You said yes" in thanks.text
    with app.app_context():
        expert = db.session.scalars(sa.select(Expert)).one()
        assert (expert.person.identifier, expert.rank, expert.status) == (
            "SN-7",
            "Commissaire",
            "certified",
        )
        assert [language.language for language in expert.languages] == ["fr"] and counted(
            ExpertProposal
        ) == 0
        [row] = db.session.scalars(sa.select(Consent))
        assert (row.given, row.counts, row.how) == (True, True, "link")
        key = expert.id
    assert api.get(f"/experts/{key}").json["expertise"] == ["Investigation"]
    assert api.put("/experts/SN-7", AWA | {"rank": "Colonel"}).json["rank"] == "Colonel"
    assert Browser(app).get(asked_link(app)).status == 404, "the question is answered"


def test_a_stranger_says_no_and_nothing_is_kept_and_nobody_is_asked_again(
    app: Flask, api: ApiClient
) -> None:
    api.put("/experts/SN-7", AWA)
    page = Browser(app).get(asked_link(app)).form(button="No").submit()
    assert "we will not ask you again" in page.text
    assert api.put("/experts/SN-7", AWA).json == {"status": "asked"}
    assert len(mails(app)) == 1
    with app.app_context():
        assert counted(Expert) == counted(Consent) == 0
        for row in db.session.scalars(
            sa.select(ExpertProposal)
        ):  # one for the number, one for the address
            assert (row.identity, row.values, row.email_key, row.identifier_key) == (
                {},
                {},
                None,
                None,
            )
        assert counted(Person) == 1, "only the one who asked"


def person_said(**changes: Any) -> dict[str, Any]:
    return AWA | {"person": AWA["person"] | changes}


@pytest.mark.parametrize(
    "expected",
    [("SN-8", {}), ("SN-7", {"email": "other@example.org"}), ("sn 7", {"given_name": "A."})],
)
def test_after_a_no_nobody_is_asked_again_by_the_same_address_or_number(
    app: Flask, api: ApiClient, expected: tuple
) -> None:
    api.put("/experts/SN-7", AWA)
    Browser(app).get(asked_link(app)).form(button="No").submit()
    number, changes = expected
    assert api.put(f"/experts/{number}", person_said(**changes)).json == {"status": "asked"}
    assert len(mails(app)) == 1
    with app.app_context():
        identities = db.session.scalars(sa.select(ExpertProposal.identity)).all()
        assert not any(identities), "nothing is kept of someone who refused"


@pytest.mark.parametrize("issuer", [{"country": "GH"}, {"identifier_issuer": "SN-POL"}])
def test_another_issuers_officer_with_the_number_of_someone_who_refused_is_asked(
    app: Flask, api: ApiClient, issuer: dict[str, str]
) -> None:
    with app.app_context():
        factories.organization("SN-ARMY", "Army", country="SN")
        factories.organization("SN-POL", "Police", country="SN")
    api.put("/experts/SN-7", person_said(identifier_issuer="SN-ARMY"))
    Browser(app).get(asked_link(app)).form(button="No").submit()
    kofi = {"given_name": "Kofi", "family_name": "Mensah", "email": "kofi@example.org"}
    api.put("/experts/SN-7", person_said(**kofi, **issuer))
    assert mails(app)[-1][0] == "kofi@example.org"


@pytest.mark.parametrize(
    ("refused", "kind"), [({}, "SN-ARMY"), ({"identifier_issuer": "SN-ARMY"}, "SN"), ({}, "SN")]
)
def test_a_no_holds_under_the_number_of_the_body_and_of_its_country(
    app: Flask, api: ApiClient, refused: dict[str, str], kind: str
) -> None:
    """They are one issuer where the name is the same, by whatever address."""
    with app.app_context():
        factories.organization("SN-ARMY", "Army", country="SN")
    api.put("/experts/SN-7", person_said(**refused))
    Browser(app).get(asked_link(app)).form(button="No").submit()
    before = mails(app)
    answer = api.put(
        "/experts/SN-7", person_said(identifier_issuer=kind, email="awa@other.example")
    )
    assert answer.status_code == 202 and mails(app) == before


def test_while_the_letter_lives_another_persons_words_never_change_whom_it_is_about(
    app: Flask, api: ApiClient
) -> None:
    """One number, two officers: the link in the first one's letter answers for the first one
    alone."""
    api.put("/experts/SN-7", AWA)
    link = asked_link(app)
    with app.app_context():
        other = factories.person("Kofi", "Mensah", email="kofi@example.org", identifier="SN-7").id
    api.put(
        "/experts/SN-7",
        person_said(given_name="Kofi", family_name="Mensah", email="kofi@example.org")
        | {"rank": "Major"},
    )
    page = Browser(app).get(link)
    assert "Awa Diop" in page.text and "Major" not in page.text
    page.form(button="Yes, I agree").submit()
    with app.app_context():
        expert = db.session.scalars(sa.select(Expert)).one()
        assert (expert.person.email, expert.rank) == (
            "awa@example.org",
            "Commissaire",
        ) and expert.person_id != other
        assert db.session.scalar(sa.select(Consent.id).where(Consent.person_id == other)) is None


def test_the_same_person_is_not_asked_twice_by_another_number(app: Flask, api: ApiClient) -> None:
    for number in ("SN-7", "SN-8"):
        assert api.put(f"/experts/{number}", AWA).json == {"status": "asked"}
    assert len(mails(app)) == 1


def test_somebody_known_is_asked_at_the_known_address_and_only_once(
    app: Flask, api: ApiClient
) -> None:
    with app.app_context():
        key = factories.person(
            "Awa", "Diop", email="own@example.org", identifier="SN-7", language="fr"
        ).id
    for rank in ("Major", "Colonel"):
        api.put("/experts/SN-7", AWA | {"rank": rank})
    assert [mail[:2] for mail in mails(app)] == [("own@example.org", "roster_asked")]
    with app.app_context():
        person = db.session.get_one(Person, key)
        assert (person.country, person.email) == ("SN", "own@example.org")
        factories.consent(key)  # by the own page, without the letter
        expert = db.session.scalars(sa.select(Expert)).one()
        assert (expert.person_id, expert.rank) == (key, "Colonel"), "the latest values"


def test_whoever_was_asked_in_a_letter_to_another_address_does_not_answer_for_somebody_known(
    app: Flask, api: ApiClient
) -> None:
    """Someone known by number has no address; the address given with the number may be anyone's."""
    with app.app_context():
        key = factories.person("Awa", "Diop", email=None, identifier="SN-7").id
    api.put("/experts/SN-7", AWA)
    assert mails(app) == []
    with app.app_context():
        assert db.session.scalar(sa.select(Consent.id).where(Consent.person_id == key)) is None


@pytest.mark.parametrize("answer", [True, False])
def test_the_answer_is_that_of_the_person_whose_record_was_merged_meanwhile(
    app: Flask, api: ApiClient, answer: bool
) -> None:
    with app.app_context():
        person_id = factories.person("Awa", "Diop", email="awa@example.org", identifier="SN-7").id
        keep = factories.person("Awa", "Diop", email="awa@work.example.org").id
        if not answer:
            factories.consent(keep)
    api.put("/experts/SN-7", AWA)
    with app.app_context():
        with transaction():
            key = people.propose_merge(SYSTEM, keep, person_id, reason="One person").id
        with transaction():
            people.confirm_merge(SYSTEM, people.get_merge(SYSTEM, key))
    Browser(app).get(asked_link(app)).form(button="Yes, I agree" if answer else "No").submit()
    with app.app_context():
        assert people.current_consent(keep, ConsentPurpose.ROSTER) is answer
        assert [expert.person_id for expert in db.session.scalars(sa.select(Expert))] == (
            [keep] if answer else []
        )


def test_a_known_person_who_refused_is_not_written_to(app: Flask, api: ApiClient) -> None:
    with app.app_context():
        factories.consent(
            factories.person("Awa", "Diop", email="awa@example.org", identifier="SN-7"), False
        )
    assert api.put("/experts/SN-7", AWA).status_code == 202
    assert mails(app) == []


def test_who_said_yes_and_is_on_another_offices_roster_is_not_asked_again(app: Flask) -> None:
    """A second letter would say that no one sees the person before a yes, and the values would
    wait for good."""
    with app.app_context():
        _of_another_office()
        staff = ApiClient(app, token_of(factories.actor(Role.ROSTER)))
        before = mails(app)
    assert staff.put("/experts/SN-7", AWA).json == {"status": "asked"}
    assert mails(app) == before
    with app.app_context():
        assert counted(ExpertProposal) == 0


def test_what_the_person_wrote_stays(app: Flask, api: ApiClient) -> None:
    with app.app_context():
        who = factories.person("Awa", "Diop", email="awa@example.org", identifier="SN-7")
        own = Actor(person_id=who.id, grants=factories.refreshed(Actor(person_id=who.id)).grants)
        key = who.id
        with transaction():
            services.put_own_profile(
                own, services.Profile(category=PersonnelCategory.CIVILIAN, rank="Adviser")
            )
    api.put("/experts/SN-7", AWA)
    with app.app_context():
        factories.consent(key)
        expert = db.session.scalars(sa.select(Expert)).one()
        assert (expert.category, expert.rank, expert.expertise) == (
            "civilian",
            "Adviser",
            ["Investigation"],
        )


def test_consent_on_paper_takes_what_waited(app: Flask, api: ApiClient) -> None:
    body = AWA | {"person": {"given_name": "Ali", "family_name": "Traoré", "country": "ML"}}
    assert api.put("/experts/ML-7", body).status_code == 202
    assert mails(app) == [], "there is no address"
    who = {"identifier": "ml 7", "given_name": "Ali", "family_name": "Traoré", "country": "ML"}
    paper = {"person": who, "reference": "R 1", "signed_on": "2026-11-20", "document": "Form 3"}
    assert api.post("/people/consent-on-paper", paper).status_code == 200
    with app.app_context():
        expert = db.session.scalars(sa.select(Expert)).one()
        assert (expert.person.family_name, expert.rank) == ("Traoré", "Commissaire")


def test_consent_is_the_persons_own_in_a_profile_too(app: Flask, api: ApiClient) -> None:
    with app.app_context():
        makers.consenting("SN-7", "Awa", "Diop", email="awa@example.org")
    for answer in (True, False):
        refused = api.put("/experts/SN-7", AWA | {"consent": answer})
        assert (refused.status_code, refused.json["code"]) == (403, "consent_is_personal")
    assert api.put("/experts/SN-7", AWA).status_code == 201


def test_the_page_says_we_asked_the_person(app: Flask, sign_in: SignIn) -> None:
    with app.app_context():
        browser = sign_in(factories.actor(Role.ROSTER))
        _known()
    form = browser.get("/roster/new").form(button="Save the profile")
    pages = []
    for number, email in (("SN-7", "awa@example.org"), ("SN-8", "new@example.org")):
        form = browser.get("/roster/new").form(button="Save the profile")
        page = form.submit(
            person_given_name="Awa",
            person_family_name="Diop",
            person_identifier=number,
            person_email=email,
            category="police",
        )
        assert page.path == "/roster/new" and "We asked the person" in page.text
        pages.append(re.sub(r'value="[^"]*"|nonce="[^"]*"', "", page.html))
    assert pages[0] == pages[1]
    refused = form.submit(person_given_name="Awa", person_family_name="Diop", category="police")
    assert refused.status in (200, 422)


def test_the_page_says_no_gender_of_anyone_unless_somebody_chose_it(
    app: Flask, sign_in: SignIn
) -> None:
    with app.app_context():
        browser = sign_in(factories.actor(Role.ROSTER))
        for number in ("SN-7", "SN-8"):
            makers.consenting(number, "Awa", "Diop", gender="another")
    genders = []
    for number, chosen in (("SN-7", {}), ("SN-8", {"person_gender": "female"})):
        form = browser.get("/roster/new").form(button="Save the profile")
        assert form.values["person_gender"] == "undisclosed"
        who = {
            "person_given_name": "Awa",
            "person_family_name": "Diop",
            "person_identifier": number,
            "category": "police",
        }
        assert "The profile was saved" in form.submit(**who, **chosen).text
        with app.app_context():
            genders.append(
                db.session.scalars(
                    sa.select(Person.gender).where(Person.identifier == number)
                ).one()
            )
    assert genders == ["another", "female"], "what is known stays"


def test_an_address_of_somebody_else_is_left_alone_and_nothing_is_said(
    app: Flask, api: ApiClient
) -> None:
    with app.app_context():
        makers.consenting("SN-7", "Awa", "Diop", email=None)
        factories.person("Kofi", "Mensah", email="awa@example.org")
    response = api.put("/experts/SN-7", AWA)
    assert (response.status_code, response.json["person"]["email"]) == (201, None)


@pytest.mark.parametrize("address", ["kofi@new.example.org", "kofi@old.example.org"])
def test_nobody_learns_whose_a_number_or_an_address_is_by_writing_it_to_someone_else(
    app: Flask, api: ApiClient, address: str
) -> None:
    with app.app_context():
        makers.consenting("SN-7", "Awa", "Diop", email=None)
        makers.consenting(None, "Ben", "Zed", email="ben@example.org")
        keep = factories.person("Kofi", "Mensah", email="kofi@new.example.org").id
        old = factories.person("Kofi", "Mensah", email="kofi@old.example.org", identifier="KM-1").id
        with transaction():
            key = people.propose_merge(SYSTEM, keep, old, reason="One person").id
        with transaction():
            people.confirm_merge(SYSTEM, people.get_merge(SYSTEM, key))
    response = api.put("/experts/SN-7", person_said(email=address))
    assert (response.status_code, response.json["person"]["email"]) == (201, None)
    ben = {"given_name": "Ben", "family_name": "Zed", "email": "ben@example.org"}
    response = api.put("/experts/KM-1", {"person": ben, "category": "police"})
    assert (response.status_code, response.json["person"]["identifier"]) == (201, None)


def test_questions_nobody_answers_are_forgotten(app: Flask, api: ApiClient) -> None:
    api.put("/experts/SN-7", AWA)
    link = asked_link(app)
    clock.travel(app, clock_after(app, 31))
    assert Browser(app).get(link).status == 404
    clock.travel(app, clock_after(app, 60))
    with app.app_context():
        with transaction():
            assert services.forget_proposals(SYSTEM) == 1
        assert counted(ExpertProposal) == 0 and counted(Account) == 1
        bodies = " ".join(db.session.scalars(sa.select(AuditEntry.body)))
        assert "Awa" not in bodies and "awa@" not in bodies and "SN-7" not in bodies


def clock_after(app: Flask, days: int) -> Any:
    with app.app_context():
        return clock.now() + timedelta(days=days)
