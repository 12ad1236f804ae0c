"""The list of skills and the courses that grant them."""

from __future__ import annotations

from flask import render_template, request

from core.web import public
from courses import queries
from courses.views.blueprint import pages


@pages.get("/skills")
@public
def skills() -> str:
    page = queries.list_skills(after=request.args.get("after"))
    return render_template("courses/skills.html", page=page, courses=queries.granting_courses())
