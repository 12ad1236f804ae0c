"""One's own enrollments, the page of one enrollment, and how an enrollment is given up or
declined."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, url_for
from flask_babel import gettext as _

from core.database import transaction
from core.forms import refusals_on
from core.policy import can
from core.web import current_actor, requires, see_other, signed_in
from courses.queries import is_open_for_enrollment, moves_up
from courses.timetable import by_day, cut_reason, local_day
from enrollment import queries, services
from enrollment.forms.ending import DeclineForm, WithdrawForm
from enrollment.models import LIVE, Enrollment, EnrollmentStatus
from enrollment.needs import needs_shown
from enrollment.ports import certificate_panel, result_shown
from enrollment.references import reference
from enrollment.views.blueprint import pages
from people.permissions import Permission as P
from people.queries import refused_mail, roster_question


@pages.get("/me/enrollments")
@signed_in
def mine() -> Any:
    """Everything the person ever applied for or was nominated for, the latest first."""
    actor = current_actor()
    enrollments = queries.list_own(actor)
    waiting = [
        enrollment.delivery_id
        for enrollment in enrollments
        if enrollment.status is EnrollmentStatus.WAITLISTED
    ]
    positions = queries.positions(*waiting) if waiting else {}
    rows = [
        (enrollment, queries.explain(actor, enrollment, positions.get(enrollment.id)))
        for enrollment in enrollments
    ]
    return render_template("enrollment/mine.html", rows=rows)


@pages.get("/enrollments/<int:enrollment_id>")
@signed_in
def enrollment(enrollment_id: int) -> Any:
    """Where it stands, why, and what comes next: for the person, the organization that
    nominated, and staff."""
    actor = current_actor()
    enrollment = queries.get_enrollment(actor, enrollment_id)
    standing = enrollment.standing
    if standing is not enrollment and can(actor, P.ENROLLMENT_READ, standing):
        return see_other(
            url_for("enrollment.enrollment", enrollment_id=standing.id)
        )  # an older link leads to the one seat
    is_waiting = standing.status is EnrollmentStatus.WAITLISTED
    position = queries.positions(enrollment.delivery_id).get(standing.id) if is_waiting else None
    delivery = queries.delivery_with_sessions(enrollment.delivery_id)
    person = queries.person_shown(actor, enrollment)
    return render_template(
        "enrollment/enrollment.html",
        enrollment=enrollment,
        standing=standing,
        person=person,
        delivery=delivery,
        days=[(local_day(delivery, blocks[0]), blocks) for blocks in by_day(delivery)],
        position=position,
        why=queries.explain(actor, enrollment, position),
        result=result_shown(actor, standing, delivery),
        moves_up=not is_waiting or moves_up(delivery),
        cut_reason=cut_reason(delivery),
        certificate=certificate_panel(actor, standing)
        if standing.status is EnrollmentStatus.COMPLETED
        else None,
        reference=reference(delivery.id, enrollment.origin_id),
        steps=services.steps_now(actor, enrollment),
        needs=needs_shown(actor, enrollment),
        decides_identity=can(actor, P.IDENTITY_DECIDE, enrollment),
        is_own=enrollment.person_id == actor.person_id,
        question=roster_question(enrollment.person_id)
        if enrollment.person_id == actor.person_id
        else None,
        is_unreached=bool(refused_mail([person.id])),
        is_live=standing.status in LIVE,
        may_apply_again=standing.status is EnrollmentStatus.WITHDRAWN
        and is_open_for_enrollment(delivery),
    )


@pages.route("/enrollments/<int:enrollment_id>/withdraw", methods=["GET", "POST"])
@signed_in
def withdraw(enrollment_id: int) -> Any:
    """Asks first: what is given up goes to the next in line."""
    actor = current_actor()
    enrollment = queries.get_enrollment(actor, enrollment_id)
    form, back = WithdrawForm(), _back(enrollment)
    if not form.is_submitted():
        services.require_step(current_actor(), enrollment, "withdraw")
    elif form.validate():
        with refusals_on(form):
            with transaction():
                message = _said_withdrawn(enrollment)
                services.withdraw(
                    actor, queries.get_enrollment(actor, enrollment_id), reason=form.reason.data
                )
                flash(message, "ok")
            return see_other(back)
    return _question("enrollment/withdraw.html", enrollment_id, form, back)


def _said_withdrawn(enrollment: Enrollment) -> str:
    """What to say once it is withdrawn, of the enrollment as it stood before."""
    goes_on = moves_up(enrollment.delivery)
    if enrollment.person_id != current_actor().person_id:
        if not goes_on:
            return _(
                "Withdrawn. The waiting list no longer moves up automatically: a coordinator "
                "gives the place to someone on it."
            )
        return _("Withdrawn. If someone was waiting, the next in line now has the place.")
    if enrollment.status is EnrollmentStatus.CONFIRMED:
        if not goes_on:
            return _("You gave up your place. Thank you for telling us.")
        return _("You gave up your place. If someone was waiting, the next in line now has it.")
    return _("You withdrew your application.")


@pages.route("/enrollments/<int:enrollment_id>/decline", methods=["GET", "POST"])
@requires(P.ENROLLMENT_DECIDE)
def decline(enrollment_id: int) -> Any:
    """A coordinator says no, and why: the person is told."""
    actor = current_actor()
    enrollment = queries.get_enrollment(actor, enrollment_id)
    form, back = DeclineForm(), _back(enrollment)
    if not form.is_submitted():
        services.require_step(current_actor(), enrollment, "decline")
    elif form.validate():
        with refusals_on(form):
            with transaction():
                services.decline(
                    actor,
                    queries.get_enrollment(actor, enrollment_id),
                    reason=form.reason.data or "",
                )
                flash(_("Declined. The person was written to."), "ok")
            return see_other(back)
    return _question("enrollment/decline.html", enrollment_id, form, back)


def _question(template: str, enrollment_id: int, form: Any, back: str) -> Any:
    actor = current_actor()
    enrollment = queries.get_enrollment(actor, enrollment_id)
    page = render_template(
        template,
        enrollment=enrollment,
        delivery=enrollment.delivery,
        person=queries.person_shown(actor, enrollment),
        is_own=enrollment.person_id == actor.person_id,
        moves_up=moves_up(enrollment.delivery),
        form=form,
        back=back,
    )
    return page, form.status


def _back(enrollment: Enrollment) -> str:
    """Where the actor came from: the own page, the selection, or the organization's nominations."""
    actor = current_actor()
    if enrollment.person_id == actor.person_id:
        return url_for("enrollment.enrollment", enrollment_id=enrollment.id)
    if can(actor, P.ENROLLMENT_READ, enrollment.delivery):
        return url_for("enrollment.selection", code=enrollment.delivery.code)
    return url_for("enrollment.nominations", delivery=enrollment.delivery.code)
