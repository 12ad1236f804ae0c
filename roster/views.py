"""Pages of the roster."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from certificates.models import Certificate
from core import clock, exports, readings
from core.countries import written
from core.database import transaction
from core.errors import Invalid
from core.forms import Form, parse_int, refusals_on
from core.i18n import language_name, locale, number, text
from core.personal import facts, offered
from core.web import (
    current_actor,
    public,
    remember_answer,
    requires,
    see_other,
    signed_in,
    submitted_once,
)
from core.words import word
from courses.queries import skills_to_choose
from people.fields import PERSON, ROSTER
from people.models import ConsentPurpose
from people.permissions import Permission
from people.personnel import Subcategory
from people.queries import body_name, consents_of, offices_to_choose, roster_text
from people.services import find_consent
from roster import queries, sentences, services
from roster.fields import EXPERT
from roster.filters import Filters, paired, read_filters
from roster.forms import (
    AdmissionForm,
    NewExpertForm,
    SearchForm,
    profile_form,
    read_day,
    search_form,
)
from roster.models import Expert, SkillStatus

pages = Blueprint("roster", __name__)
P = Permission

PER_PAGE = 25
PER_WAITING_PAGE = 50
MOST_SKILLS_SHOWN = 2
#: Plain fields that are in the file.
_OF_PERSON, _OF_EXPERT = offered(PERSON, ROSTER), offered(EXPERT, ROSTER)
_DAYS = ("valid_on", "available_from", "available_to", "as_of")


# Search


@pages.get("/roster")
@requires(P.ROSTER_SEARCH)
def search() -> Any:
    """Filters beside what they find; whatever is wrong stands at its field, with all values
    kept."""
    form, filters = _asked()
    if filters is None:
        return render_template("roster/search.html", form=form, found=None), form.status
    try:
        found = queries.find_experts(
            current_actor(), filters, after=request.args.get("after"), limit=PER_PAGE
        )
    except Invalid as error:  # a cursor that is not ours
        form.refuse(error)
        return render_template("roster/search.html", form=form, found=None), form.status
    return render_template(
        "roster/search.html",
        form=form,
        found=found,
        rows=[_row(listed, filters) for listed in found.page.items],
        heading=_heading(found.count),
        chips_asked=[
            (sentences.said(filters, *part), _address(filters.without(*part)))
            for part in queries.parts(filters)
        ],
        all_url=url_for("roster.search"),
        export_url=url_for("roster.export", **filters.as_query()),
        loosenings=[] if found.page.items else _loosenings(filters),
        day=filters.day,
        has_skills=bool(filters.skills),
    )


@pages.post("/roster/export")
@requires(P.ROSTER_SEARCH)
def export() -> Response | tuple[str, int]:
    """What the search shows, as a file. Noted in the audit trail: how many rows, by which
    filters, never whose."""
    form, filters = _asked()
    if filters is None:
        return render_template("roster/search.html", form=form, found=None), form.status
    actor, given = current_actor(), filters
    experts = queries.experts_to_export(actor, given)
    rows = (_exported(_row(listed, given, everything=True)) for listed in experts)
    header = [
        _("Family name"),
        _("Given name"),
        _("Number"),
        _("Category"),
        _("Sub-category"),
        _("Rank"),
        _("Country"),
        _("Nationality"),
        _("Gender"),
        _("Languages"),
        _("Skills"),
        _("Available from"),
        _("Available until"),
        *(str(field.what) for field in (*_OF_PERSON, *_OF_EXPERT)),
    ]
    return exports.download(
        actor,
        "roster",
        f"roster-{clock.today().isoformat()}",
        header,
        rows,
        trace=lambda count: services.record_export(actor, given, count),
    )


def _asked() -> tuple[SearchForm, Filters | None]:
    """The form of the address, and its filters unless something is wrong with them."""
    skills = skills_to_choose()
    values: dict[str, Any] = {name: value.strip() for name, value in request.args.items()}
    for name in ("skill", "language"):
        numbers = sorted(
            place
            for key in request.args
            if key.startswith(f"{name}_")
            and (place := parse_int(key.removeprefix(f"{name}_"))) is not None
        )
        things = [request.args[f"{name}_{n}"] for n in numbers]
        levels = [request.args.get(f"{name}_{n}_level", "") for n in numbers]
        values[name] = [*request.args.getlist(name), *paired(things, levels)]
    form = search_form(values, skills)
    days = {name: read_day(values[name]) for name in _DAYS if values.get(name)}
    for name, day in days.items():
        if day is None:
            form.refuse(Invalid("bad_date", _("Give a date that exists."), name))
    try:
        filters = read_filters({**values, **dict.fromkeys(_DAYS), **days}, skills)
        form.country.data, form.nationality.data = filters.country or "", filters.nationality or ""
    except Invalid as error:
        form.refuse(error)
    return form, None if form.is_refused else filters


def _address(filters: Filters) -> str:
    return url_for("roster.search", **filters.as_query())


def _heading(count: int | None) -> str:
    if count is None:
        return _("More than %(count)s experts found", count=number(queries.MOST_COUNTED))
    return ngettext("%(count)s expert found", "%(count)s experts found", count, count=number(count))


def _row(listed: queries.Listed, filters: Filters, *, everything: bool = False) -> dict[str, Any]:
    """What a list shows of an expert."""
    expert, skills, spoken = listed.expert, listed.skills, listed.languages
    wanted = {one.language for one in filters.languages}
    if wanted and not everything:
        spoken = [one for one in spoken if one.language in wanted]
    shown = len(skills) if everything or filters.skills else MOST_SKILLS_SHOWN
    return {
        "expert": expert,
        "person": expert.person,
        "url": url_for("roster.expert", expert_id=expert.id),
        "languages": sentences.languages_words(spoken),
        "skills": [
            (text(row.skill.title), word(row.level), row, status) for row, status in skills[:shown]
        ],
        "more": len(skills[shown:]),
        "window": sentences.fitting_window(listed.windows, filters),
    }


def _exported(row: dict[str, Any]) -> list[Any]:
    expert, person, window = row["expert"], row["person"], row["window"]
    skills = (_skill_exported(*one) for one in row["skills"])
    return [
        person.family_name,
        person.given_name,
        person.identifier,
        word(expert.category),
        expert.subcategory and word(expert.subcategory),
        expert.rank,
        written([person.country] if person.country else [], locale()),
        written(person.nationalities, locale()),
        word(person.gender),
        row["languages"],
        "; ".join(skills),
        window and window.starts_on,
        window and window.ends_on,
        *(getattr(person, field.name) for field in _OF_PERSON),
        *(getattr(expert, field.name) for field in _OF_EXPERT),
    ]


def _skill_exported(title: str, level: str, skill: Any, status: SkillStatus) -> str:
    until = skill.valid_until or "–"
    return (
        f"{title} ({level}, {word(status)}, {until})"
        if status is SkillStatus.NOT_YET_VALID
        else f"{title} ({level}, {until})"
    )


def _loosenings(filters: Filters) -> list[tuple[str, str]]:
    """(sentence, address) for each concession that would find someone."""
    said = []
    for one in queries.loosenings(current_actor(), filters):
        count = number(one.count) if one.count is not None else f"{number(queries.MOST_COUNTED)}+"
        if one.name == "level":
            sentence = _(
                "%(count)s with %(condition)s",
                count=count,
                condition=sentences.said(one.filters, "level", one.position),
            )
        elif one.name == "q":  # said in quotation marks already
            sentence = _(
                "%(count)s without %(condition)s",
                count=count,
                condition=sentences.said(filters, "q"),
            )
        else:
            sentence = _(
                "%(count)s without “%(condition)s”",
                count=count,
                condition=sentences.said(filters, one.name, one.position),
            )
        said.append((sentence, _address(one.filters)))
    return said


# Profiles


@pages.get("/roster/<int:expert_id>")
@requires(P.EXPERT_READ)
def expert(expert_id: int) -> str:
    found = queries.get_expert(current_actor(), expert_id)
    return _profile(found, _admission_of(found))


@pages.post("/roster/<int:expert_id>")
@requires(P.EXPERT_ADMIT)
def admit(expert_id: int) -> Any:
    """Admits a person who is waiting, on the profile."""
    found = queries.get_expert(current_actor(), expert_id)
    form = _admission_form()
    if form.validate_on_submit():
        with refusals_on(form):
            with transaction():
                services.admit(
                    current_actor(),
                    found,
                    form.fields(),
                    office=form.office.data if form.office else None,
                )
            _say_admitted(1)
            return see_other(url_for("roster.expert", expert_id=found.id))
        found = queries.get_expert(current_actor(), expert_id)
    return _profile(found, form), form.status


def _profile(found: Expert, form: AdmissionForm | None) -> str:
    """The profile, with the form that admits the person where there is one. That staff read it
    leaves a trace."""
    edit_url = (
        url_for("roster.edit", expert_id=found.id)
        if services.reaches(current_actor(), P.EXPERT_WRITE, found)
        else None
    )
    return _read(
        found.id,
        render_template(
            "roster/expert.html",
            expert=found,
            person=found.person,
            edit_url=edit_url,
            consent=find_consent(found.person_id, ConsentPurpose.ROSTER),
            form=form,
            plain_facts=facts(PERSON, ROSTER, found.person) + facts(EXPERT, ROSTER, found),
            is_own=found.person_id == current_actor().person_id,
            reviewers=queries.reviewers_shown(current_actor(), found),
            **_skills(found),
        ),
    )


def _admission_of(found: Expert) -> AdmissionForm | None:
    """The form that admits a person who is waiting. None if the person is not, or the reader may
    not admit."""
    return _admission_form() if services.may_admit(current_actor(), found) else None


def _admission_form() -> AdmissionForm:
    return AdmissionForm([(one.code, body_name(one)) for one in offices_to_choose(current_actor())])


def _say_admitted(count: int) -> None:
    flash(
        ngettext(
            "%(num)s person admitted to the roster.",
            "%(num)s people admitted to the roster.",
            count,
        ),
        "ok",
    )


def _read(expert_id: int, page: str) -> str:
    readings.record(lambda: services.record_reading(current_actor(), [expert_id]))
    return page


@pages.route("/roster/<int:expert_id>/edit", methods=["GET", "POST"])
@requires(P.EXPERT_WRITE)
def edit(expert_id: int) -> Any:
    """Changes the profile. The form shows it, so the audit trail records that staff read it."""
    found = queries.get_expert_to_change(current_actor(), expert_id)
    form = profile_form(found, sent=request.form)
    back = url_for("roster.expert", expert_id=found.id)
    if form.validate_on_submit() and form.check_windows():
        with refusals_on(form):
            with transaction():
                services.change_expert(current_actor(), found, form.profile())
            flash(_("The profile was changed."), "ok")
            return see_other(back)
        found = queries.get_expert_to_change(current_actor(), expert_id)
    page = render_template(
        "roster/edit.html", form=form, expert=found, person=found.person, back=back
    )
    return _read(found.id, page), form.status


@pages.route("/roster/new", methods=["GET", "POST"])
@requires(P.ROSTER_SEARCH)
@submitted_once
def new() -> Any:
    """Puts a person on the roster who has not come by way of a course."""
    form = profile_form(None, asks_person=True, sent=request.form)
    assert isinstance(form, NewExpertForm)
    if form.validate_on_submit() and form.check_windows():
        with refusals_on(form):
            with transaction():
                made = _put(form)
                answer = remember_answer(
                    url_for("roster.expert", expert_id=made.id) if made else url_for("roster.new")
                )
            if made:
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
    """One's own profile: the skills one has, and what one wants to be found for."""
    found = queries.find_own_profile(current_actor())
    form = profile_form(found, sent=request.form)
    if form.validate_on_submit() and form.check_windows():
        with refusals_on(form):
            with transaction():
                services.put_own_profile(current_actor(), form.profile())
            flash(_("Your profile was saved."), "ok")
            return see_other(url_for("roster.my_profile"))
        found = queries.find_own_profile(current_actor())
    state = consents_of(current_actor().person_id or 0)[0]
    return render_template(
        "roster/my_profile.html", form=form, expert=found, state=state, **_skills(found)
    ), form.status


