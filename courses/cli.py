"""Commands: courses from a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from flask_babel import lazy_gettext as _l

from core.api import validate
from core.commands import Commands
from core.database import transaction
from core.errors import DomainError, Invalid
from core.policy import SYSTEM
from courses import services
from courses.schemas import CourseBody

courses_cli = Commands("courses", help="Courses.")


@courses_cli.command(
    "import", help="Creates or changes courses from a JSON file: one course, or a list of them."
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_courses(file: Path) -> None:
    """Imports all courses of the file, or none: faults are listed, with exit status 1."""
    done: list[str] = []
    try:
        courses = _courses_in(file)
        with transaction():
            for number, values in enumerate(courses, 1):
                done.append(_import_one(values, f"course {number}" if len(courses) > 1 else ""))
    except DomainError as refusal:
        for error in refusal.errors or [refusal]:
            click.echo(
                f"{file.name}: {f'{error.field}: ' if error.field else ''}{error.message}", err=True
            )
        sys.exit(1)
    for line in done:
        click.echo(line)


def _courses_in(file: Path) -> list[Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        raise Invalid("malformed_json", _l("This file is not JSON in UTF-8.")) from None
    return content if isinstance(content, list) else [content]


def _import_one(values: Any, where: str) -> str:
    """Imports one course and reports the result."""
    try:
        if not isinstance(values, dict):
            raise Invalid("malformed_json", _l("A course is a JSON object, such as {…}."))
        body = validate(CourseBody, values)
        assert isinstance(body, CourseBody)
        definition = body.definition()
        if not body.code:
            raise Invalid("required", _l("Give a code, such as GTI."), "code")
        course, is_new = services.put_course(
            SYSTEM, body.code, definition, version=None, centre=body.centre
        )
    except DomainError as refusal:
        raise _located(refusal, where) from None
    return f"{course.code}: {'made' if is_new else 'up to date'}, version {course.current.number}"


def _located(refusal: DomainError, where: str) -> DomainError:
    """The refusal, with its place in the file before each field."""
    several = refusal.errors or [refusal]
    errors = [
        type(error)(error.code, error.message, ", ".join(filter(None, (where, error.field))))
        for error in several
    ]
    return Invalid(refusal.code, refusal.message, errors=list(errors))
