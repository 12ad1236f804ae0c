"""Issuing the certificates of a delivery: who can get one, the names as they will be printed, and
the progress of the job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _

from certificates import files, queries, services
from certificates.forms import IssueForm, issue_form
from certificates.queries import Candidate
from certificates.reviews import reviews_of
from certificates.services.names import field_of
from certificates.views.blueprint import pages
from core import exports
from core.api import job_answer
from core.database import transaction
from core.forms import parse_int, refusals_on
from core.jobs import Job, JobState
from core.paging import Numbered, numbered, numbers_of
from core.refusals import tells_all, wants_json
from core.web import current_actor, remember_answer, requires, see_other, signed_in, submitted_once
from courses.models import Delivery, DeliveryStatus
from courses.queries import get_delivery, get_delivery_for
from people.permissions import Permission as P


@pages.route("/deliveries/<code>/certificates", methods=["GET", "POST"])
@requires(P.CERTIFICATE_ISSUE)
@tells_all
@submitted_once
def issue_page(code: str) -> Any:
    """Lists who can get a certificate and who cannot, with the reasons, and issues them."""
    page = _read(code)
    form = _form(page.people)
    if form.validate_on_submit():
        with refusals_on(form), transaction():
            address = _issue(form, page.delivery.id)
            remember_answer(address)
            return see_other(address)
        page = _read(code)  # what was read before ended with the refused transaction
    return render_template("certificates/issue.html", form=form, **_shown(page, form)), form.status


@dataclass(frozen=True)
class IssuePage:
    """The delivery, the ids of its enrollments by what can be issued to them, the page of those
    lists that the address names, and the people on that page."""

    delivery: Delivery
    lists: dict[str, list[int]]
    sheet: Numbered[int]
    people: list[Candidate]


def _read(code: str) -> IssuePage:
    """The page that the address names. For a form sent from one of several pages, the people in
    that form: certificates issued in the meantime move people to other pages."""
    delivery = _delivery(code)
    lists = queries.candidate_lists(delivery)
    sheet = numbered(lists, request.args.get("page", 1, type=int))
    if request.method == "POST" and sheet.last > 1:
        sent = _sent()
        for name in ("waiting", "revoked"):
            sheet.lists[name] = [
                enrollment_id for enrollment_id in lists[name] if enrollment_id in sent
            ]
    return IssuePage(delivery, lists, sheet, queries.candidates(delivery, sheet.rows))


def _sent() -> set[int | None]:
    """The enrollments that were on the page: with a name to print, or ticked."""
    named = [name.removeprefix("name-") for name in request.form]
    return {parse_int(text) for text in (*named, *request.form.getlist("enrollments"))}


def _form(people: list[Candidate]) -> IssueForm:
    """People who wait for a certificate are ticked, unless their name cannot be printed. People
    whose certificate was revoked are not ticked: a second one has to be chosen on purpose."""
    shown = [candidate for candidate in people if candidate.waits or candidate.was_revoked]
    names = {
        candidate.enrollment.id: None
        if candidate.is_printed
        else candidate.enrollment.name_on_certificate
        for candidate in shown
    }
    return issue_form(
        names,
        [
            candidate.enrollment.id
            for candidate in shown
            if candidate.waits and not candidate.name_fault
        ],
    )


def _issue(form: IssueForm, delivery_id: int) -> str:
    """Stores the names that were typed and requests the certificates, inside the caller's
    transaction: if either is refused, neither is stored."""
    actor = current_actor()
    services.correct_names(actor, delivery_id, form.names())
    job = services.request_issue(
        actor, delivery_id, None if request.form.get("everyone") else form.enrollments.data
    )
    return url_for("certificates.job", job_id=job.id)


def _shown(page: IssuePage, form: IssueForm) -> dict[str, Any]:
    delivery = page.delivery
    people = {candidate.enrollment.id: candidate for candidate in page.people}
    return {
        "delivery": delivery,
        "is_finished": delivery.status is DeliveryStatus.FINISHED,
        "sheet": page.sheet,
        **{
            name: [people[enrollment_id] for enrollment_id in ids if enrollment_id in people]
            for name, ids in page.sheet.lists.items()
        },
        "elsewhere": _elsewhere(page, form),
        "reviews": reviews_of(current_actor(), delivery),
        "open_job": queries.open_job(delivery),
    }


def _elsewhere(page: IssuePage, form: IssueForm) -> list[tuple[Any, str]]:
    """(what is wrong, address) of the names on other pages that cannot be printed."""
    numbers = numbers_of(page.lists) if form.elsewhere else {}
    return [
        (
            message,
            url_for(
                "certificates.issue_page",
                code=page.delivery.code,
                page=numbers.get(enrollment_id),
                _anchor=field_of(enrollment_id),
            ),
        )
        for enrollment_id, message in form.elsewhere.items()
    ]


def _delivery(code: str) -> Delivery:
    return get_delivery_for(current_actor(), code, P.CERTIFICATE_ISSUE, load=())


@pages.get("/deliveries/<code>/certificates/<int:enrollment_id>/preview.pdf")
@requires(P.CERTIFICATE_ISSUE)
def preview(code: str, enrollment_id: int) -> Response:
    """How the certificate will look. It has the word SPECIMEN for a number and its QR code
    checks nothing."""
    enrollment = queries.get_enrollment_in(_delivery(code), enrollment_id)
    pdf = files.preview(services.specimen(enrollment).to_dict())
    response = Response(pdf, mimetype="application/pdf")
    response.headers.set("Content-Disposition", "inline", filename="specimen.pdf")
    return response


@pages.get("/deliveries/<code>/certificates.zip")
@requires(P.CERTIFICATE_READ)
def archive(code: str) -> Response:
    """Streams the files of the delivery's certificates that are valid today. A list inside names
    the files that are missing."""
    actor = current_actor()
    delivery = get_delivery(actor, code)
    certificates = queries.certificates_to_archive(actor, delivery)
    name = f"certificates-{delivery.code}.zip"
    exports.note(actor, "archive", f"delivery:{delivery.id}", {"files": len(certificates)})
    response = Response(
        stream_with_context(files.archive(certificates)), mimetype="application/zip"
    )
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@pages.get("/jobs/<int:job_id>")
@signed_in
def job(job_id: int) -> Any:
    """The progress of a job: as a page, or as JSON for the script that polls this address."""
    job = queries.get_job(current_actor(), job_id)
    if wants_json():
        return job_answer(job).model_dump(mode="json")
    delivery = queries.delivery_of(job)
    failed = [error["enrollment"] for error in job.errors]
    return render_template(
        "certificates/job.html",
        job=job,
        delivery=delivery,
        names=queries.names_of(failed),
        errors=_errors(job),
        is_over=job.state in (JobState.DONE, JobState.DEAD),
        is_dead=job.state is JobState.DEAD,
    )


def _errors(job: Job) -> list[tuple[int, str]]:
    """Whose certificate could not be made, and why, in the reader's language."""
    words = {
        "rendering_failed": _(
            "The file could not be made. The certificate is issued; try again to make its file."
        ),
        "not_allowed": _("The person who asked for these certificates may no longer issue any."),
        "not_eligible": _("Only who completed the course gets a certificate."),
    }
    return [
        (error["enrollment"], words.get(error["code"], error["message"])) for error in job.errors
    ]


@pages.post("/jobs/<int:job_id>/retry")
@requires(P.CERTIFICATE_ISSUE)
def retry(job_id: int) -> Any:
    """Requests the failed certificates again, or all of them when the job was given up. People
    who have a certificate by now are skipped."""
    actor = current_actor()
    with transaction():
        again = services.request_again(actor, queries.get_job(actor, job_id))
        address = url_for("certificates.job", job_id=again.id)
    return see_other(address)