# Admission


@pages.route("/roster/waiting", methods=["GET", "POST"])
@requires(P.EXPERT_ADMIT)
def waiting() -> Any:
    """People who said yes and wait: one or many are admitted at once."""
    actor = current_actor()
    form = _admission_form()
    office = form.office.data if form.office else None
    chosen = [
        number for text in request.form.getlist("expert") if (number := parse_int(text)) is not None
    ]
    if form.validate_on_submit():
        with refusals_on(form):
            if not chosen:
                raise Invalid("nobody_chosen", _("Choose at least one person."))
            with transaction():
                count = services.admit_several(
                    actor, chosen[:PER_WAITING_PAGE], form.fields(), office=office
                )
            _say_admitted(count)
            return see_other(url_for("roster.waiting"))
    found = queries.waiting(actor, after=request.args.get("after"), limit=PER_WAITING_PAGE)
    rows = [_waiting_row(one) for one in found.items]
    context = {
        "form": form,
        "rows": rows,
        "next": found.next,
        "chosen": chosen,
        "count": queries.count_waiting(actor),
    }
    return render_template("roster/waiting.html", **context), form.status


def _waiting_row(one: queries.Waiting) -> dict[str, Any]:
    skills = [
        (
            text(row.skill.title),
            word(row.level),
            row,
            status,
            text(row.certificate.payload["course_title"]),
        )
        for row, status in one.skills
    ]
    address = url_for("roster.expert", expert_id=one.expert.id)
    return {
        "expert": one.expert,
        "person": one.expert.person,
        "skills": skills,
        "consent": one.consent,
        "url": address,
    }


