"""Attendance of one session on one screen. No mark is assumed, and none is lost: if someone else
changed a mark since the page was loaded, the page shows both and saves yours only when you send it
again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from classroom import queries, services
from classroom.models import Mark, MarkKind
from classroom.queries import GridRow
from classroom.services import MarkGiven, MarkSeen
from classroom.views.blueprint import pages
from core import clock
from core.database import transaction
from core.errors import Invalid, NotFound
from core.forms import is_shown_again, parse_int
from core.i18n import number
from core.policy import require
from core.web import current_actor, requires, see_other
from core.words import word
from courses.models import Delivery, DeliverySession
from courses.queries import SESSIONS, get_delivery, get_delivery_for
from courses.services import touch
from courses.timetable import local_day
from people.permissions import Permission as P


@dataclass
class Line:
    """One person on the page. `was`: the mark when the page was loaded; `minutes` only if the
    person was late."""

    enrollment_id: int
    name: str
    mark: str
    minutes: str
    was: str
    error: Any = None
    is_contested: bool = False
    kept: Mark | None = None

    @property
    def is_changed(self) -> bool:
        mark, _sign, minutes = self.was.partition(":")
        if self.mark != MarkKind.LATE:
            return bool(self.mark) and self.mark != mark
        return mark != MarkKind.LATE or minutes != self.minutes


@pages.get("/deliveries/<code>/attendance")
@requires(P.ATTENDANCE_READ)
def attendance(code: str) -> Any:
    """The session that is under way, else the next one, else the last."""
    delivery = teaching(code, P.ATTENDANCE_READ)
    current = queries.session_now(delivery)
    if current is None:
        raise NotFound("no_sessions", _l("This delivery has no sessions."))
    return see_other(url_for("classroom.attendance_session", code=code, number=current.number))


@pages.route("/deliveries/<code>/attendance/<int:number>", methods=["GET", "POST"])
@requires(P.ATTENDANCE_READ)
def attendance_session(code: str, number: int) -> Any:
    delivery = teaching(code, P.ATTENDANCE_READ)
    session = next((one for one in delivery.sessions if one.number == number), None)
    if session is None:
        raise NotFound("unknown_session", _l("There is no session with this number."))
    if request.method == "POST":
        require(current_actor(), P.ATTENDANCE_RECORD, delivery)
        return _received(delivery, session)
    rows = queries.session_rows(delivery, session)
    return _page(
        delivery,
        session,
        rows,
        [_line(row, session) for row in services.correctable(delivery, rows)],
    )


def teaching(code: str, permission: P) -> Delivery:
    """The delivery, for those who may see its attendance."""
    return get_delivery_for(current_actor(), code, permission, load=SESSIONS)


def _line(row: GridRow, session: DeliverySession) -> Line:
    """A person as kept."""
    enrollment = row.enrollment
    kept = row.marks.get(session.number)
    return Line(
        enrollment_id=enrollment.id,
        name=enrollment.person.full_name,
        mark=kept.mark.value if kept else "",
        minutes=_minutes_shown(kept),
        was=_as_shown(kept),
        kept=kept,
    )


def _as_shown(kept: Mark | None) -> str:
    """The mark as a hidden field carries it, so that a later change is noticed."""
    return f"{kept.mark.value}:{_minutes_shown(kept)}" if kept else ""


def _minutes_shown(kept: Mark | None) -> str:
    return str(kept.minutes) if kept is not None and kept.mark is MarkKind.LATE else ""


def _typed(row: GridRow, session: DeliverySession) -> Line:
    """A person as sent."""
    line = _line(row, session)
    form, at = request.form, line.enrollment_id
    sent = form.get(f"mark-{at}", "")
    line.was = form.get(f"was-{at}", "")
    line.mark = sent if sent in set(MarkKind) else ""
    line.minutes = form.get(f"minutes-{at}", "").strip() if line.mark == MarkKind.LATE else ""
    return line


def _as_sent(row: GridRow, session: DeliverySession) -> Line:
    """A person as sent, with minutes that count for nothing yet."""
    line = _typed(row, session)
    line.minutes = request.form.get(f"minutes-{line.enrollment_id}", "").strip()[:4]
    return line


def _received(delivery: Delivery, session: DeliverySession) -> Any:
    if is_shown_again():
        rows = queries.session_rows(delivery, session)
        return _page(
            delivery,
            session,
            rows,
            [_as_sent(row, session) for row in services.correctable(delivery, rows)],
        )
    if not services.may_be_marked(
        session
    ):  # the page offers no marks: it was made before the session was cancelled, or by hand
        rows = queries.session_rows(delivery, session)
        return _page(
            delivery,
            session,
            rows,
            [_line(row, session) for row in services.correctable(delivery, rows)],
            is_refused=True,
        )
    if request.form.get("rest") == MarkKind.PRESENT:
        rows = queries.session_rows(delivery, session)
        return _page(delivery, session, rows, _with_rest_present(delivery, rows, session))
    which, code = session.number, delivery.code
    with transaction():
        touch(delivery.id)
        rows = queries.session_rows(delivery, session)
        lines = [_typed(row, session) for row in services.correctable(delivery, rows)]
        _compare(lines, session)
        _ask_for_minutes(lines)
        changed = [line for line in lines if line.is_changed and line.error is None]
        try:
            if changed:
                marks = [_given(line, session) for line in changed]
                services.record_attendance(current_actor(), delivery.id, marks)
        except Invalid as refusal:
            _refuse(changed, refusal)
            changed = []
    if any(line.error for line in lines):
        # read afresh: what was read before ended with the transaction
        delivery = get_delivery(current_actor(), code, load=SESSIONS)
        now = next(one for one in delivery.sessions if one.number == which)
        return _page(delivery, now, queries.session_rows(delivery, now), lines, saved=len(changed))
    if changed:
        marked = sum(bool(line.mark) for line in lines)
        flash(
            _(
                "Saved: %(marked)s of %(total)s are marked.",
                marked=number(marked),
                total=number(len(lines)),
            ),
            "ok",
        )
    else:
        flash(_("There was nothing new to save."), "ok")
    return see_other(url_for("classroom.attendance_session", code=code, number=which))


def _with_rest_present(
    delivery: Delivery, rows: list[GridRow], session: DeliverySession
) -> list[Line]:
    """What was sent, with everyone who has no mark yet as present; not saved."""
    lines = [_typed(row, session) for row in services.correctable(delivery, rows)]
    for line in lines:
        line.mark = line.mark or MarkKind.PRESENT.value
    return lines


def _ask_for_minutes(lines: list[Line]) -> None:
    """Programs may leave them out, which means the whole session; someone who chose "late" on the
    page has forgotten them."""
    for line in lines:
        if line.is_changed and line.mark == MarkKind.LATE and not line.minutes and not line.error:
            line.error = _("Give the minutes that this person was there.")


def _compare(lines: list[Line], session: DeliverySession) -> None:
    """Says at each changed line what someone else has saved since the page was loaded; sent again,
    the line replaces that mark."""
    for line in lines:
        current = _as_shown(line.kept)
        if not line.kept or line.was == current:
            continue
        if not line.is_changed:  # not changed here, so theirs stays
            line.mark, line.minutes, line.was = (
                line.kept.mark.value,
                _minutes_shown(line.kept),
                current,
            )
        elif services.is_contested(_given(line, session), line.kept, session):
            line.error = _(
                "Meanwhile marked by someone else: %(theirs)s. Your mark: %(ours)s. Save again to "
                "keep yours.",
                theirs=word(line.kept.mark),
                ours=word(line.mark, MarkKind),
            )
            line.was, line.is_contested = current, True


def _given(line: Line, session: DeliverySession) -> MarkGiven:
    """The line's mark, to replace the one that the page was loaded with."""
    seen, _sign, minutes = line.was.partition(":")
    expected = MarkSeen(seen, _minutes_typed(seen, minutes))
    return MarkGiven(
        line.enrollment_id,
        session.number,
        line.mark,
        _minutes_typed(line.mark, line.minutes),
        expected,
    )


