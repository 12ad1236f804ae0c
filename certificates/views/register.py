"""The register, a certificate's page and actions, one's own certificates, and the files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, flash, render_template, request, url_for
from flask_babel import gettext as _

from certificates import numbers, queries, services
from certificates.forms import LiftForm, ReissueForm, RevokeForm, SuspendForm
from certificates.models import Certificate, PublicStatus, RevocationReason
from certificates.reviews import reviewed_by, reviews_to_decide
from certificates.schemas import file_answer
from certificates.snapshot import verify_url
from certificates.views.blueprint import pages
from certificates.views.printed import facts, printed
from core import exports, numbering
from core.database import transaction
from core.forms import refusals_on
from core.paging import every
from core.policy import Actor, can
from core.web import current_actor, remember_answer, requires, see_other, signed_in, submitted_once
from core.words import word
from people.permissions import Permission as P
from people.queries import roster_question

PER_PAGE = 50
PER_READ = 1000


@pages.get("/certificates")
@requires(P.CERTIFICATE_READ)
def register() -> Any:
    """Search by number, holder or delivery; as a page, or as a file of the same rows."""
    q, status = request.args.get("q", "").strip()[:120], request.args.get("status", "")
    if request.args.get("format") in exports.FORMATS:
        return _export(q, status)
    certificates = queries.list_register(
        current_actor(), q, status, after=request.args.get("after"), limit=PER_PAGE
    )
    codes = queries.delivery_codes(certificates.items)
    chosen: dict[str, Any] = {k: v for k, v in (("q", q), ("status", status)) if v}
    export = url_for("certificates.register", format="csv", **chosen)
    return render_template(
        "certificates/register.html",
        certificates=certificates,
        codes=codes,
        q=q,
        status=status,
        statuses=list(PublicStatus),
        export=export,
        is_filtered=bool(q or status),
        may_read_audit=current_actor().can(P.AUDIT_READ),
        waiting=queries.proposals_waiting(current_actor()),
        reviews=reviews_to_decide(current_actor(), limit=PER_PAGE),
    )


@pages.get("/certificates/void-numbers")
@requires(P.AUDIT_READ)
def void_numbers() -> Any:
    """Numbers that no one has or will get, with the reason, for auditors who miss one."""
    return render_template(
        "certificates/void.html", voids=numbering.voids(), number=numbers.SERIES.show
    )


def _export(q: str, status: str) -> Response:
    actor = current_actor()
    header = [
        _("Number"),
        _("Status"),
        _("Holder"),
        _("Course"),
        _("Delivery"),
        _("Issued on"),
        _("Valid until"),
        _("Verification"),
    ]
    certificates = every(
        lambda after: queries.list_register(actor, q, status, after=after, limit=PER_READ)
    )
    rows = (
        [
            certificate.number,
            word(certificate.current_status),
            certificate.holder_name,
            certificate.payload["course_code"],
            certificate.payload["delivery_code"],
            certificate.issued_on,
            certificate.valid_until,
            verify_url(certificate.token),
        ]
        for certificate in certificates
    )
    return exports.download(actor, "register", "certificates", header, rows)


@pages.get("/certificates/<number>")
@requires(P.CERTIFICATE_READ)
def certificate(number: str) -> Any:
    """The facts, status, file, verification address, history, and possible actions."""
    actor = current_actor()
    certificate = queries.get_certificate(actor, number)
    proposed = queries.find_proposal_shown(actor, certificate)
    return render_template(
        "certificates/certificate.html",
        **_shown(certificate),
        steps=services.steps(actor, certificate, is_proposed=proposed is not None),
        before=queries.find_predecessor(certificate),
        after=queries.find_successor(certificate),
        suspensions=queries.suspensions_of(certificate),
        proposed=proposed,
        is_own_proposal=proposed is not None and proposed.is_by(actor),
        review=reviewed_by(actor, [certificate]).get(certificate.id),
        may_see_reason=can(actor, P.CERTIFICATE_REVOKE, certificate),
        may_issue=can(actor, P.CERTIFICATE_ISSUE, certificate),
    )


def _shown(certificate: Certificate) -> dict[str, Any]:
    return {
        "certificate": certificate,
        "printed": certificate.payload,
        "status": certificate.current_status,
        "verify_url": verify_url(certificate.token),
        "facts": facts(printed(certificate)),
    }


@pages.get("/certificates/<number>.pdf")
@requires(P.CERTIFICATE_READ)
def download(number: str) -> Response:
    """The file, for staff, the holder and the nominating organization."""
    certificate = queries.get_certificate(current_actor(), number)
    return file_answer(current_actor(), certificate)


@pages.post("/certificates/<number>/file")
@requires(P.CERTIFICATE_ISSUE)
def make_file(number: str) -> Any:
    """Requests the file of an issued certificate again after a failure."""
    actor = current_actor()
    certificate = queries.get_certificate(actor, number)
    delivery_id, enrollment_id = certificate.delivery_id, certificate.enrollment_id
    with transaction():
        job = services.request_issue(actor, delivery_id, [enrollment_id])
        address = url_for("certificates.job", job_id=job.id)
    return see_other(address)


@pages.route("/certificates/<number>/revoke", methods=["GET", "POST"])
@requires(P.CERTIFICATE_REVOKE)
@submitted_once
def revoke(number: str) -> Any:
    """Confirmation, with the reason."""
    certificate = queries.get_certificate(current_actor(), number)
    form = RevokeForm()
    if form.validate_on_submit():
        with refusals_on(form), transaction():
            proposal = services.revoke(
                current_actor(), certificate, reason_code=form.reason_code.data, note=form.note.data
            )
            answer = remember_answer(url_for("certificates.certificate", number=certificate.number))
            flash(_said_of(proposal), "ok")
            return answer
    certificate = queries.get_certificate(current_actor(), number)
    return render_template(
        "certificates/revoke.html", form=form, for_two=_for_two(certificate), **_shown(certificate)
    ), form.status


def _for_two(certificate: Certificate) -> dict[str, str]:
    """The hint for reasons that need a second person."""
    words = _("Another person must confirm the revocation. Nothing changes until then.")
    return {
        reason.value: words
        for reason in RevocationReason
        if services.needs_second_person(certificate, reason)
    }


def _said_of(proposal: Any) -> str:
    if proposal is None:
        return _("The certificate is revoked. The skills that rested on it are withdrawn.")
    return _(
        "The revocation is proposed. Nothing changes until another person confirms it. Suspend the "
        "certificate if no one should rely on it in the meantime."
    )


@pages.get("/certificates/<number>/revoke/confirm")
@requires(P.CERTIFICATE_REVOKE)
def proposed_revocation(number: str) -> str:
    """What another person proposed, and why."""
    actor = current_actor()
    proposal = queries.get_proposal(actor, number)
    return render_template(
        "certificates/confirm_revocation.html",
        proposed=proposal,
        is_own=proposal.is_by(actor),
        **_shown(proposal.certificate),
    )


@pages.post("/certificates/<number>/revoke/confirm")
@requires(P.CERTIFICATE_REVOKE)
def confirm_revocation(number: str) -> Any:
    """A second person confirms."""
    return _decided(number, services.confirm_revocation, _said_of(None))


@pages.post("/certificates/<number>/revoke/decline")
@requires(P.CERTIFICATE_REVOKE)
def decline_revocation(number: str) -> Any:
    """The proposal is dropped."""
    return _decided(number, services.decline_revocation, _("The certificate is not revoked."))


def _decided(number: str, decide: Callable[[Actor, Certificate], object], sentence: str) -> Any:
    """Decides the proposed revocation, and returns to the certificate's page."""
    actor = current_actor()
    certificate = queries.get_certificate(actor, number)
    with transaction():
        decide(actor, certificate)
        address = url_for("certificates.certificate", number=certificate.number)
    flash(sentence, "ok")
    return see_other(address)


