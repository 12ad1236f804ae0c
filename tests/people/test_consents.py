"""Consent is an act of the person, through pages and the API; what is signed on paper is
recorded by others and told."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import audit, clock
from core.database import db, transaction
from core.errors import NotAllowed
from core.personal import offered
from core.policy import SYSTEM, Actor
from enrollment.services import Nominee, Wish, apply, nominate
from people import services
from people.consent_texts import UNKNOWN_VERSION, VERSION, consent_text
from people.fields import PERSON
from people.fields import ROSTER as ROSTER_PLACE
from people.models import Consent, ConsentPurpose, ConsentWay, Person
from people.services import record_applicant
from roster.fields import EXPERT
from tests import factories
from tests.accounts.makers import actions, mails
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.enrollment import makers
from tests.enrollment.test_apply_pages import last_screen

ROSTER = ConsentPurpose.ROSTER
SignIn = Callable[[Actor], Browser]


def answers(app: Flask) -> list[tuple[str, bool, bool, str]]:
    """(purpose, given, counts, how) of every row, in order."""
    with app.app_context():
        rows = db.session.scalars(sa.select(Consent).order_by(Consent.id))
        return [(row.purpose.value, row.given, row.counts, row.how.value) for row in rows]


def link_of(letter: str) -> str:
    """The link in it that signs in."""
    return re.search(r"/sign-in/[\w-]+", letter)[0]


def holds(app: Flask, person_id: int | None) -> bool:
    with app.app_context():
        current = services.current_consent(person_id or 0, ROSTER)
        key = db.session.scalar(
            sa.select(Person.id).where(
                Person.id == person_id, services.has_consent(Person.id, ROSTER)
            )
        )
        assert (key is not None) == current, "the condition and the function agree"
        return current


def client(app: Flask, actor: Actor) -> ApiClient:
    with app.app_context():
        return ApiClient(app, makers.token_of(actor))


@pytest.fixture
def awa(app: Flask) -> Actor:
    with app.app_context():
        return factories.actor(given="Awa", family="Diop", email="awa@example.org")


# One's own answer


@pytest.mark.both_databases
def test_consent_is_given_and_withdrawn_by_program(app: Flask, awa: Actor) -> None:
    own = client(app, awa)
    roster, contact = own.get("/me/consents").json["items"]
    assert (roster["purpose"], roster["given"], contact["purpose"], contact["given"]) == (
        "roster",
        None,
        "contact",
        None,
    )
    response = own.post("/me/consents", {"purpose": "roster", "given": True})
    assert (
        response.status_code,
        response.json["given"],
        response.json["version"],
        response.json["how"],
    ) == (
        201,
        True,
        VERSION,
        "api",
    )
    assert holds(app, awa.person_id)
    own.post("/me/consents", {"purpose": "roster", "given": True})
    assert own.post("/me/consents", {"purpose": "roster", "given": False}).json["given"] is False
    assert not holds(app, awa.person_id)
    assert answers(app) == [("roster", True, True, "api"), ("roster", False, True, "api")], (
        "the same answer twice is one row"
    )
    own.post("/me/consents", {"purpose": "roster", "given": True})
    assert holds(app, awa.person_id) and len(answers(app)) == 3
    assert own.get("/me/consents").json["items"][1]["given"] is None
    assert [action for action in actions(app) if action.startswith("consent")] == [
        "consent.given",
        "consent.withdrawn",
        "consent.given",
    ]


def test_consent_is_given_and_withdrawn_with_one_click(
    app: Flask, sign_in: SignIn, awa: Actor
) -> None:
    browser = sign_in(awa)
    page = browser.get("/me").follow("Who may find and contact me")
    assert consent_text(ROSTER, "en").words in page.text and VERSION in page.text
    page = page.form("/me/consents", button="Yes, I agree – Roster").submit()
    assert (
        page.path == "/me/consents"
        and "Your answer is saved: yes" in page.text
        and holds(app, awa.person_id)
    )
    page = page.form("/me/consents", button="Withdraw my consent").submit()
    assert "Your answer is saved: no" in page.text and not holds(app, awa.person_id)
    assert "What you answered" in page.text and answers(app)[-1] == ("roster", False, True, "page")


def test_the_page_speaks_french_and_so_does_the_text(
    app: Flask, sign_in: SignIn, awa: Actor
) -> None:
    page = sign_in(awa).get("/me/consents?lang=fr")
    assert consent_text(ROSTER, "fr").words in page.text
    values = page.all("form", action="/me/consents")
    assert values
    page.browser.post(
        "/me/consents", {"csrf_token": page.browser.token(), "purpose": "roster", "given": "yes"}
    )
    with app.app_context():
        assert db.session.scalars(sa.select(Consent.language)).one() == "fr"


@pytest.mark.parametrize(
    "body",
    [
        {"purpose": "roster"},
        {"purpose": "all", "given": True},
        {"purpose": "roster", "given": "yes"},
    ],
)
def test_an_answer_is_said_and_not_guessed(app: Flask, awa: Actor, body: dict[str, Any]) -> None:
    assert client(app, awa).post("/me/consents", body).status_code == 422
    assert answers(app) == []


def test_a_form_without_an_answer_is_refused(app: Flask, sign_in: SignIn, awa: Actor) -> None:
    browser = sign_in(awa)
    assert (
        browser.post("/me/consents", {"csrf_token": browser.token(), "purpose": "roster"}).status
        == 422
    )
    sent = browser.post(
        "/me/consents",
        {
            "csrf_token": browser.token(),
            "purpose": "roster",
            "given": "no",
            "next": "//evil.example",
        },
    )
    assert sent.path == "/me/consents"


# Someone else's


def test_no_service_takes_an_answer_from_anyone_but_the_person(context: Flask, awa: Actor) -> None:
    for someone in (
        SYSTEM,
        Actor(),
        factories.actor(Role.ADMINISTRATOR),
        factories.actor(Role.ROSTER),
    ):
        with pytest.raises(NotAllowed) as refusal, transaction():
            own = db.session.get_one(Person, awa.person_id)
            services.give_consent(someone, own, ROSTER, True, how=ConsentWay.API)
        assert refusal.value.code == "consent_is_personal"


@pytest.mark.parametrize("answer", [True, False])
@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.NOMINATOR])
def test_whoever_enrols_another_person_cannot_answer_for_it(
    app: Flask, role: Role, answer: bool
) -> None:
    with app.app_context():
        code, body = makers.delivery().code, factories.organization().id
        someone = factories.actor(role, organization_id=body if role is Role.NOMINATOR else None)
    person = {
        "given_name": "Awa",
        "family_name": "Diop",
        "email": "awa@example.org",
        "country": "SN",
    }
    facts = {"person": person, "category": "civilian", "roster_consent": answer}
    refused = client(app, someone).post(f"/deliveries/{code}/enrollments", facts)
    assert (refused.status_code, refused.json["code"]) == (403, "consent_is_personal")
    assert answers(app) == []
    with app.app_context():
        assert (
            db.session.scalar(sa.select(Person.id).where(Person.email == "awa@example.org")) is None
        )
    del facts["roster_consent"]
    assert client(app, someone).post(f"/deliveries/{code}/enrollments", facts).status_code == 201


def test_a_person_who_enrols_by_program_answers_for_oneself(app: Flask, awa: Actor) -> None:
    with app.app_context():
        code = makers.delivery().code
    person = {
        "given_name": "Awa",
        "family_name": "Diop",
        "email": "awa@example.org",
        "country": "SN",
    }
    response = client(app, awa).post(
        f"/deliveries/{code}/enrollments",
        {"person": person, "category": "civilian", "roster_consent": True},
    )
    assert (response.status_code, response.json["roster_consent"]) == (201, True)
    assert answers(app) == [("roster", True, True, "api")]


# Applying


def test_who_applies_while_signed_in_answers_at_once_and_an_empty_box_is_no_answer(
    app: Flask, sign_in: SignIn, awa: Actor
) -> None:
    with app.app_context():
        first = makers.delivery().code
        second = makers.delivery(code="SECOND", course=makers.course(code="OTHER")).code

    def apply(code: str, **ticked: str) -> None:
        page = sign_in(awa).get(f"/deliveries/{code}/apply")
        for _ in range(3):
            form = page.form("/apply")
            if (
                "consent" in form.names
                and "roster_consent" in form.names
                and "Send application" in page.text
            ):
                break
            known = {"category": "police", "gender": "female"}
            page = form.submit(
                "Continue", **{name: value for name, value in known.items() if name in form.names}
            )
        assert consent_text(ROSTER, "en").words in page.text
        page.form("/apply").submit("Send application", consent="y", **ticked)

    apply(first, roster_consent="y")
    assert answers(app) == [("roster", True, True, "page")] and holds(app, awa.person_id)
    apply(second)
    assert len(answers(app)) == 1 and holds(app, awa.person_id)


def test_a_visitor_cannot_tick_for_the_owner_of_the_address_who_is_asked_behind_the_emailed_link(
    app: Flask, browser: Browser
) -> None:
    with app.app_context():
        code = makers.delivery().code
    form = last_screen(browser, code).form("/apply")
    assert "roster_consent" not in form.names
    sent = form.values
    sent.update({"consent": "y", "roster_consent": "y", "step": "4"})
    browser.post(form.action, sent)
    page = Browser(app).get(link_of(mails(app)[-1][2])).form(button="Confirm application").submit()
    assert answers(app) == [] and "May roster staff find you?" in page.text
    page = page.form("/me/consents", button="No").submit()
    assert page.path.startswith("/enrollments/") and answers(app) == [
        ("roster", False, True, "link")
    ]


def test_no_service_takes_a_visitors_answer_for_the_owner_of_an_address(context: Flask) -> None:
    into = makers.delivery()
    with pytest.raises(NotAllowed) as refusal, transaction():
        who = record_applicant(
            Actor(), given_name="Awa", family_name="Diop", email="awa@example.org", country="SN"
        )
        apply(Actor(), into.id, who, Wish("civilian", roster_consent=True))
    assert refusal.value.code == "consent_is_personal"


# People put forward by others


def nominated(
    email: str = "officer@example.org", nominator: str | None = None, **delivery: Any
) -> None:
    body = factories.organization()
    sender = factories.actor(
        Role.NOMINATOR,
        organization_id=body.id,
        given="Louis",
        family="Tremblay",
        email=nominator or "louis@example.org",
    )
    into = makers.delivery(**delivery)
    with transaction():
        nominate(
            sender,
            into.id,
            body,
            [Nominee("police", given_name="Kofi", family_name="Mensah", email=email, country="GH")],
        )


def test_nominated_people_are_told_what_is_kept_and_answer_with_one_click(app: Flask) -> None:
    with app.app_context():
        nominated()
    [(address, _kind, letter)] = mails(app)
    assert address == "officer@example.org"
    for words in (
        "Ministry of Foreign Affairs has nominated you",
        "What we keep",
        "as Ministry of Foreign Affairs sent them",
        "service or staff number and its issuer",
        "date of birth",
        "gender",
        "nationality",
        "employer",
        "as long as",
        "/privacy",
        "No one else has answered this for you",
        "yes or no",
    ):
        assert words in letter, words
    page = Browser(app).get(link_of(letter)).form(button="Sign in").submit()
    assert "May roster staff find you?" in page.text and answers(app) == []
    page = page.form("/me/consents", button="Yes, I agree").submit()
    assert answers(app) == [("roster", True, True, "link")]


@pytest.mark.parametrize("is_nominators", [True, False])
def test_a_yes_through_a_mailbox_of_others_is_kept_and_does_not_count(
    app: Flask, is_nominators: bool
) -> None:
    """An account of the nominating body has the address, or two officers share it."""
    with app.app_context():
        if not is_nominators:
            factories.person("Ama", "Owusu", email="box@example.org")
        nominated("box@example.org", nominator="box@example.org" if is_nominators else None)
        key = db.session.scalars(sa.select(Person.id).where(Person.given_name == "Kofi")).one()
    letter = mails(app)[-1][2]
    page = Browser(app).get(link_of(letter)).form(button="Sign in").submit()
    page = page.form("/me/consents", button="Yes, I agree").submit()
    assert "does not count yet" in page.text and "on paper" in page.text
    assert answers(app) == [("roster", True, False, "link")] and not holds(app, key)
    page = page.browser.get("/me/consents")
    assert "Yes, to be confirmed" in page.text
    with app.app_context(), transaction():
        services.change_person(
            Actor(person_id=key), db.session.get_one(Person, key), email="kofi@example.org"
        )
    with app.app_context():
        own = client(app, Actor(person_id=key))
    assert own.post("/me/consents", {"purpose": "roster", "given": True}).json["given"] is True
    assert holds(app, key)


def test_a_yes_through_a_bodys_contact_address_is_kept_and_does_not_count(app: Flask) -> None:
    """No account has the address; whoever reads the body's letters could answer for the officers
    whom it nominates."""
    with app.app_context():
        body = factories.organization()
        with transaction():
            services.put_organization(SYSTEM, body.code, contact_email="Training@Example.org")
        nominated("training@example.org")
        key = db.session.scalars(sa.select(Person.id).where(Person.given_name == "Kofi")).one()
    page = Browser(app).get(link_of(mails(app)[-1][2])).form(button="Sign in").submit()
    page = page.form("/me/consents", button="Yes, I agree").submit()
    assert "does not count yet" in page.text
    assert answers(app) == [("roster", True, False, "link")] and not holds(app, key)


@pytest.mark.parametrize("answer", [True, False])
def test_who_is_nominated_again_is_asked_until_an_answer_counts(app: Flask, answer: bool) -> None:
    """A yes through a shared mailbox is kept and does not count; a no through it does."""
    with app.app_context():
        factories.person("Ama", "Owusu", email="box@example.org")
        nominated("box@example.org")
    page = Browser(app).get(link_of(mails(app)[-1][2])).form(button="Sign in").submit()
    page.form("/me/consents", button="Yes, I agree" if answer else "No").submit()
    with app.app_context():
        nominated("box@example.org", nominator="louise@example.org", code="AGAIN")
    assert ("No one else has answered this for you" in mails(app)[-1][2]) is answer


def test_a_no_through_a_shared_mailbox_counts(app: Flask) -> None:
    with app.app_context():
        who = factories.person("Kofi", "Mensah", email="box@example.org")
        factories.person("Awa", "Diop", email="box@example.org")
        key = who.id
    own = client(app, Actor(person_id=key))
    own.post("/me/consents", {"purpose": "roster", "given": False})
    assert answers(app) == [("roster", False, True, "api")]


# On paper

PAPER = {"reference": "HR-2026/114", "signed_on": "2026-11-20", "document": "Form 3, signed"}
AWA = {"given_name": "Awa", "family_name": "Diop", "email": "awa@example.org"}


@pytest.mark.both_databases
@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ROSTER])
def test_consent_on_paper_is_recorded_and_told_to_the_person(
    app: Flask, awa: Actor, role: Role
) -> None:
    with app.app_context():
        staff = factories.actor(role)
    response = client(app, staff).post("/people/consent-on-paper", {"person": AWA, **PAPER})
    assert (response.status_code, response.json["how"], response.json["person_id"]) == (
        200,
        "paper",
        awa.person_id,
    )
    assert holds(app, awa.person_id) and answers(app) == [("roster", True, True, "paper")]
    address, kind, letter = mails(app)[-1]
    assert (address, kind) == ("awa@example.org", "consent_on_paper")
    assert (
        "HR-2026/114" in letter
        and "withdraw it here" in letter
        and consent_text(ROSTER, "en").words in letter
    )
    assert (
        client(app, awa).post("/me/consents", {"purpose": "roster", "given": False}).status_code
        == 201
    )
    late = client(app, staff).post("/people/consent-on-paper", {"person": AWA, **PAPER})
    changing = {"at": ""}
    assert (late.status_code, late.json | changing) == (200, response.json | changing), (
        "the one who records it is told nothing"
    )
    assert answers(app)[-1] == ("roster", True, False, "paper") and not holds(app, awa.person_id), (
        "and it undoes nothing"
    )
    assert "you said no afterwards" in mails(app)[-1][2]


def test_who_signed_before_the_text_was_written_agreed_to_words_that_are_not_known(
    app: Flask, awa: Actor
) -> None:
    with app.app_context():
        staff = factories.actor(Role.COORDINATOR)
    client(app, staff).post(
        "/people/consent-on-paper", {"person": AWA, **PAPER, "signed_on": "2026-10-31"}
    )
    with app.app_context():
        assert db.session.scalars(sa.select(Consent.text_version)).one() == UNKNOWN_VERSION
    assert consent_text(ROSTER, "en").words not in mails(app)[-1][2]
    client(app, staff).post(
        "/people/consent-on-paper", {"person": AWA, **PAPER, "signed_on": "2026-11-01"}
    )
    with app.app_context():
        assert VERSION in db.session.scalars(sa.select(Consent.text_version)).all()


#: Plain fields that roster staff read → what the consent calls them, in English and French.
PLAIN = {"passport_expires_on": ("my passport is valid", "expiration de mon passeport")}


def test_the_consent_names_all_that_roster_staff_see() -> None:
    shown = (*offered(PERSON, ROSTER_PLACE), *offered(EXPERT, ROSTER_PLACE))
    assert {field.name for field in shown} == set(PLAIN), "name it in people/consent_texts.py too"
    english, french = (consent_text(ROSTER, code).words for code in ("en", "fr"))
    for word, mot in (
        ("number", "matricule"),
        ("email", "courriel"),
        ("gender", "genre"),
        ("sub-category", "sous-catégorie"),
        *PLAIN.values(),
        ("nationality", "nationalité"),
        ("rank", "grade"),
        ("organization", "organisation"),
        ("expertise", "spécialité"),
    ):
        assert word in english and mot in french, word


def test_a_coordinator_who_is_asked_who_signed_answers_by_program_and_page(
    app: Flask, awa: Actor, sign_in: SignIn
) -> None:
    with app.app_context():
        staff = factories.actor(Role.COORDINATOR)
    body = {"person": AWA | {"given_name": "Kofi", "family_name": "Mensah"}, **PAPER}
    refused = client(app, staff).post("/people/consent-on-paper", body)
    assert (refused.status_code, refused.json["code"]) == (409, "identity_in_doubt")
    response = client(app, staff).post("/people/consent-on-paper", body | {"identity": "new"})
    assert response.status_code == 200 and response.json["person_id"] != awa.person_id
    form = sign_in(staff).get("/people/consent-on-paper").form(button="Record the consent")
    page = form.submit(
        given_name="Ama",
        family_name="Owusu",
        email="awa@example.org",
        purpose="roster",
        reference="R",
        signed_on="2026-11-20",
        document="F",
    )
    assert "Same person?" in page.text
    page = page.form(button="Record the consent").submit(who=str(awa.person_id))
    assert "is recorded" in page.text and holds(app, awa.person_id)


def test_consent_on_paper_by_page(app: Flask, sign_in: SignIn) -> None:
    with app.app_context():
        browser = sign_in(factories.actor(Role.ROSTER))
    page = browser.get("/roster/new").follow("Record a consent on paper")
    assert "Roster staff may find the person: Roster staff may find me: my name" in page.text
    assert "“" not in page.text, "the text has quotation marks of its own in some languages"
    assert "do not match exactly, a new record is created" in page.text
    form = page.form(button="Record the consent")
    assert "purpose" not in form.values, "whoever records it reads the paper first"
    signed = {
        "given_name": "Ali",
        "family_name": "Ouédraogo",
        "identifier": "BF-7",
        "signed_on": "2026-11-20",
    }
    refused = form.submit(**signed, reference="R 1", document="Form 3")
    assert refused.status == 422 and answers(app) == []
    refused = form.submit(given_name="Ali", purpose="roster", reference="R 1", document="Form 3")
    assert refused.status == 422 and any(
        "service or staff number or an email" in error for error in refused.errors
    )
    page = form.submit(
        given_name="Ali",
        family_name="Ouédraogo",
        identifier="BF-7",
        country="BF",
        purpose="roster",
        reference="R 1",
        signed_on="2026-11-20",
        document="Form 3",
    )
    assert "is recorded" in page.text and answers(app) == [("roster", True, True, "paper")]
    assert mails(app) == [], "there is no address to write to"
    form.submit(**signed, purpose="roster", reference="R 1", document="x")
    assert len(answers(app)) == 1, "the same form sent twice records once"


@pytest.mark.parametrize("missing", ["reference", "document"])
def test_consent_on_paper_needs_its_reference_document_and_a_day_that_is_past(
    app: Flask, missing: str
) -> None:
    with app.app_context():
        staff = client(app, factories.actor(Role.COORDINATOR))
    assert (
        staff.post("/people/consent-on-paper", {"person": AWA, **PAPER, missing: " "}).status_code
        == 422
    )
    assert (
        staff.post(
            "/people/consent-on-paper", {"person": AWA, **PAPER, "signed_on": "2027-01-01"}
        ).status_code
        == 422
    )
    assert (
        staff.post(
            "/people/consent-on-paper", {"person": AWA | {"email": None}, **PAPER}
        ).status_code
        == 422
    )
    assert answers(app) == []


def test_consent_signed_today_in_apia_is_recorded_while_it_is_yesterday_in_utc(
    app: Flask, awa: Actor
) -> None:
    with app.app_context():
        staff = client(app, factories.actor(Role.COORDINATOR))
    clock.travel(app, datetime(2026, 11, 23, 19, tzinfo=UTC))
    assert (
        staff.post(
            "/people/consent-on-paper", {"person": AWA, **PAPER, "signed_on": "2026-11-24"}
        ).status_code
        == 200
    )
    assert holds(app, awa.person_id)
    assert (
        staff.post(
            "/people/consent-on-paper", {"person": AWA, **PAPER, "signed_on": "2026-11-25"}
        ).status_code
        == 422
    )
    client(app, awa).post("/me/consents", {"purpose": "roster", "given": False})
    staff.post("/people/consent-on-paper", {"person": AWA, **PAPER, "signed_on": "2026-11-24"})
    assert not holds(app, awa.person_id), "where it was signed, the no was said on the same day"


def test_nobody_records_what_they_signed_themselves_and_others_record_nothing(
    app: Flask, awa: Actor
) -> None:
    with app.app_context():
        staff = factories.actor(
            Role.COORDINATOR, given="Nadia", family="Benali", email="nadia@example.org"
        )
    own = {"given_name": "Nadia", "family_name": "Benali", "email": "nadia@example.org"}
    refused = client(app, staff).post("/people/consent-on-paper", {"person": own, **PAPER})
    assert (refused.status_code, refused.json["code"]) == (403, "own_paper")
    assert (
        client(app, awa).post("/people/consent-on-paper", {"person": AWA, **PAPER}).status_code
        == 403
    )
    assert answers(app) == []


def test_the_words_of_a_version_never_change() -> None:
    """They are evidence of what people agreed to: another word needs another version."""
    words = [
        consent_text(purpose, code).words
        for purpose in sorted(ConsentPurpose)
        for code in ("en", "fr")
    ]
    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
    assert (VERSION, digest) == ("2026-11", "28a28f29cd1ef023")


# Asking those who were never asked


def test_the_command_writes_once_to_people_with_a_profile_who_were_not_asked(app: Flask) -> None:
    from tests.roster import makers as roster

    with app.app_context():
        certificate = roster.certified(
            factories.person("Ada", "Obi", email="ada@example.org"), agrees=None
        )
        roster.expert("Kofi")
        roster.certified(factories.person("Zoe", "Roy", email=None), agrees=None)
        factories.person("Nobody", "Here")
        holder = certificate.person_id
    before = len(mails(app))
    runner = app.test_cli_runner()
    assert "1 people asked" in runner.invoke(args=["people", "ask"]).output
    [(address, kind, letter)] = mails(app)[before:]
    assert (address, kind) == (
        "ada@example.org",
        "consent_asked",
    ) and "Unless you answer yes" in letter
    assert "0 people asked" in runner.invoke(args=["people", "ask"]).output
    with app.app_context():
        assert audit.has("consent.asked", f"person:{holder}")
    assert not holds(app, holder)
