"""The attendance of one session. No mark is assumed, and none is lost: if someone else changed a
mark since the page was loaded, the page shows both, and the new mark is saved only when it is sent
again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from classroom import queries, services
from classroom.models import MarkKind
from classroom.queries import Marked, SessionRow
from classroom.services import MarkGiven, MarkSeen
from classroom.views.blueprint import pages
from core import clock
from core.database import transaction
from core.errors import Invalid, NotFound
from core.forms import is_shown_again, parse_int
from core.i18n import number
from core.paging import Numbered, numbered
from core.policy import require
from core.refusals import tells_all
from core.web import current_actor, requires, see_other
from core.words import word
from courses.models import Delivery, DeliverySession
from courses.queries import SESSIONS, get_delivery, get_delivery_for
from courses.services import touch
from courses.timetable import local_day
from people.permissions import Permission as P

_MARKS = frozenset(MarkKind)


@dataclass
class Line:
    """One person on the page. `was`: the mark when the page was loaded; `minutes` only if the
    person was late; `saved`: the mark that is saved now."""

    enrollment_id: int
    name: str
    mark: str
    minutes: str
    was: str
    saved: Marked | None
    error: Any = None
    is_contested: bool = False

    @property
    def is_changed(self) -> bool:
        mark, _sign, minutes = self.was.partition(":")
        if self.mark != MarkKind.LATE:
            return bool(self.mark) and self.mark != mark
        return mark != MarkKind.LATE or minutes != self.minutes


@dataclass(frozen=True)
class Attendees:
    """Everyone who has a place, the page of them that the address names, and the rows of that page
    with the marks in the session."""

    everyone: Sequence[Any]
    sheet: Numbered[int]
    rows: list[SessionRow]


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
@tells_all
def attendance_session(code: str, number: int) -> Any:
    delivery = teaching(code, P.ATTENDANCE_READ)
    session = _session(delivery, number)
    if request.method == "POST":
        require(current_actor(), P.ATTENDANCE_RECORD, delivery)
        return _received(delivery, session)
    return _page(delivery, session, *_read(delivery, session, _line))


def teaching(code: str, permission: P) -> Delivery:
    """The delivery, for those who may see its attendance."""
    return get_delivery_for(current_actor(), code, permission, load=SESSIONS)


def _session(delivery: Delivery, number: int) -> DeliverySession:
    session = next((session for session in delivery.sessions if session.number == number), None)
    if session is None:
        raise NotFound("unknown_session", _l("There is no session with this number."))
    return session


def _attendees(delivery: Delivery, session_id: int) -> Attendees:
    """The page that the address names. For a form that was sent, the people in that form: people
    who came or left since may have moved them to another page."""
    everyone = queries.seated(delivery)
    ids = services.correctable_ids(delivery, everyone)
    sheet = numbered({"people": ids}, request.args.get("page", 1, type=int))
    shown = sheet.rows
    if request.method == "POST" and sheet.last > 1:
        shown = [enrollment_id for enrollment_id in ids if f"was-{enrollment_id}" in request.form]
    return Attendees(everyone, sheet, queries.session_rows(session_id, shown))


def _read(
    delivery: Delivery, session: DeliverySession, line: Callable[[SessionRow], Line]
) -> tuple[Attendees, list[Line]]:
    """The people of the page; `line` turns the row of each into a line."""
    attendees = _attendees(delivery, session.id)
    return attendees, [line(row) for row in attendees.rows]


def _line(row: SessionRow) -> Line:
    """A person with the mark that is saved."""
    mark = row.marked.mark.value if row.marked else ""
    minutes, was = _minutes_shown(row.marked), _as_shown(row.marked)
    return Line(row.enrollment_id, row.name, mark, minutes, was, row.marked)


def _as_shown(saved: Marked | None) -> str:
    """The mark as a hidden field holds it: if it differs when the form is sent, someone else has
    changed it."""
    return f"{saved.mark.value}:{_minutes_shown(saved)}" if saved else ""


def _minutes_shown(saved: Marked | None) -> str:
    return str(saved.minutes) if saved is not None and saved.mark is MarkKind.LATE else ""


def _typed(row: SessionRow) -> Line:
    """A person with the mark that was sent."""
    line = _line(row)
    form, at = request.form, line.enrollment_id
    sent = form.get(f"mark-{at}", "")
    line.was = form.get(f"was-{at}", "")
    line.mark = sent if sent in _MARKS else ""
    line.minutes = form.get(f"minutes-{at}", "").strip() if line.mark == MarkKind.LATE else ""
    return line


def _as_sent(row: SessionRow) -> Line:
    """A person as sent, with the minutes shown again as they were typed, even without "late"."""
    line = _typed(row)
    line.minutes = request.form.get(f"minutes-{line.enrollment_id}", "").strip()[:4]
    return line


def _present_unless_marked(row: SessionRow) -> Line:
    """A person as sent, present where there is no mark yet."""
    line = _typed(row)
    line.mark = line.mark or MarkKind.PRESENT.value
    return line


def _received(delivery: Delivery, session: DeliverySession) -> Any:
    if is_shown_again():
        return _page(delivery, session, *_read(delivery, session, _as_sent))
    if not services.may_be_marked(session):
        # the page offers no marks: it was made before the session was cancelled, or by hand
        return _page(delivery, session, *_read(delivery, session, _line), is_refused=True)
    if request.form.get("rest") == MarkKind.PRESENT:
        return _page(delivery, session, *_read(delivery, session, _present_unless_marked))
    delivery_id, code, number = delivery.id, delivery.code, session.number
    with transaction():
        delivery = touch(delivery_id)
        attendees, lines = _read(delivery, session, _typed)
        changed = _save(delivery_id, session, lines)
    if any(line.error for line in lines):
        # read afresh: what was read before ended with the transaction
        delivery = get_delivery(current_actor(), code, load=SESSIONS)
        session = _session(delivery, number)
        return _page(delivery, session, attendees, lines, saved=len(changed))
    flash(_saved_words(attendees.sheet, lines) if changed else _nothing_new(), "ok")
    page = request.args.get("page")
    return see_other(url_for("classroom.attendance_session", code=code, number=number, page=page))


def _save(delivery_id: int, session: DeliverySession, lines: list[Line]) -> list[Line]:
    """Saves what was changed on the page, and returns it. A line that cannot be saved gets the
    reason as its error."""
    _compare(lines, session)
    _ask_for_minutes(lines)
    changed = [line for line in lines if line.is_changed and line.error is None]
    if not changed:
        return []
    try:
        marks = [_mark_to_save(line, session) for line in changed]
        services.record_attendance(current_actor(), delivery_id, marks)
    except Invalid as refusal:
        _refuse(changed, refusal)
        return []
    return changed


def _saved_words(sheet: Numbered[int], lines: list[Line]) -> str:
    marked = number(sum(bool(line.mark) for line in lines))
    total = number(len(lines))
    if sheet.last > 1:
        return _(
            "Saved: %(marked)s of the %(total)s people on this page are marked.",
            marked=marked,
            total=total,
        )
    return _("Saved: %(marked)s of %(total)s are marked.", marked=marked, total=total)


def _nothing_new() -> str:
    return _("There was nothing new to save.")


def _ask_for_minutes(lines: list[Line]) -> None:
    """Puts an error on each line marked late without minutes. Programs may leave the minutes out,
    which means the whole session; on the page they were forgotten."""
    for line in lines:
        if line.is_changed and line.mark == MarkKind.LATE and not line.minutes and not line.error:
            line.error = _("Give the minutes that this person was there.")


def _compare(lines: list[Line], session: DeliverySession) -> None:
    """Puts an error on each changed line whose mark someone else has changed since the page was
    loaded. Sent again, the line replaces that mark."""
    for line in lines:
        current = _as_shown(line.saved)
        if not line.saved or line.was == current:
            continue
        if not line.is_changed:  # not changed here, so theirs stays
            line.mark, line.was = line.saved.mark.value, current
            line.minutes = _minutes_shown(line.saved)
        elif services.is_contested(_mark_to_save(line, session), line.saved, session):
            line.error = _(
                "Meanwhile marked by someone else: %(theirs)s. Your mark: %(ours)s. Save again to "
                "keep yours.",
                theirs=word(line.saved.mark),
                ours=word(line.mark, MarkKind),
            )
            line.was, line.is_contested = current, True


def _mark_to_save(line: Line, session: DeliverySession) -> MarkGiven:
    """The mark of the line, and the mark that the page was loaded with: the service refuses to
    replace any other."""
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
    """The minutes of someone late. Text that is no number becomes a number out of range, so that
    the service refuses it with its own message."""
    if mark != MarkKind.LATE:
        return None
    number = parse_int(typed)
    return -1 if number is None else number


def _refuse(changed: list[Line], refusal: Invalid) -> None:
    """Puts the errors of the service ("marks.3.minutes") on their lines. No mark was saved."""
    for error in refusal.errors or [refusal]:
        parts = (error.field or "").split(".")
        if len(parts) > 1 and parts[1].isdigit():
            changed[int(parts[1])].error = error.message


def _following(delivery: Delivery, session: DeliverySession) -> int | None:
    """The number of the next session."""
    return next((other.number for other in delivery.held if other.number > session.number), None)


def _sessions(
    delivery: Delivery, marked: dict[int, int]
) -> list[tuple[DeliverySession, date, int]]:
    """(session, its day, how many people are marked in it), for the links to all sessions."""
    return [
        (session, local_day(delivery, session), marked[session.number])
        for session in delivery.sessions
    ]


def _page(
    delivery: Delivery,
    session: DeliverySession,
    attendees: Attendees,
    lines: list[Line],
    saved: int = 0,
    *,
    is_refused: bool = False,
) -> Any:
    marked, total = queries.count_marked(delivery), len(attendees.everyone)
    may_record = services.may_record(current_actor(), delivery, attendees.everyone)
    page = render_template(
        "classroom/attendance.html",
        delivery=delivery,
        session=session,
        day=local_day(delivery, session),
        sheet=attendees.sheet,
        lines=lines,
        sessions=_sessions(delivery, marked),
        total=total,
        following=_following(delivery, session) if marked[session.number] == total else None,
        is_reopened=may_record,
        has_begun=clock.now() >= session.starts_at,
        may_record=may_record and services.may_be_marked(session),
        is_unsaved=request.form.get("rest") == MarkKind.PRESENT,
        errors=[
            (_("%(name)s: %(error)s", name=line.name, error=line.error), f"at-{line.enrollment_id}")
            for line in lines
            if line.error
        ],
        saved=saved,
    )
    if is_refused or any(line.is_contested for line in lines):
        return page, 409
    return page, 422 if any(line.error for line in lines) else 200
