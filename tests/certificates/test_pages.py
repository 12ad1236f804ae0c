"""Certificates on pages: issuing with names checked, progress, the register, files, revoking,
correcting. Without JavaScript."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from certificates import rendering, services
from certificates.models import Certificate
from certificates.rendering import RenderingFailed
from core.database import db, transaction
from core.jobs import Job, drain
from core.policy import SYSTEM, Actor
from tests import factories
from tests.browsing import Browser, Page
from tests.certificates import makers


class FinishedDelivery:
    """What a test finds in the database: codes, numbers and ids, readable outside of any
    context."""

    def __init__(
        self,
        app: Flask,
        people: int | Sequence[str] = 2,
        *,
        issued: bool = False,
        not_completed: int = 0,
        organization: str | None = None,
    ):
        self.app = app
        with app.app_context():
            nominator = factories.organization(organization) if organization else None
            delivery = makers.finished_delivery(
                people, not_completed=not_completed, organization=nominator
            )
            self.code = delivery.code
            self.enrollments = [enrollment.id for enrollment in makers.enrollments(delivery)]
            self.coordinator = makers.coordinator()
            self.numbers, self.tokens, self.holders = [], [], []
            if issued:
                for certificate in makers.issued(delivery):
                    self.numbers.append(certificate.number)
                    self.tokens.append(certificate.token)
                    self.holders.append(makers.holder(certificate))
            self.page = f"/deliveries/{self.code}/certificates"


def work(app: Flask) -> None:
    with app.app_context():
        drain()


def count(app: Flask, model: Any = Certificate) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


# Issuing


def test_the_whole_way_from_the_list_to_the_file(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, 3, not_completed=1)
    page = sign_in(finished.coordinator).get(finished.page)
    assert "3 people completed" in page.text and "Issue 3 certificates" in page.text
    assert "Jo Short" in page.text and "720 of 1,080 minutes" in page.text
    progress = page.form(button="Issue 3").submit()
    assert progress.path.startswith("/jobs/") and "0 of 3" in progress.text
    assert progress.link("Check progress").startswith("/jobs/") or True
    work(app)
    done = progress.browser.get(progress.path)
    assert "3 certificates issued" in done.text
    archive = done.follow("Download all (ZIP)").response
    with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
        assert len(opened.namelist()) == 3 and opened.testzip() is None
        assert all(opened.read(name).startswith(b"%PDF-") for name in opened.namelist())
    again = done.follow("Certificates of this delivery")
    assert "3 people have a certificate" in again.text and "Issue" not in [
        t for f in again.forms for t, _ in f.buttons
    ]


def test_a_corrected_name_is_kept_and_printed(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, ["Zoe Lefevre"])
    page = sign_in(finished.coordinator).get(finished.page)
    page.form(button="Issue").submit(**{f"name-{finished.enrollments[0]}": "Zoë Lefèvre"})
    work(app)
    with app.app_context():
        assert db.session.scalars(sa.select(Certificate.holder_name)).one() == "Zoë Lefèvre"


def test_a_name_that_cannot_be_printed_is_flagged_and_left_out(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, ["Zoë Lefèvre", "Ana 🕊 Petrović"])
    page = sign_in(finished.coordinator).get(finished.page)
    assert "U+1F54A “🕊”" in page.text and "Issue 1 certificate" in page.text
    page.form(button="Issue").submit()
    work(app)
    with app.app_context():
        assert db.session.scalars(sa.select(Certificate.holder_name)).all() == ["Zoë Lefèvre"]


def test_a_ticked_name_that_cannot_be_printed_refuses_all_and_keeps_what_was_typed(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, ["Zoë Lefèvre", "Ana 🕊 Petrović"])
    first, second = finished.enrollments
    page = sign_in(finished.coordinator).get(finished.page)
    refused = page.form(button="Issue").submit(
        enrollments=[first, second], **{f"name-{first}": "Zoë Typed Anew"}
    )
    assert refused.status == 422 and any(
        "U+1F54A" in error for error in refused.errors or [refused.text]
    )
    values = refused.form(button="Issue").values
    assert values[f"name-{first}"] == "Zoë Typed Anew" and set(values.getlist("enrollments")) == {
        str(first),
        str(second),
    }
    work(app)
    assert count(app) == 0 and count(app, Job) == 0, "refused before anything was issued"
    with app.app_context():
        assert db.session.get_one(makers.Enrollment, first).name_on_certificate == "Zoë Lefèvre", (
            "nothing half saved"
        )


def test_nobody_ticked(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, 1)
    refused = (
        sign_in(finished.coordinator).get(finished.page).form(button="Issue").submit(enrollments=[])
    )
    assert refused.status == 422 and "Choose at least one person" in refused.text


def test_the_button_pressed_twice_issues_once(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, 2)
    browser = sign_in(finished.coordinator)
    page = browser.get(finished.page)
    first, second = page.form(button="Issue").submit(), page.form(button="Issue").submit()
    other_window = browser.get(finished.page)
    third = other_window.form(button="Issue").submit()
    assert first.path == second.path == third.path
    work(app)
    assert count(app) == 2 and count(app, Job) - count_mail_jobs(app) == 1


def count_mail_jobs(app: Flask) -> int:
    with app.app_context():
        return (
            db.session.scalar(sa.select(sa.func.count(Job.id)).where(Job.kind != services.JOB_KIND))
            or 0
        )


def test_an_enrollment_of_another_delivery_is_refused(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished, other = FinishedDelivery(app, 1), FinishedDelivery(app, 1)
    browser = sign_in(finished.coordinator)
    values = browser.get(finished.page).form(button="Issue").values
    values.setlist("enrollments", [str(other.enrollments[0])])
    assert browser.post(finished.page, values).status == 422
    assert count(app, Job) == 0


def test_a_delivery_that_is_not_finished_leads_to_finishing(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    with app.app_context():
        code, coordinator = makers.courses.delivery().code, makers.coordinator()
    page = sign_in(coordinator).get(f"/deliveries/{code}/certificates")
    assert "not finished yet" in page.text and page.link("Finish the delivery")


def tabs(page: Page) -> list[tuple[str, bool]]:
    """The words of each tab, and whether it is the page's own."""
    links = page.tree.findall(".//nav[@class='tabs']//a")
    return [
        ("".join(link.itertext()).strip(), link.get("aria-current") == "page") for link in links
    ]


