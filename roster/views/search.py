"""The search, as a page and as a file."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from core import clock, counting, exports
from core.countries import written
from core.errors import Invalid
from core.forms import parse_int
from core.i18n import locale, number, text
from core.personal import offered
from core.web import current_actor, requires
from core.words import word
from courses.queries import skills_to_choose
from people.fields import PERSON, ROSTER
from people.permissions import Permission
from roster import queries, sentences, services
from roster.fields import EXPERT
from roster.filters import Filters, paired, read_filters
from roster.forms import SearchForm, read_day, search_form
from roster.models import SkillStatus
from roster.views.blueprint import pages

P = Permission

PER_PAGE = 25
MOST_SKILLS_SHOWN = 2
#: Plain fields in the export.
_OF_PERSON, _OF_EXPERT = offered(PERSON, ROSTER), offered(EXPERT, ROSTER)
_DAYS = ("valid_on", "available_from", "available_to", "as_of")


@pages.get("/roster")
@requires(P.ROSTER_SEARCH)
def search() -> Any:
    """Filters beside their results; faults appear at their fields, with all values kept."""
    form, filters = _read_search()
    if filters is None:
        return render_template("roster/search.html", form=form, results=None), form.status
    try:
        results = queries.find_experts(
            current_actor(), filters, after=request.args.get("after"), limit=PER_PAGE
        )
    except Invalid as error:  # not a cursor of ours
        form.refuse(error)
        return render_template("roster/search.html", form=form, results=None), form.status
    return render_template(
        "roster/search.html",
        form=form,
        results=results,
        rows=[_row(listed, filters) for listed in results.page.items],
        heading=_heading(results.count),
        chips_asked=[
            (sentences.filter_words(filters, *part), _address(filters.without(*part)))
            for part in queries.parts(filters)
        ],
        all_url=url_for("roster.search"),
        export_url=url_for("roster.export", **filters.as_query()),
        loosenings=[] if results.page.items else _loosenings(filters),
        day=filters.day,
        has_skills=bool(filters.skills),
    )


@pages.post("/roster/export")
@requires(P.ROSTER_SEARCH)
def export() -> Response | tuple[str, int]:
    """The search results as a file. The audit trail records how many rows and by which filters,
    never whose."""
    form, filters = _read_search()
    if filters is None:
        return render_template("roster/search.html", form=form, results=None), form.status
    actor, searched = current_actor(), filters
    experts = queries.experts_to_export(actor, searched)
    rows = (_exported(_row(listed, searched, everything=True)) for listed in experts)
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
        trace=lambda count: services.record_export(actor, searched, count),
    )


def _read_search() -> tuple[SearchForm, Filters | None]:
    """The form with the values of the address, and its filters unless there are faults."""
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
        return _("More than %(count)s experts found", count=number(counting.MOST_COUNTED))
    return ngettext("%(count)s expert found", "%(count)s experts found", count, count=number(count))


def _row(listed: queries.Listed, filters: Filters, *, everything: bool = False) -> dict[str, Any]:
    """An expert as shown in a list."""
    expert, skills, spoken = listed.expert, listed.skills, listed.languages
    wanted_languages = {language.language for language in filters.languages}
    if wanted_languages and not everything:
        spoken = [language for language in spoken if language.language in wanted_languages]
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
    skills = (_skill_exported(*skill) for skill in row["skills"])
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
    links = []
    for loosening in queries.loosenings(current_actor(), filters):
        count = (
            number(loosening.count)
            if loosening.count is not None
            else f"{number(counting.MOST_COUNTED)}+"
        )
        if loosening.name == "level":
            sentence = _(
                "%(count)s with %(condition)s",
                count=count,
                condition=sentences.filter_words(loosening.filters, "level", loosening.position),
            )
        elif loosening.name == "q":  # the words already have quotation marks
            sentence = _(
                "%(count)s without %(condition)s",
                count=count,
                condition=sentences.filter_words(filters, "q"),
            )
        else:
            sentence = _(
                "%(count)s without “%(condition)s”",
                count=count,
                condition=sentences.filter_words(filters, loosening.name, loosening.position),
            )
        links.append((sentence, _address(loosening.filters)))
    return links
