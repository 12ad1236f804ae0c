"""Courses: the list, a course's page, and the form."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _

from core.database import transaction
from core.forms import is_shown_again, parse_int, refusals_on
from core.policy import can, require
from core.web import current_actor, public, remember_answer, requires, see_other, submitted_once
from courses import queries, services
from courses.definitions import MOST_OBJECTIVES
from courses.forms.courses import CourseForm, act, course_form, new_course, values_of
from courses.models import Course, CourseStatus
from courses.states import COURSE
from courses.views.blueprint import pages
from people.permissions import Permission as P
from people.queries import body_name, centres_to_choose


@pages.get("/courses")
@public
def courses() -> str:
    """Current courses; users who can retire courses also find retired ones."""
    is_retired = request.args.get("status") == CourseStatus.RETIRED and can(
        current_actor(), P.COURSE_RETIRE
    )
    page = queries.list_courses(is_retired=is_retired, after=request.args.get("after"))
    return render_template("courses/courses.html", page=page, is_retired=is_retired)


@pages.get("/courses/<code>")
@public
def course(code: str) -> str:
    course = queries.get_course(code)
    version = course.current
    days = [
        (day, list(blocks)) for day, blocks in groupby(version.blocks, key=lambda block: block.day)
    ]
    return render_template(
        "courses/course.html",
        course=course,
        centre=body_name(course.centre),
        version=version,
        days=days,
        length=(version.days, len(version.blocks), version.minutes),
        objectives=version.objectives,
        prerequisites=queries.titles_of(version.prerequisites),
        deliveries=queries.upcoming_of(course),
        may_schedule=services.may_schedule(current_actor(), course),
        may_change=can(current_actor(), P.COURSE_WRITE, course),
        steps=COURSE.available(course, current_actor()),
        most_objectives=MOST_OBJECTIVES,
    )


@pages.post("/courses/<code>/retire")
@requires(P.COURSE_RETIRE)
def retire(code: str) -> Any:
    with transaction():
        course = services.retire(current_actor(), code)
        flash(
            _(
                "%(code)s is retired. Its deliveries go on; no new one can be scheduled.",
                code=course.code,
            ),
            "ok",
        )
    return see_other(url_for("courses.course", code=course.code))


@pages.post("/courses/<code>/bring-back")
@requires(P.COURSE_RETIRE)
def bring_back(code: str) -> Any:
    with transaction():
        course = services.bring_back(current_actor(), code)
        flash(_("%(code)s is taught again.", code=course.code), "ok")
    return see_other(url_for("courses.course", code=course.code))


@pages.route("/courses/new", methods=["GET", "POST"])
@requires(P.COURSE_WRITE)
@submitted_once
def new() -> Any:
    return _edit(None)


@pages.route("/courses/<code>/edit", methods=["GET", "POST"])
@requires(P.COURSE_WRITE)
def edit(code: str) -> Any:
    course = queries.get_course(code)
    require(current_actor(), P.COURSE_WRITE, course)
    return _edit(course)


def _edit(course: Course | None) -> Any:
    """The form of a course, or of a new one. Only the button "save" saves; the others change its
    rows."""
    if request.method == "GET":
        values = values_of(course) if course else new_course()
        return _page(course_form(values, is_sent=False, centres=_centres(course)), course)
    button = "read" if is_shown_again() else request.form.get("button", "save")
    form = course_form(act(request.form, button), is_sent=True, centres=_centres(course))
    if button == "save" and form.validate_on_submit():
        with refusals_on(form):
            with transaction():
                answer = _save(form, course.code if course else None)
            return answer
        return _page(
            form, course and queries.get_course(course.code)
        )  # the refusal rolled back what was read
    return _page(form, course, is_checked=button == "save")


def _centres(course: Course | None) -> list[tuple[str, str]]:
    """(code, name) of the centres a new course can belong to; an existing course stays with its
    own."""
    return (
        []
        if course
        else [(centre.code, body_name(centre)) for centre in centres_to_choose(current_actor())]
    )


def _save(form: CourseForm, code: str | None) -> Any:
    actor, version = current_actor(), form.version.data
    if code is None:
        code = (form.code.data or "").strip()
        services.make_course(actor, code, form.definition(), centre=form.chosen_centre)
        flash(
            _("The course %(code)s was made. You can schedule its first delivery now.", code=code),
            "ok",
        )
    else:
        definition = form.definition(queries.get_course(code).layout)
        course, _is_new = services.put_course(
            actor, code, definition, version=parse_int(version), centre=form.chosen_centre
        )
        number = course.current.number
        flash(
            _(
                "The course %(code)s was saved. Its version in force is number %(version)s.",
                code=code,
                version=number,
            ),
            "ok",
        )
    return remember_answer(url_for("courses.course", code=code))


def _page(form: CourseForm, course: Course | None, is_checked: bool = True) -> Any:
    """`is_checked` False: a row was added or removed, so faults are not shown yet."""
    if not is_checked:
        for field in form:
            if not isinstance(field.errors, Mapping):
                field.errors = []
    skills = queries.skills_to_choose()
    return render_template(
        "courses/course_form.html", form=form, course=course, skills=skills
    ), form.status