# The question to someone whom staff want on the roster


@pages.get("/roster/asked/<token>")
@public
def asked(token: str) -> Any:
    """The page behind the link in the letter: what is kept, from whom, why, for how long; one
    click answers."""
    return _asked_page(token)


@pages.post("/roster/asked/<token>")
@public
def answer_asked(token: str) -> Any:
    """Yes or no, once."""
    given = {"yes": True, "no": False}.get(request.form.get("given", ""))
    if given is None:
        raise Invalid("unknown_value", _("This choice is not known. Choose from the list."))
    with transaction():
        counts = services.answer_proposal(token, given)
    return render_template("roster/asked_thanks.html", given=given, counts=counts)


def _asked_page(token: str) -> Any:
    found = services.find_proposal(token)
    name = f"{found.identity.get('given_name', '')} {found.identity.get('family_name', '')}".strip()
    profile = services.Profile.unpacked(found.values)
    facts = {
        "category": profile.category and word(profile.category),
        "subcategory": profile.subcategory and word(profile.subcategory, Subcategory),
        "rank": profile.rank,
        "organization": profile.organization,
        "expertise": ", ".join(profile.expertise or ()),
        "languages": ", ".join(
            f"{language_name(one.language)} {one.level}" for one in profile.languages or ()
        ),
    }
    return render_template(
        "roster/asked.html", name=name, facts=facts, consent=roster_text(), form=Form(formdata=None)
    )


def _certificate_page(certificate: Certificate) -> str | None:
    """For anyone who may read the certificate; roster staff see its number and what it is worth."""
    if not current_actor().can(P.CERTIFICATE_READ, certificate):
        return None
    return url_for("certificates.certificate", number=certificate.number)


def _skills(found: Expert | None) -> dict[str, Any]:
    """The skills that stand and those that were withdrawn, for today."""
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
        for row in (found.skills if found else ())
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
        "spoken": [(one, sentences.level_words(one)) for one in (found.languages if found else ())],
        "today": today,
    }