def _minutes_typed(mark: str, typed: str) -> int | None:
    """Minutes of someone late. The service refuses what is no number as out of range, in its own
    words."""
    if mark != MarkKind.LATE:
        return None
    number = parse_int(typed)
    return -1 if number is None else number


def _refuse(changed: list[Line], refusal: Invalid) -> None:
    """Shows the service's refusals ("marks.3.minutes") at their lines. No mark was saved."""
    for one in refusal.errors or [refusal]:
        parts = (one.field or "").split(".")
        if len(parts) > 1 and parts[1].isdigit():
            changed[int(parts[1])].error = one.message


def _following(delivery: Delivery, session: DeliverySession) -> int | None:
    """The number of the next session."""
    return next((one.number for one in delivery.held if one.number > session.number), None)


def _page(
    delivery: Delivery,
    session: DeliverySession,
    rows: list[GridRow],
    lines: list[Line],
    saved: int = 0,
    *,
    is_refused: bool = False,
) -> Any:
    actor = current_actor()
    marked = queries.count_marked(delivery)
    page = render_template(
        "classroom/attendance.html",
        delivery=delivery,
        session=session,
        day=local_day(delivery, session),
        lines=lines,
        sessions=[(one, local_day(delivery, one), marked[one.number]) for one in delivery.sessions],
        total=len(rows),
        following=_following(delivery, session) if marked[session.number] == len(rows) else None,
        is_reopened=services.may_record(actor, delivery, rows),
        has_begun=clock.now() >= session.starts_at,
        may_record=services.may_record(actor, delivery, rows) and services.may_be_marked(session),
        is_unsaved=request.form.get("rest") == MarkKind.PRESENT,
        errors=[
            (_("%(name)s: %(error)s", name=one.name, error=one.error), f"at-{one.enrollment_id}")
            for one in lines
            if one.error
        ],
        saved=saved,
    )
    if is_refused or any(line.is_contested for line in lines):
        return page, 409
    return page, 422 if any(line.error for line in lines) else 200
