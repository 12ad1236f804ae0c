"""Profiles: an expert’s, for staff, and one’s own."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _

from certificates.models import Certificate
from core import clock, readings
from core.database import transaction
from core.forms import refusals_on
from core.i18n import text
from core.personal import facts
from core.web import current_actor, remember_answer, requires, see_other, signed_in, submitted_once
from core.words import word
from people.fields import PERSON, ROSTER
from people.models import ConsentPurpose
from people.permissions import Permission
from people.queries import consents_of
from people.services import find_consent
from roster import queries, sentences, services
from roster.fields import EXPERT
from roster.forms import AdmissionForm, NewExpertForm, profile_form
from roster.models import Expert, SkillStatus
from roster.views.admission import admission_form, say_admitted
from roster.views.blueprint import pages

P = Permission


@pages.get("/roster/<int:expert_id>")
@requires(P.EXPERT_READ)
def expert(expert_id: int) -> str:
    expert = queries.get_expert(current_actor(), expert_id)
    return _profile(expert, _admission_of(expert))


@pages.post("/roster/<int:expert_id>")
@requires(P.EXPERT_ADMIT)
def admit(expert_id: int) -> Any:
    """Admits a waiting person from the profile."""
    expert = queries.get_expert(current_actor(), expert_id)
    form = admission_form()
    if form.validate_on_submit():
        with refusals_on(form):
            with transaction():
                services.admit(
                    current_actor(),
                    expert,
                    form.fields(),
                    office=form.office.data if form.office else None,
                )
            say_admitted(1)
            return see_other(url_for("roster.expert", expert_id=expert.id))
        expert = queries.get_expert(current_actor(), expert_id)
    return _profile(expert, form), form.status


def _profile(expert: Expert, form: AdmissionForm | None) -> str:
    """The profile, with the form for admitting the person if applicable. The audit trail records
    that staff read it."""
    edit_url = (
        url_for("roster.edit", expert_id=expert.id)
        if services.reaches(current_actor(), P.EXPERT_WRITE, expert)
        else None
    )
    return _read(
        expert.id,
        render_template(
            "roster/expert.html",
            expert=expert,
            person=expert.person,
            edit_url=edit_url,
            consent=find_consent(expert.person_id, ConsentPurpose.ROSTER),
            form=form,
            plain_facts=facts(PERSON, ROSTER, expert.person) + facts(EXPERT, ROSTER, expert),
            is_own=expert.person_id == current_actor().person_id,
            reviewers=queries.reviewers_shown(current_actor(), expert),
            **_skills(expert),
        ),
    )


def _admission_of(expert: Expert) -> AdmissionForm | None:
    """The form for admitting a waiting person; None if the person is not waiting or the reader may
    not admit."""
    return admission_form() if services.may_admit(current_actor(), expert) else None


def _read(expert_id: int, page: str) -> str:
    readings.record(lambda: services.record_reading(current_actor(), [expert_id]))
    return page


@pages.route("/roster/<int:expert_id>/edit", methods=["GET", "POST"])
@requires(P.EXPERT_WRITE)
def edit(expert_id: int) -> Any:
    """Changes the profile. The form shows it, so the audit trail records that staff read it."""
    expert = queries.get_expert_to_change(current_actor(), expert_id)
    form = profile_form(expert, sent=request.form)
    back = url_for("roster.expert", expert_id=expert.id)
    if form.validate_on_submit() and form.check_windows():
        with refusals_on(form):
            with transaction():
                services.change_expert(current_actor(), expert, form.profile())
            flash(_("The profile was changed."), "ok")
            return see_other(back)
        expert = queries.get_expert_to_change(current_actor(), expert_id)
    page = render_template(
        "roster/edit.html", form=form, expert=expert, person=expert.person, back=back
    )
    return _read(expert.id, page), form.status


@pages.route("/roster/new", methods=["GET", "POST"])
@requires(P.ROSTER_SEARCH)
@submitted_once
def new() -> Any:
    """Adds a person who has not attended a course to the roster."""
    form = profile_form(None, asks_person=True, sent=request.form)
    assert isinstance(form, NewExpertForm)
    if form.validate_on_submit() and form.check_windows():
        with refusals_on(form):
            with transaction():
                expert = _put(form)
                answer = remember_answer(
                    url_for("roster.expert", expert_id=expert.id)
                    if expert
                    else url_for("roster.new")
                )
            if expert:
                flash(_("The profile was saved."), "ok")
            else:
                flash(
                    _(
                        "We asked the person. What you wrote is kept for up to 90 days and "
                        "becomes the profile if the answer is yes."
                    ),
                    "ok",
                )
            return answer
    return render_template("roster/new.html", form=form), form.status


def _put(form: NewExpertForm) -> Expert | None:
    profile = form.profile()
    profile = services.Profile(**{**vars(profile), "person": form.person()})
    return services.put_expert(current_actor(), form.person_identifier.data or None, profile)[0]


@pages.route("/me/profile", methods=["GET", "POST"])
@signed_in
def my_profile() -> Any:
    """One's own profile: one's skills, and what one wants to be found for."""
    expert = queries.find_own_profile(current_actor())
    form = profile_form(expert, sent=request.form)
    if form.validate_on_submit() and form.check_windows():
        with refusals_on(form):
            with transaction():
                services.put_own_profile(current_actor(), form.profile())
            flash(_("Your profile was saved."), "ok")
            return see_other(url_for("roster.my_profile"))
        expert = queries.find_own_profile(current_actor())
    state = consents_of(current_actor().person_id or 0)[0]
    return render_template(
        "roster/my_profile.html", form=form, expert=expert, state=state, **_skills(expert)
    ), form.status


def _certificate_page(certificate: Certificate) -> str | None:
    """The certificate's address, for users who may read it; roster staff see only its number and
    the skill."""
    if not current_actor().can(P.CERTIFICATE_READ, certificate):
        return None
    return url_for("certificates.certificate", number=certificate.number)


def _skills(expert: Expert | None) -> dict[str, Any]:
    """Current and withdrawn skills, as of today."""
    today = clock.today()
    rows = [
        {
            "title": text(row.skill.title),
            "level": word(row.level),
            "row": row,
            "status": row.status_on(None),
            "number": row.certificate.number,
            "url": _certificate_page(row.certificate),
        }
        for row in (expert.skills if expert else ())
    ]
    order = [
        SkillStatus.CURRENT,
        SkillStatus.EXPIRING,
        SkillStatus.NOT_YET_VALID,
        SkillStatus.EXPIRED,
    ]
    standing = [row for row in rows if row["status"] in order]
    return {
        "skills": sorted(standing, key=lambda row: (order.index(row["status"]), row["title"])),
        "history": [row for row in rows if row["status"] is SkillStatus.WITHDRAWN],
        "spoken": [
            (language, sentences.level_words(language))
            for language in (expert.languages if expert else ())
        ],
        "today": today,
    }