def test_one_row_of_tabs_leads_through_a_finished_delivery(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, 1)
    page = sign_in(finished.coordinator).get(finished.page)
    names = ["Selection", "Attendance", "Scores", "Needs", "Results", "Certificates"]
    for shown in (page, page.form(button="Issue").submit()):
        assert tabs(shown) == [(name, name == "Certificates") for name in names]
    assert tabs(page.follow("Results")) == [(name, name == "Results") for name in names]


def test_before_it_is_finished_no_tab_leads_to_certificates(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    with app.app_context():
        code, coordinator = makers.courses.delivery().code, makers.coordinator()
    shown = [name for name, _ in tabs(sign_in(coordinator).get(f"/deliveries/{code}/finish"))]
    assert shown == ["Selection", "Attendance", "Scores", "Needs", "Finish"]


def test_the_preview_is_a_specimen(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, 1)
    answer = (
        sign_in(finished.coordinator)
        .get(f"{finished.page}/{finished.enrollments[0]}/preview.pdf")
        .response
    )
    assert answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF-")
    assert count(app) == 0
    foreign = FinishedDelivery(app, 1)
    assert (
        sign_in(finished.coordinator)
        .get(f"{finished.page}/{foreign.enrollments[0]}/preview.pdf")
        .status
        == 404
    )


def test_a_name_that_cannot_be_printed_has_no_preview(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, [" ", "Zoë " + "x" * 100])
    browser = sign_in(finished.coordinator)
    for enrollment, says in zip(
        finished.enrollments, ("of No Name is missing", "has 104 characters"), strict=True
    ):
        refused = browser.get(f"{finished.page}/{enrollment}/preview.pdf")
        assert refused.status == 422 and says in refused.text


def test_the_field_takes_as_many_characters_as_are_printed(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, ["Zoë", "Zoë " + "x" * 100])
    page = sign_in(finished.coordinator).get(finished.page)
    assert page.html.count('maxlength="100"') == 2 and 'maxlength="120"' not in page.html
    assert page.form(button="Issue 1").submit().path.startswith("/jobs/"), (
        "who is left out does not stop the others"
    )


def test_only_coordinators_issue(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, 1)
    with app.app_context():
        trainer, participant = factories.actor("trainer"), factories.actor("participant")
    for actor in (trainer, participant):
        assert sign_in(actor).get(finished.page).status == 403
    assert Browser(app).get(finished.page, follow=False).status == 303


# Progress


def test_what_failed_is_listed_with_its_reason_and_retried_alone(
    app: Flask, sign_in: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = FinishedDelivery(app, ["Zoë One", "Zoë Two"])
    progress = sign_in(finished.coordinator).get(finished.page).form(button="Issue").submit()
    render = rendering.Renderer.render

    def failing(self: Any, payload: Any, **options: Any) -> bytes:
        if payload["holder_name"] == "Zoë Two":
            raise RenderingFailed("The press stopped.")
        return render(self, payload, **options)

    monkeypatch.setattr(rendering.Renderer, "render", failing)
    work(app)
    monkeypatch.setattr(rendering.Renderer, "render", render)
    page = progress.browser.get(progress.path)
    assert (
        "1 certificate issued" in page.text
        and "1 could not be made" in page.text
        and "Zoë Two" in page.text
    )
    again = page.form(button="Retry failed").submit()
    assert again.path != progress.path and "0 of 1" in again.text
    work(app)
    assert "1 certificate issued" in again.browser.get(again.path).text
    assert count(app) == 2


def test_progress_as_json_for_the_script(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, 2)
    progress = sign_in(finished.coordinator).get(finished.page).form(button="Issue").submit()
    work(app)
    answer = progress.browser.get(progress.path, Accept="application/json").response
    assert answer.json == {
        "id": answer.json["id"],
        "status": "succeeded",
        "done": 2,
        "total": 2,
        "errors": [],
    }


def test_somebody_elses_job_is_not_there(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, 1)
    progress = sign_in(finished.coordinator).get(finished.page).form(button="Issue").submit()
    with app.app_context():
        stranger = factories.actor("trainer")
    assert sign_in(stranger).get(progress.path).status == 404
    assert sign_in(stranger).get("/jobs/9999").status == 404


# Register, certificate, files


def test_the_register_finds_by_number_holder_and_delivery(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished, other = (
        FinishedDelivery(app, ["Zoë Lefèvre"], issued=True),
        FinishedDelivery(app, ["Ana Petrović"], issued=True),
    )
    browser = sign_in(finished.coordinator)
    page = browser.get("/certificates")
    assert page.text.index("Ana Petrović") < page.text.index("Zoë Lefèvre"), "the newest first"
    assert "Last entered in the register first" in page.text
    for words in (
        finished.numbers[0],
        finished.numbers[0].lower().replace("-", " "),
        "lefèvre",
        finished.code.lower(),
    ):
        results = page.form(button="Show results").submit(q=words)
        assert "Zoë Lefèvre" in results.text and "Ana Petrović" not in results.text, words
    assert "No certificate matches" in page.form(button="Show results").submit(q="nobody").text
    assert (
        "No certificate matches" in page.form(button="Show results").submit(status="revoked").text
    )
    assert other.numbers[0] in page.form(button="Show results").submit(status="valid").text


def test_the_register_as_a_file_shows_what_the_page_shows(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, ["Zoë Lefèvre", "+HYPERLINK Name"], issued=True)
    page = sign_in(finished.coordinator).get("/certificates?q=RST")
    text = page.follow("Download this list (CSV)").response.get_data(as_text=True)
    assert finished.numbers[0] in text and "Zoë Lefèvre" in text and "'+HYPERLINK Name" in text


def test_the_register_pages_without_a_gap(
    app: Flask, sign_in: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    from certificates.views import register

    monkeypatch.setattr(register, "PER_PAGE", 2)
    finished = FinishedDelivery(app, 5, issued=True)
    page, seen = sign_in(finished.coordinator).get("/certificates"), []
    for _ in range(3):
        seen += [number for number in finished.numbers if number in page.text]
        if page.tree.find(".//a[@rel='next']") is not None:
            page = page.follow("Next page")
    assert sorted(seen) == sorted(finished.numbers)


def test_each_sees_only_what_concerns_them(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished, other = (
        FinishedDelivery(app, 1, issued=True, organization="CA-MFA"),
        FinishedDelivery(app, 1, issued=True),
    )
    with app.app_context():
        organization = factories.organization("CA-MFA")
        nominator = factories.actor("nominator", organization_id=organization.id)
        stranger = factories.actor(
            "nominator", organization_id=factories.organization("XX-OTHER").id
        )
        trainer = factories.actor("trainer")
    address, pdf = (
        f"/certificates/{finished.numbers[0]}",
        f"/certificates/{finished.numbers[0]}.pdf",
    )
    for actor in (finished.coordinator, nominator, finished.holders[0]):
        browser = sign_in(actor)
        assert browser.get(address).status == 200
        assert browser.get(pdf).response.data.startswith(b"%PDF-")
    for actor in (stranger, trainer, other.holders[0]):
        browser = sign_in(actor)
        assert browser.get(address).status == browser.get(pdf).status == 404
        assert browser.get("/certificates/RST-2026-999999-A").status == 404
        assert finished.numbers[0] not in browser.get("/certificates").text
    assert sign_in(finished.holders[0]).get(f"{finished.page}.zip").status == 200, (
        "of a delivery, each gets what they may see"
    )
    assert sign_in(other.holders[0]).get(f"{finished.page}.zip").status == 404


def test_the_file_has_a_name_for_every_system(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, ["李小龍"], issued=True)
    answer = sign_in(finished.holders[0]).get(f"/certificates/{finished.numbers[0]}.pdf").response
    assert (
        answer.headers["Content-Disposition"] == f"attachment; filename={finished.numbers[0]}.pdf"
    )
    assert answer.headers["Cache-Control"] == "no-store"


def test_before_the_file_is_made_and_when_it_is_damaged(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    from core import storage

    finished = FinishedDelivery(app, 1)
    with app.app_context(), transaction():
        number = services.issue(
            SYSTEM, db.session.get_one(makers.Enrollment, finished.enrollments[0])
        ).number
    browser = sign_in(finished.coordinator)
    assert browser.get(f"/certificates/{number}.pdf").status == 404
    page = browser.get(f"/certificates/{number}")
    assert "being made" in page.text
    page.form(button="Make the file again").submit()
    work(app)
    assert browser.get(f"/certificates/{number}.pdf").status == 200
    with app.app_context():
        storage.put(db.session.scalars(sa.select(Certificate.file_key)).one(), b"%PDF-1.7 forged")
    forged = browser.get(f"/certificates/{number}.pdf")
    assert forged.status == 200 and b"forged" not in forged.response.data, (
        "a changed file is never handed out"
    )


def test_my_certificates(app: Flask, sign_in: Callable[..., Browser]) -> None:
    finished = FinishedDelivery(app, 2, issued=True)
    page = sign_in(finished.holders[0]).get("/me/certificates")
    assert finished.numbers[0] in page.text and finished.numbers[1] not in page.text
    assert page.link("Check").endswith(f"/verify/{finished.tokens[0]}")
    with app.app_context():
        newcomer = factories.actor("participant")
    assert "no certificate yet" in sign_in(newcomer).get("/me/certificates").text


# On the page of the enrollment


def enrollment_page(
    finished: FinishedDelivery, sign_in: Callable[..., Browser], actor: Actor | None = None
) -> Page:
    return sign_in(actor or finished.holders[0]).get(f"/enrollments/{finished.enrollments[0]}")


def test_the_enrollment_says_that_no_certificate_is_there_yet(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, 1)
    with app.app_context():
        own = makers.holder(db.session.get_one(makers.Enrollment, finished.enrollments[0]))
    assert (
        "Your certificate has not been issued yet" in enrollment_page(finished, sign_in, own).text
    )
    assert (
        "No certificate has been issued yet"
        in enrollment_page(finished, sign_in, finished.coordinator).text
    )


def test_the_enrollment_leads_to_the_certificate_once_it_is_issued(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    page = enrollment_page(finished, sign_in)
    assert "has not been issued" not in page.text and "follows by email" not in page.text
    assert page.link(finished.numbers[0]).endswith(f"/certificates/{finished.numbers[0]}")
    assert page.follow("Download the certificate (PDF)").response.data.startswith(b"%PDF-")
    assert page.link("See what anyone who checks it is shown").endswith(
        f"/verify/{finished.tokens[0]}"
    )


def test_the_enrollment_says_that_its_certificate_was_revoked(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    with app.app_context(), transaction():
        certificate = db.session.scalars(sa.select(Certificate)).one()
        services.revoke(
            SYSTEM, certificate, reason_code="recognition_withdrawn", note="Sat by another person"
        )
    page = enrollment_page(finished, sign_in)
    assert "It was revoked on 23 November 2026 and is not valid any more." in page.text
    assert "ask the training centre" in page.text and "Sat by another" not in page.text
    staff = enrollment_page(finished, sign_in, finished.coordinator)
    assert "It was revoked" in staff.text and "ask the training centre" not in staff.text


def test_the_enrollment_shows_the_certificate_that_holds_now_and_the_one_it_replaces(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    with app.app_context():
        with transaction():
            certificate = db.session.scalars(sa.select(Certificate)).one()
            number = services.reissue(
                SYSTEM, certificate, reason="The family name was misspelt"
            ).number
        drain()
    page = enrollment_page(finished, sign_in)
    assert (
        page.text.index(number)
        < page.text.index("It replaces an earlier one")
        < page.text.index(finished.numbers[0])
    )
    assert page.link("Download the certificate (PDF)").endswith(f"{number}.pdf")


# Revoking and correcting


def test_revoking_asks_why_and_shows_it_to_staff_only(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    page = (
        sign_in(finished.coordinator).get(f"/certificates/{finished.numbers[0]}").follow("Revoke")
    )
    refused = page.form(button="Revoke the certificate").submit(note="Cheated in the test")
    assert (
        refused.status == 422
        and "Choose why" in refused.text
        and "Cheated in the test" in refused.html
    )
    done = refused.form(button="Revoke the certificate").submit(reason_code="recognition_withdrawn")
    assert (
        "The certificate is revoked" in done.text
        and "Recognition withdrawn" in done.text
        and "Cheated in the test" in done.text
    )
    assert not [t for f in done.forms for t, _ in f.buttons if "Revoke" in t]
    own = sign_in(finished.holders[0]).get(f"/certificates/{finished.numbers[0]}")
    assert (
        "Revoked" in own.text
        and "Recognition withdrawn" not in own.text
        and "Cheated" not in own.text
    )
    late = page.form(button="Revoke the certificate").submit(
        reason_code="issued_in_error", note="Again"
    )
    assert "Recognition withdrawn" in late.text or late.status == 422, (
        "the same form sent again changes nothing"
    )


def test_correcting_leads_from_the_old_to_the_new(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, ["Zoe Lefevre"], issued=True)
    page = (
        sign_in(finished.coordinator).get(f"/certificates/{finished.numbers[0]}").follow("Reissue")
    )
    form = page.form(button="Reissue")
    refused = form.submit(name_on_certificate="Zoë 🕊", reason="Accents")
    assert refused.status == 422 and "U+1F54A" in refused.errors[0]
    done = refused.form(button="Reissue").submit(name_on_certificate="Zoë Lefèvre")
    assert "The corrected certificate is issued" in done.text and "Zoë Lefèvre" in done.text
    assert form.submit(name_on_certificate="Zoë Lefèvre", reason="Accents").path == done.path, (
        "sent twice, made once"
    )
    old = done.follow(finished.numbers[0])
    assert "Replaced" in old.text and "Zoe Lefevre" in old.text
    assert count(app) == 2
    work(app)
    assert "Download the certificate" in old.browser.get(done.path).text


@pytest.mark.parametrize("path", ["revoke", "reissue"])
def test_ending_is_for_coordinators(app: Flask, sign_in: Callable[..., Browser], path: str) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    assert (
        sign_in(finished.holders[0]).get(f"/certificates/{finished.numbers[0]}/{path}").status
        == 403
    )
    assert (
        sign_in(finished.coordinator).get(f"/certificates/RST-2026-000009-X/{path}").status == 404
    )


def test_the_pages_in_french(app: Flask) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    browser = Browser(app, language="fr")
    factories.sign_in(browser, finished.coordinator)
    for address in (
        "/certificates",
        finished.page,
        f"/certificates/{finished.numbers[0]}",
        "/me/certificates",
    ):
        assert browser.get(f"{address}?lang=fr").tree.get("lang") == "fr"


def test_the_issue_page_takes_a_fixed_number_of_queries(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    few, many = FinishedDelivery(app, 2), FinishedDelivery(app, 12)
    assert queries_of(app, sign_in(few.coordinator), few.page) == queries_of(
        app, sign_in(many.coordinator), many.page
    )


def queries_of(app: Flask, browser: Browser, address: str) -> int:
    seen: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *others: Any) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        assert browser.get(address).status == 200
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    return len(seen)
