"""The form of a course. Its rows (sessions, objectives, skills) are added and removed by submit buttons, so it works
without JavaScript: every sending is read into rows, the act is applied to them, and the form is made anew for the result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from core.errors import DomainError
from core.forms import CheckboxesField, Form, NumberField, SubmissionField, whole
from courses.definitions import CourseDefinition, GrantDefinition, SessionDefinition, Texts
from courses.models import Course, SkillLevel
from people.models import PersonnelCategory

#: Kind of row → the fields of one, and what a new one begins with.
ROWS: dict[str, dict[str, str]] = {
    "sessions": {
        "day": "1", "start": "", "minutes": "90", "title-en": "", "title-fr": "", "objective-en": "", "objective-fr": "",
    },
    "objectives": {"en": "", "fr": ""},
    "grants": {"skill": "", "title-en": "", "title-fr": "", "level": "practitioner", "valid_months": "36"},
}  # fmt: skip
#: A row in which none of these is filled in is no part of the course.
TELLING = {
    "sessions": ("start", "title-en", "title-fr", "objective-en", "objective-fr"),
    "objectives": ("en", "fr"),
    "grants": ("skill", "title-en", "title-fr"),
}
MOST_ROWS = 150
USUAL_STARTS = ("09:00", "11:00", "13:30", "15:30")

Row = dict[str, str]
Rows = dict[str, list[Row]]


class CourseForm(Form):
    """The fields that are always there; `course_form` adds those of the rows."""

    code = StringField(_l("Code"))
    centre = SelectField(_l("Training centre"), validate_choice=False)
    title_en = StringField(_l("Title in English"), name="title-en")
    title_fr = StringField(_l("Title in French"), name="title-fr")
    summary_en = TextAreaField(_l("Summary in English"), name="summary-en")
    summary_fr = TextAreaField(_l("Summary in French"), name="summary-fr")
    audience = CheckboxesField(_l("Who it is for"), validate_choice=False)
    default_places = NumberField(_l("Usual number of places"))
    day_starts = StringField(_l("The day starts at"), name="time_of_day-start")
    day_ends = StringField(_l("The day ends at"), name="time_of_day-end")
    min_attendance = NumberField(
        _l("Attendance needed, in percent of the minutes"),
        [InputRequired(_l("Give a percentage from 0 to 100."))],
        name="completion-min_attendance_percent",
    )
    min_score = NumberField(_l("Score needed in the final test, in percent"), name="completion-min_score_percent")
    prerequisites = StringField(_l("Courses to have completed before"), name="completion-prerequisites")
    submission = SubmissionField()
    version = HiddenField()
    counts: Mapping[str, int] = {}

    def __init__(self, centres: Sequence[tuple[str, str]] = (), **kwargs: Any):
        super().__init__(**kwargs)
        if len(centres) > 1:
            self.centre.choices = list(centres)
        else:
            del self.centre  # there is nothing to choose
        self.audience.choices = [(one.value, one.words) for one in reversed(PersonnelCategory)]
        for number in range(self.counts["grants"]):
            self[f"grants-{number}-level"].choices = SkillLevel.choices()
        for kind, title in _ROW_TITLES.items():
            for number, row in enumerate(self.rows(kind), 1):
                for field in row.values():
                    field.row = title % {"number": number}
        self._fields = dict(sorted(self._fields.items(), key=lambda item: _part_of_page(item[1].name)))

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """The fields of each row, by their name in the row."""
        return [{name: self[f"{kind}-{number}-{name}"] for name in ROWS[kind]} for number in range(self.counts[kind])]

    def _filled(self, kind: str) -> dict[int, dict[str, Any]]:
        """The rows that say something, by their place among all rows."""
        rows = enumerate(self.rows(kind))
        return {number: row for number, row in rows if any((row[name].data or "").strip() for name in TELLING[kind])}

    @property
    def chosen_centre(self) -> str | None:
        return self.centre.data if self.centre else None

    def definition(self) -> CourseDefinition:
        """What was typed, as a course. Numbers left empty count as 0, which the rules refuse where they may not be."""
        return CourseDefinition(
            title=_texts(self.title_en.data, self.title_fr.data),
            summary=_texts(self.summary_en.data, self.summary_fr.data) or None,
            audience=tuple(self.audience.data or ()),
            default_places=self.default_places.data or 0,
            day_starts=_clock(self.day_starts.data),
            day_ends=_clock(self.day_ends.data),
            sessions=tuple(
                SessionDefinition(
                    day=row["day"].data or 0,
                    start=_clock(row["start"].data),
                    minutes=row["minutes"].data or 0,
                    title=_texts(row["title-en"].data, row["title-fr"].data),
                    objective=_texts(row["objective-en"].data, row["objective-fr"].data) or None,
                )
                for row in self._filled("sessions").values()
            ),
            objectives=tuple(_texts(row["en"].data, row["fr"].data) for row in self._filled("objectives").values()),
            min_attendance_percent=self.min_attendance.data or 0,
            min_score_percent=self.min_score.data,
            prerequisites=tuple(dict.fromkeys(re.findall(r"[^\s,;]+", self.prerequisites.data or ""))),
            grants=tuple(
                GrantDefinition(
                    skill=(row["skill"].data or "").strip(),
                    level=row["level"].data or "",
                    valid_months=row["valid_months"].data,
                    title=_texts(row["title-en"].data, row["title-fr"].data) or None,
                )
                for row in self._filled("grants").values()
            ),
        )

    def refuse(self, error: DomainError) -> None:
        """Titles are two fields: a fault of the title goes to the English one. The rest is named as in the API, whose rows are
        those filled in here."""
        for one in error.errors or [error]:
            parts = (one.field or "").split(".")
            if parts[0] in ROWS and len(parts) > 1:
                parts[1] = str(list(self._filled(parts[0]))[int(parts[1])])
            path = "-".join(parts)
            fields = {field.name: name for name, field in self._fields.items()}
            name = fields.get(path) or fields.get(f"{path}-en") or fields.get(path.rpartition("-")[0], "")
            if name and name in self._fields:
                self[name].errors = [*self[name].errors, one.message]
            else:
                self.refused.append(one.message)


def _texts(english: str | None, french: str | None) -> Texts:
    pairs = {"en": (english or "").strip(), "fr": (french or "").strip()}
    return {code: text for code, text in pairs.items() if text}


def _clock(typed: str | None) -> str:
    """ "9:00", "9h00" and "09.00" are "09:00"; anything else stays for the rules to refuse."""
    text = (typed or "").strip()
    found = re.fullmatch(r"(\d{1,2})\s*[:.hH]\s*(\d{2})", text)
    return f"{int(found[1]):02d}:{found[2]}" if found else text


def _part_of_page(name: str) -> int:
    """Where on the page a field stands: the summary of what is wrong follows the page, though rows are made last."""
    parts = ("", "sessions", "objectives", "completion", "grants")
    kind = name.partition("-")[0]
    return parts.index(kind) if kind in parts else 0


def _row_field(kind: str, name: str) -> Any:
    words = _ROW_WORDS[kind][name]
    if name == "level":
        return SelectField(words, validate_choice=False)
    if name in ("day", "minutes", "valid_months"):
        return NumberField(words)
    return StringField(words)


_ROW_WORDS: dict[str, dict[str, Any]] = {
    "sessions": {
        "day": _l("Day"), "start": _l("Start"), "minutes": _l("Minutes"), "title-en": _l("Title in English"),
        "title-fr": _l("Title in French"), "objective-en": _l("Objective in English"), "objective-fr": _l("Objective in French"),
    },
    "objectives": {"en": _l("In English"), "fr": _l("In French")},
    "grants": {
        "skill": _l("Code of the skill"), "title-en": _l("Title in English, for a new skill"),
        "title-fr": _l("Title in French, for a new skill"), "level": _l("Level"), "valid_months": _l("Months valid"),
    },
}  # fmt: skip


_ROW_TITLES = {
    "sessions": _l("Session %(number)s"), "objectives": _l("Objective %(number)s"), "grants": _l("Skill %(number)s"),
}  # fmt: skip


def course_form(
    values: MultiDict[str, str] | Mapping[str, Any], is_sent: bool, centres: Sequence[tuple[str, str]] = ()
) -> CourseForm:
    """A form with a field for every row in `values`, and one for the centre where there are several."""
    counts = {kind: len(rows) for kind, rows in read_rows(values).items()}
    fields = {
        f"{kind}-{number}-{name}": _row_field(kind, name)
        for kind, count in counts.items()
        for number in range(count)
        for name in ROWS[kind]
    }
    made = type("FilledCourseForm", (CourseForm,), {**fields, "counts": counts})
    return made(centres, formdata=values if is_sent else None, data=None if is_sent else values)


def read_rows(values: Mapping[str, Any]) -> Rows:
    """The rows among the values, in order, whatever their numbers."""
    found: dict[str, dict[int, Row]] = {kind: {} for kind in ROWS}
    for key in values:
        kind, _, rest = key.partition("-")
        number, _, name = rest.partition("-")
        if kind in ROWS and name in ROWS[kind] and (place := whole(number)) is not None:
            found[kind].setdefault(place, {})[name] = str(values[key])
    return {kind: [rows[number] for number in sorted(rows)][:MOST_ROWS] for kind, rows in found.items()}


def act(values: MultiDict[str, str], button: str) -> MultiDict[str, str]:
    """The values after a button was pressed: "add-sessions", "remove-grants-0"; any other leaves the rows as they are."""
    rows = read_rows(values)
    what, _, which = button.partition("-")
    kind, _, number = which.partition("-")
    if what == "add" and kind in rows:
        rows[kind].append(_new_row(kind, rows[kind]))
    elif what == "remove" and kind in rows and (place := whole(number)) is not None and place < len(rows[kind]):
        del rows[kind][place]
    kept = MultiDict([(key, value) for key, value in values.items(multi=True) if key.partition("-")[0] not in ROWS])
    kept.update(flat_rows(rows))
    return kept


def _new_row(kind: str, before: list[Row]) -> Row:
    row = dict(ROWS[kind])
    if kind == "sessions" and before:
        last = before[-1]
        row |= {"day": last.get("day", "1"), "minutes": last.get("minutes", "90")}
        later = [start for start in USUAL_STARTS if start > _clock(last.get("start"))]
        row["start"] = later[0] if later else ""
    return row


def flat_rows(rows: Mapping[str, Iterable[Row]]) -> dict[str, str]:
    """Rows as the fields of a form."""
    return {
        f"{kind}-{number}-{name}": value
        for kind, those in rows.items()
        for number, row in enumerate(those)
        for name, value in row.items()
    }


def new_course() -> dict[str, Any]:
    """What the form of a new course begins with: three days of four sessions."""
    sessions = [{**ROWS["sessions"], "day": str(day), "start": start} for day in (1, 2, 3) for start in USUAL_STARTS]
    rows = flat_rows({"sessions": sessions, "objectives": [ROWS["objectives"]], "grants": [ROWS["grants"]]})
    return {
        **rows, "audience": list(PersonnelCategory), "default_places": 25, "day_starts": "09:00", "day_ends": "17:00",
        "min_attendance": 100, "min_score": 70,
    }  # fmt: skip


def values_of(course: Course) -> dict[str, Any]:
    """What the form begins with for a course that exists."""
    version = course.current
    rows: Rows = {
        "sessions": [
            {
                "day": str(block.day), "start": block.start, "minutes": str(block.minutes),
                **_two("title-", block.title), **_two("objective-", block.objective),
            }
            for block in version.blocks
        ],
        "objectives": [_two("", objective) for objective in version.objectives],
        "grants": [
            {
                "skill": grant.skill.code, "title-en": "", "title-fr": "", "level": grant.level.value,
                "valid_months": str(grant.valid_months or ""),
            }
            for grant in version.grants
        ],
    }  # fmt: skip
    return {
        **flat_rows(rows),
        "code": course.code,
        "title_en": course.title.get("en", ""),
        "title_fr": course.title.get("fr", ""),
        "summary_en": (course.summary or {}).get("en", ""),
        "summary_fr": (course.summary or {}).get("fr", ""),
        "audience": course.audience,
        "default_places": course.default_places,
        "day_starts": course.day_starts,
        "day_ends": course.day_ends,
        "min_attendance": version.min_attendance_percent,
        "min_score": version.min_score_percent,
        "prerequisites": ", ".join(version.prerequisites),
        "version": str(version.number),
    }


def _two(prefix: str, texts: Texts | None) -> Row:
    return {f"{prefix}{code}": (texts or {}).get(code, "") for code in ("en", "fr")}
