"""Issuing to a delivery: who can get a certificate, the names as they will be printed, and the
job's progress."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _

from certificates import files, queries, services
from certificates.forms import IssueForm, issue_form
from certificates.queries import Candidate
from certificates.reviews import reviews_of
from certificates.views.blueprint import pages
from core import exports
from core.api import job_answer
from core.database import transaction
from core.forms import parse_int, refusals_on
from core.jobs import Job, JobState
from core.paging import Numbered, numbered
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
    """Who is eligible and who is not and why, the names, and the button that issues."""
    delivery = _delivery(code)
    form = _form(_shown(delivery)[1])
    if form.validate_on_submit():
        with refusals_on(form), transaction():
            address = _issue(form, delivery.id)
            remember_answer(address)
            return see_other(address)
    return render_template("certificates/issue.html", form=form, **_context(code)), form.status


def _shown(delivery: Delivery) -> tuple[Numbered[int], list[Candidate]]:
    """The page that the address asks for, and who is on it. Of a form that was sent from one of
    several pages, the people that were sent: certificates may have been issued since, which moves
    the others to another page."""
    lists = queries.candidate_lists(delivery)
    sheet = numbered(lists, request.args.get("page", 1, type=int))
    if request.method == "POST" and sheet.last > 1:
        sent = {
            number for name in request.form if (number := parse_int(name.removeprefix("name-")))
        }
        sent |= {
            number
            for enrollment_id in request.form.getlist("enrollments")
            if (number := parse_int(enrollment_id))
        }
        for name in ("waiting", "revoked"):
            sheet.lists[name] = [one for one in lists[name] if one in sent]
    return sheet, queries.candidates(delivery, sheet.rows)


def _form(people: list[Candidate]) -> IssueForm:
    """Whoever waits is ticked, but for those whose name cannot be printed; whose certificate was
    revoked is not."""
    shown = [one for one in people if one.waits or one.was_revoked]
    names = {
        one.enrollment.id: None if one.is_printed else one.enrollment.name_on_certificate
        for one in shown
    }
    return issue_form(
        names, [one.enrollment.id for one in shown if one.waits and not one.name_fault]
    )


def _issue(form: IssueForm, delivery_id: int) -> str:
    """Inside the transaction: stores the names typed and asks for the certificates. A refusal
    stores neither."""
    actor = current_actor()
    services.correct_names(actor, delivery_id, form.names())
    job = services.request_issue(
        actor, delivery_id, None if request.form.get("everyone") else form.enrollments.data
    )
    return url_for("certificates.job", job_id=job.id)


def _context(code: str) -> dict[str, Any]:
    delivery = _delivery(code)
    sheet, people = _shown(delivery)
    return {
        "delivery": delivery,
        "is_finished": delivery.status is DeliveryStatus.FINISHED,
        "sheet": sheet,
        **{
            name: [one for one in people if one.enrollment.id in set(ids)]
            for name, ids in sheet.lists.items()
        },
        "reviews": reviews_of(current_actor(), delivery),
        "open_job": queries.open_job(delivery),
    }


def _delivery(code: str) -> Delivery:
    return get_delivery_for(current_actor(), code, P.CERTIFICATE_ISSUE)


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
    """The files of a delivery's certificates that count today, as a stream; it names those it
    lacks."""
    actor = current_actor()
    delivery = get_delivery(actor, code)
    wanted = queries.certificates_to_archive(actor, delivery)
    name = f"certificates-{delivery.code}.zip"
    exports.note(actor, "archive", f"delivery:{delivery.id}", {"files": len(wanted)})
    response = Response(stream_with_context(files.archive(wanted)), mimetype="application/zip")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@pages.get("/jobs/<int:job_id>")
@signed_in
def job(job_id: int) -> Any:
    """How far a job is; the same address answers JSON to the script that asks again and again."""
    found = queries.get_job(current_actor(), job_id)
    if wants_json():
        return job_answer(found).model_dump(mode="json")
    delivery = queries.delivery_of(found)
    failed = [one["enrollment"] for one in found.errors]
    return render_template(
        "certificates/job.html",
        job=found,
        delivery=delivery,
        names=queries.names_of(failed),
        errors=_errors(found),
        is_over=found.state in (JobState.DONE, JobState.DEAD),
        is_dead=found.state is JobState.DEAD,
    )


def _errors(found: Job) -> list[tuple[int, str]]:
    """Whose certificate could not be made, and why, in the reader's language."""
    words = {
        "rendering_failed": _(
            "The file could not be made. The certificate is issued; try again to make its file."
        ),
        "not_allowed": _("The person who asked for these certificates may no longer issue any."),
        "not_eligible": _("Only who completed the course gets a certificate."),
    }
    return [(one["enrollment"], words.get(one["code"], one["message"])) for one in found.errors]


@pages.post("/jobs/<int:job_id>/retry")
@requires(P.CERTIFICATE_ISSUE)
def retry(job_id: int) -> Any:
    """Asks again for those that failed, or for all when the job was given up. Who has a
    certificate is left alone."""
    actor = current_actor()
    with transaction():
        again = services.request_again(actor, queries.get_job(actor, job_id))
        address = url_for("certificates.job", job_id=again.id)
    return see_other(address)
