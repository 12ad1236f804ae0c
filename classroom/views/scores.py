"""The pre-test and post-test scores of a delivery."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from classroom import queries, services
from classroom.models import ScoreKind
from classroom.queries import GridRow
from classroom.services import ScoreGiven
from classroom.views.attendance import teaching
from classroom.views.blueprint import pages
from core.database import transaction
from core.errors import Conflict, Invalid
from core.forms import is_shown_again
from core.i18n import number
from core.paging import Numbered, numbered
from core.policy import require
from core.refusals import tells_all
from core.web import current_actor, requires, see_other
from courses.models import Delivery
from courses.queries import has_begun
from courses.services import touch
from people.permissions import Permission as P


@dataclass
class Cell:
    """One score on the page. `was`: the score when the page was loaded."""

    enrollment_id: int
    kind: ScoreKind
    name: str
    value: str
    was: str
    error: Any = None

    @property
    def field(self) -> str:
        return f"{self.kind.value}-{self.enrollment_id}"

    @property
    def is_changed(self) -> bool:
        """True also for a field that was emptied: its score is removed."""
        return self.value != self.was


@dataclass
class Line:
    """One person on the page."""

    name: str
    note: str
    cells: list[Cell]


@pages.route("/deliveries/<code>/scores", methods=["GET", "POST"])
@requires(P.ATTENDANCE_READ)
@tells_all
def scores(code: str) -> Any:
    delivery, actor = teaching(code, P.ATTENDANCE_READ), current_actor()
    if request.method == "GET":
        sheet, rows = _shown(delivery)
        return _page(delivery, sheet, [_line(row) for row in rows], rows)
    require(actor, P.ATTENDANCE_RECORD, delivery)
    if is_shown_again():
        sheet, rows = _shown(delivery)
        return _page(delivery, sheet, [_typed(_line(row)) for row in rows], rows)
    with transaction():
        touch(delivery.id)
        _sheet, rows = _shown(delivery)
        lines = [_typed(_line(row)) for row in rows]
        changed = [cell for line in lines for cell in line.cells if cell.is_changed]
        typed = [
            ScoreGiven(cell.enrollment_id, cell.kind, _percent(cell.value)) for cell in changed
        ]
        try:
            if typed:
                services.record_scores(actor, delivery.id, typed)
        except Invalid as refusal:
            _refuse(changed, refusal)
        except Conflict as refusal:
            if refusal.code != "session_not_begun":
                raise
            _refuse_post(changed, refusal)
    if any(cell.error for cell in changed):
        delivery = teaching(code, P.ATTENDANCE_READ)
        is_early = any(
            cell.error and cell.kind is ScoreKind.POST for cell in changed
        ) and not has_begun(delivery.id)
        sheet, rows = _shown(delivery)
        return _page(delivery, sheet, lines, rows, 409 if is_early else 422)
    removed = sum(not cell.value for cell in changed)
    if removed:
        flash(ngettext("%(num)s score removed.", "%(num)s scores removed.", removed), "ok")
    if not removed or len(changed) > removed:
        flash(
            ngettext("%(num)s score saved.", "%(num)s scores saved.", len(changed) - removed), "ok"
        )
    return see_other(url_for("classroom.scores", code=code, page=request.args.get("page")))


def _shown(delivery: Delivery) -> tuple[Numbered[int], list[GridRow]]:
    """The page that the address names, and its rows. For a form that was sent, the people in that
    form: people who came or left since may have moved them to another page."""
    ids = services.correctable_ids(delivery, queries.seated(delivery))
    sheet = numbered({"people": ids}, request.args.get("page", 1, type=int))
    shown = sheet.rows
    if request.method == "POST" and sheet.last > 1:
        shown = [
            enrollment_id
            for enrollment_id in ids
            if f"was-{ScoreKind.PRE.value}-{enrollment_id}" in request.form
        ]
    return sheet, queries.score_rows(delivery, shown)


def _line(row: GridRow) -> Line:
    saved = [(kind, _words(row.scores.get(kind))) for kind in ScoreKind]
    enrollment = row.enrollment
    origin = (
        enrollment.nominated_by.name if enrollment.nominated_by else enrollment.organization or ""
    )
    name = enrollment.person.full_name
    return Line(
        name, origin, [Cell(enrollment.id, kind, name, value, value) for kind, value in saved]
    )


def _words(score: float | None) -> str:
    return "" if score is None else number(score)


def _typed(line: Line) -> Line:
    for cell in line.cells:
        cell.was = request.form.get(f"was-{cell.field}", "")
        cell.value = request.form.get(cell.field, cell.was).strip()[:20]
    return line


def _percent(typed: str) -> float | None:
    """The number that was typed, with a comma or a point. Other text becomes a number out of
    range, so that the service refuses it with its own message."""
    if not typed:
        return None
    try:
        value = float(typed.replace(",", ".").removesuffix("%"))
    except ValueError:
        return -1.0
    return value if math.isfinite(value) else -1.0


def _refuse(changed: list[Cell], refusal: Invalid) -> None:
    """Puts the errors of the service ("scores.3.percent") on their cells. No score was saved."""
    for error in refusal.errors or [refusal]:
        parts = (error.field or "").split(".")
        if len(parts) > 1 and parts[1].isdigit():
            changed[int(parts[1])].error = error.message


def _refuse_post(changed: list[Cell], refusal: Conflict) -> None:
    """Puts the refusal on every post-test score, because the course has not begun. No score was
    saved."""
    for cell in changed:
        if cell.kind is ScoreKind.POST:
            cell.error = refusal.message


def _page(
    delivery: Delivery,
    sheet: Numbered[int],
    lines: list[Line],
    rows: list[GridRow],
    status: int = 200,
) -> Any:
    cells = [cell for line in lines for cell in line.cells]
    page = render_template(
        "classroom/scores.html",
        delivery=delivery,
        sheet=sheet,
        lines=lines,
        needed=delivery.version.min_score_percent,
        may_record=services.may_record(current_actor(), delivery, [row.enrollment for row in rows]),
        has_begun=has_begun(delivery.id),
        errors=[
            (_("%(name)s: %(error)s", name=cell.name, error=cell.error), cell.field)
            for cell in cells
            if cell.error
        ],
    )
    return page, status
