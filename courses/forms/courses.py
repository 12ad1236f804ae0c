"""The form of a course. Submit buttons add and remove its rows (sessions, objectives, skills), so
it works without JavaScript: each request is read into rows, the button's action is applied, and the
form is rebuilt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from core.errors import DomainError
from core.forms import CheckboxesField, Form, NumberField, SubmissionField, TextsField, parse_int
from core.i18n import text
from core.printing import layouts
from courses.definitions import USUAL_LAYOUT, CourseDefinition, GrantDefinition, SessionDefinition
from courses.models import Course, SkillLevel
from people.personnel import PersonnelCategory

Row = dict[str, Any]
Rows = dict[str, list[Row]]

#: Kind of row → its fields with the values of a new row; a mapping is a text by language.
ROWS: dict[str, Row] = {
    "sessions": {"day": "1", "start": "", "minutes": "90", "title": {}, "objective": {}},
    "objectives": {"text": {}},
    "grants": {"skill": "", "title": {}, "level": "practitioner", "valid_months": "36"},
}
#: A row in which all of these are empty is ignored.
TELLING = {
    "sessions": ("start", "title", "objective"),
    "objectives": ("text",),
    "grants": ("skill", "title"),
}
MOST_ROWS = 150
USUAL_STARTS = ("09:00", "11:00", "13:30", "15:30")


class CourseForm(Form):
    """The permanent fields; `course_form` adds those of the rows."""

    code = StringField(_l("Code"))
    centre = SelectField(_l("Training centre"), validate_choice=False)
    title = TextsField(_l("Title in %(language)s"))
    summary = TextsField(_l("Summary in %(language)s"), part=TextAreaField)
    audience = CheckboxesField(_l("Who it is for"), validate_choice=False)
    default_places = NumberField(_l("Usual number of places"))
    day_starts = StringField(_l("The day starts at"), name="time_of_day-start")
    day_ends = StringField(_l("The day ends at"), name="time_of_day-end")
    min_attendance = NumberField(
        _l("Attendance needed, in percent of the minutes"),
        [InputRequired(_l("Give a percentage from 0 to 100."))],
        name="completion-min_attendance_percent",
    )
    min_score = NumberField(
        _l("Score needed in the final test, in percent"), name="completion-min_score_percent"
    )
    layout = SelectField(
        _l("Layout of its certificates"), validate_choice=False, default=USUAL_LAYOUT
    )
    prerequisites = StringField(
        _l("Courses to have completed before"), name="completion-prerequisites"
    )
    submission = SubmissionField()
    version = HiddenField()
    counts: Mapping[str, int] = {}

    def __init__(self, centres: Sequence[tuple[str, str]] = (), **kwargs: Any):
        super().__init__(**kwargs)
        if len(centres) > 1:
            self.centre.choices = list(centres)
        else:
            del self.centre  # there is no choice
        self.layout.choices = [(name, text(title)) for name, title in layouts().items()]
        if len(self.layout.choices) < 2:
            del self.layout
        self.audience.choices = [(category.value, category.words) for category in PersonnelCategory]
        for number in range(self.counts["grants"]):
            self[f"grants-{number}-level"].choices = SkillLevel.choices()
        for kind, title in _ROW_TITLES.items():
            for number, row in enumerate(self.rows(kind), 1):
                for field in _controls(row):
                    field.row = title % {"number": number}
        self._fields: dict[str, Any] = dict(
            sorted(self._fields.items(), key=lambda item: _part_of_page(item[1].name))
        )

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """The fields of each row, by name."""
        return [
            {name: self[f"{kind}-{number}-{name}"] for name in ROWS[kind]}
            for number in range(self.counts[kind])
        ]

    def _filled(self, kind: str) -> dict[int, dict[str, Any]]:
        """The rows with content, by position among all rows."""
        rows = enumerate(self.rows(kind))
        return {
            number: row
            for number, row in rows
            if any(_is_filled(row[name]) for name in TELLING[kind])
        }

    @property
    def chosen_centre(self) -> str | None:
        return self.centre.data if self.centre else None

    def definition(self, layout: str = USUAL_LAYOUT) -> CourseDefinition:
        """The typed values as a course. Empty numbers become 0, which the rules refuse where
        needed. `layout`: the current one, kept if there is no choice."""
        return CourseDefinition(
            title=self.title.texts,
            summary=self.summary.texts or None,
            audience=tuple(self.audience.data or ()),
            default_places=self.default_places.data or 0,
            day_starts=_clock(self.day_starts.data),
            day_ends=_clock(self.day_ends.data),
            sessions=tuple(
                SessionDefinition(
                    day=row["day"].data or 0,
                    start=_clock(row["start"].data),
                    minutes=row["minutes"].data or 0,
                    title=row["title"].texts,
                    objective=row["objective"].texts or None,
                )
                for row in self._filled("sessions").values()
            ),
            objectives=tuple(row["text"].texts for row in self._filled("objectives").values()),
            min_attendance_percent=self.min_attendance.data or 0,
            min_score_percent=self.min_score.data,
            prerequisites=tuple(
                dict.fromkeys(re.findall(r"[^\s,;]+", self.prerequisites.data or ""))
            ),
            grants=tuple(
                GrantDefinition(
                    skill=(row["skill"].data or "").strip(),
                    level=row["level"].data or "",
                    valid_months=row["valid_months"].data,
                    title=row["title"].texts or None,
                )
                for row in self._filled("grants").values()
            ),
            layout=(self.layout.data if self.layout else None) or layout,
        )

    def refuse(self, error: DomainError) -> None:
        """Shows an error of a text at its first language. For other fields, translates the API's
        names, which count only rows with content."""
        for refusal in error.errors or [error]:
            parts = (refusal.field or "").split(".")
            if parts[0] in ROWS and len(parts) > 1:
                parts[1] = str(list(self._filled(parts[0]))[int(parts[1])])
            path = "-".join(parts)
            field = (
                self.field_at(path)
                or self.field_at(f"{path}-text")
                or self.field_at(path.rpartition("-")[0])
            )
            if field is not None:
                field.errors = [*field.errors, refusal.message]
            else:
                self.refused.append(refusal.message)


def _controls(row: Mapping[str, Any]) -> Iterator[Any]:
    for field in row.values():
        yield from field if isinstance(field, TextsField) else (field,)


def _is_filled(field: Any) -> bool:
    return bool(field.texts if isinstance(field, TextsField) else (field.data or "").strip())


def _clock(typed: str | None) -> str:
    """ "9:00", "9h00" and "09.00" become "09:00"; anything else is left for the rules to refuse."""
    text = (typed or "").strip()
    match = re.fullmatch(r"(\d{1,2})\s*[:.hH]\s*(\d{2})", text)
    return f"{int(match[1]):02d}:{match[2]}" if match else text


def _part_of_page(name: str) -> int:
    """Where a field is on the page: rows are created last, but the summary of errors follows the
    page."""
    kinds = ("", "sessions", "objectives", "completion", "grants")
    kind = name.partition("-")[0]
    return kinds.index(kind) if kind in kinds else 0


def _row_field(kind: str, name: str) -> Any:
    words = _ROW_WORDS[kind][name]
    if isinstance(ROWS[kind][name], Mapping):
        return TextsField(words)
    if name == "level":
        return SelectField(words, validate_choice=False)
    if name in ("day", "minutes", "valid_months"):
        return NumberField(words)
    return StringField(words)


_ROW_WORDS: dict[str, dict[str, Any]] = {
    "sessions": {
        "day": _l("Day"),
        "start": _l("Start"),
        "minutes": _l("Minutes"),
        "title": _l("Title in %(language)s"),
        "objective": _l("Objective in %(language)s"),
    },
    "objectives": {"text": _l("In %(language)s")},
    "grants": {
        "skill": _l("Code of the skill"),
        "title": _l("Title in %(language)s, for a new skill"),
        "level": _l("Level"),
        "valid_months": _l("Months valid"),
    },
}


_ROW_TITLES = {
    "sessions": _l("Session %(number)s"),
    "objectives": _l("Objective %(number)s"),
    "grants": _l("Skill %(number)s"),
}


def course_form(
    values: MultiDict[str, str] | Mapping[str, Any],
    is_sent: bool,
    centres: Sequence[tuple[str, str]] = (),
) -> CourseForm:
    """A form with fields for every row in `values`, and for the centre if there is a choice."""
    counts = {kind: len(rows) for kind, rows in read_rows(values).items()}
    fields = {
        f"{kind}-{number}-{name}": _row_field(kind, name)
        for kind, count in counts.items()
        for number in range(count)
        for name in ROWS[kind]
    }
    form_class = type("FilledCourseForm", (CourseForm,), {**fields, "counts": counts})
    return form_class(
        centres, formdata=values if is_sent else None, data=None if is_sent else values
    )


def read_rows(values: Mapping[str, Any]) -> Rows:
    """The rows in the values, in order, however they are numbered."""
    rows: dict[str, dict[int, Row]] = {kind: {} for kind in ROWS}
    for key in values:
        kind, _, remainder = key.partition("-")
        number, _, name = remainder.partition("-")
        name, _, code = name.partition("-")
        if kind not in ROWS or name not in ROWS[kind] or (row_number := parse_int(number)) is None:
            continue
        row = rows[kind].setdefault(row_number, {})
        if code:
            row[name] = row.get(name, {}) | {code: str(values[key])}
        else:
            row[name] = values[key] if isinstance(values[key], Mapping) else str(values[key])
    return {
        kind: [numbered[number] for number in sorted(numbered)][:MOST_ROWS]
        for kind, numbered in rows.items()
    }


def act(values: MultiDict[str, str], button: str) -> MultiDict[str, str]:
    """The values after a button such as "add-sessions" or "remove-grants-0"; other buttons change
    nothing."""
    rows = read_rows(values)
    action, _, which = button.partition("-")
    kind, _, number = which.partition("-")
    if action == "add" and kind in rows:
        rows[kind].append(_new_row(kind, rows[kind]))
    elif (
        action == "remove"
        and kind in rows
        and (row_number := parse_int(number)) is not None
        and row_number < len(rows[kind])
    ):
        del rows[kind][row_number]
    others = MultiDict(
        [
            (key, value)
            for key, value in values.items(multi=True)
            if key.partition("-")[0] not in ROWS
        ]
    )
    others.update(_sent(flat_rows(rows)))
    return others


def _sent(values: Mapping[str, Any]) -> dict[str, str]:
    """The values as a form sends them, with one value per language for a text."""
    texts = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    each = {f"{key}-{code}": text for key, value in texts.items() for code, text in value.items()}
    return {key: value for key, value in values.items() if key not in texts} | each


def _new_row(kind: str, before: list[Row]) -> Row:
    row = dict(ROWS[kind])
    if kind == "sessions" and before:
        last = before[-1]
        row |= {"day": last.get("day", "1"), "minutes": last.get("minutes", "90")}
        later = [start for start in USUAL_STARTS if start > _clock(last.get("start"))]
        row["start"] = later[0] if later else ""
    return row


def flat_rows(rows: Mapping[str, Iterable[Row]]) -> dict[str, Any]:
    """Rows as form fields."""
    return {
        f"{kind}-{number}-{name}": value
        for kind, kind_rows in rows.items()
        for number, row in enumerate(kind_rows)
        for name, value in row.items()
    }


def new_course() -> dict[str, Any]:
    """Initial values for a new course: three days of four sessions."""
    sessions = [
        {**ROWS["sessions"], "day": str(day), "start": start}
        for day in (1, 2, 3)
        for start in USUAL_STARTS
    ]
    rows = flat_rows(
        {"sessions": sessions, "objectives": [ROWS["objectives"]], "grants": [ROWS["grants"]]}
    )
    return {
        **rows,
        "audience": list(PersonnelCategory),
        "default_places": 25,
        "day_starts": "09:00",
        "day_ends": "17:00",
        "min_attendance": 100,
        "min_score": 70,
    }


def values_of(course: Course) -> dict[str, Any]:
    """Initial values for an existing course."""
    version = course.current
    rows: Rows = {
        "sessions": [
            {
                "day": str(block.day),
                "start": block.start,
                "minutes": str(block.minutes),
                "title": block.title,
                "objective": block.objective or {},
            }
            for block in version.blocks
        ],
        "objectives": [{"text": objective} for objective in version.objectives],
        "grants": [
            {
                "skill": grant.skill.code,
                "title": {},
                "level": grant.level.value,
                "valid_months": str(grant.valid_months or ""),
            }
            for grant in version.grants
        ],
    }
    return {
        **flat_rows(rows),
        "code": course.code,
        "title": course.title,
        "summary": course.summary or {},
        "audience": course.audience,
        "default_places": course.default_places,
        "day_starts": course.day_starts,
        "day_ends": course.day_ends,
        "min_attendance": version.min_attendance_percent,
        "min_score": version.min_score_percent,
        "prerequisites": ", ".join(version.prerequisites),
        "layout": course.layout,
        "version": str(version.number),
    }