@pages.route("/certificates/<number>/suspend", methods=["GET", "POST"])
@requires(P.CERTIFICATE_REVOKE)
@submitted_once
def suspend(number: str) -> Any:
    """Confirmation, with the reason."""
    return _noted(number, SuspendForm(), "certificates/suspend.html")


@pages.route("/certificates/<number>/lift", methods=["GET", "POST"])
@requires(P.CERTIFICATE_REVOKE)
@submitted_once
def lift(number: str) -> Any:
    """Confirmation, with the reason."""
    return _noted(number, LiftForm(), "certificates/lift.html")


def _noted(number: str, form: SuspendForm | LiftForm, template: str) -> Any:
    """Suspends or restores, with a note."""
    is_lifted = isinstance(form, LiftForm)
    certificate = queries.get_certificate(current_actor(), number)
    if form.validate_on_submit():
        with refusals_on(form), transaction():
            act = services.lift if is_lifted else services.suspend
            act(current_actor(), certificate, note=form.note.data)
            answer = remember_answer(url_for("certificates.certificate", number=certificate.number))
            flash(_said_lifted() if is_lifted else _said_suspended(), "ok")
            return answer
    certificate = queries.get_certificate(current_actor(), number)
    return render_template(template, form=form, **_shown(certificate)), form.status


def _said_suspended() -> str:
    return _(
        "The certificate is suspended. The skills that rest on it are withdrawn until the "
        "suspension is lifted."
    )


def _said_lifted() -> str:
    return _(
        "The suspension is lifted. The certificate is valid again, and so are the skills that "
        "rest on it."
    )


@pages.route("/certificates/<number>/reissue", methods=["GET", "POST"])
@requires(P.CERTIFICATE_ISSUE)
@submitted_once
def reissue(number: str) -> Any:
    """A corrected successor with its own number."""
    certificate = queries.get_certificate(current_actor(), number)
    form = ReissueForm(name_on_certificate=certificate.holder_name)
    if form.validate_on_submit():
        with refusals_on(form), transaction():
            successor = services.reissue(
                current_actor(),
                certificate,
                name_on_certificate=form.name_on_certificate.data,
                reason=form.reason.data,
            )
            answer = remember_answer(url_for("certificates.certificate", number=successor.number))
            flash(_("The corrected certificate is issued. Its file is being made."), "ok")
            return answer
    certificate = queries.get_certificate(current_actor(), number)
    return render_template(
        "certificates/reissue.html", form=form, **_shown(certificate)
    ), form.status


@pages.get("/me/certificates")
@signed_in
def mine() -> Any:
    """One's own certificates."""
    actor = current_actor()
    assert actor.person_id is not None
    own = queries.certificates_of_person(actor, actor.person_id)
    rows = [
        (certificate, certificate.current_status, verify_url(certificate.token))
        for certificate in own
    ]
    return render_template(
        "certificates/mine.html",
        rows=rows,
        question=roster_question(actor.person_id) if rows else None,
    )
