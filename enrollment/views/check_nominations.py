"""The page that checks nominations before anything is saved. The rows of a file are held in its
form and corrected there."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import replace
from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from core import i18n, once
from core.database import transaction
from core.errors import Conflict, Invalid
from core.forms import parse_int
from core.intake import read_json
from core.policy import Actor
from core.refusals import tells_all
from core.web import current_actor, see_other, signed_in
from core.words import word
from courses.models import Delivery
from courses.queries import get_delivery
from courses.services import touch
from enrollment import nomination_files, services
from enrollment.models import Enrollment
from enrollment.nomination_files import (
    COLUMNS,
    CONFIRMED,
    IDENTITY,
    MAX_VALUES,
    Answers,
    NominationRow,
    Sheet,
    SheetRow,
    check_sheet,
)
from enrollment.nomination_files.carrying import of_kept, of_value, to_kept, to_text
from enrollment.preview import Preview, nominee, preview, with_refusals
from enrollment.queries import get_organization
from enrollment.views.apply import closed_page
from enrollment.views.blueprint import pages
from people.models import Gender, Organization
from people.personnel import PersonnelCategory, Subcategory

#: The most rows that one page offers for correction, so that the form stays small for files of
#: any size.
ROWS_A_PAGE = 25
#: The most people that the list of those who are ready shows.
READY_SHOWN = 100
_NAMES = ("given_name", "family_name", "name_on_certificate")
#: Problems that one answer for the whole file settles.
_SETTLED_BY_ANSWER = ("ambiguous_date", "name_order")
_YES_NO = {"1": True, "0": False}


def nominating(code: str) -> tuple[Actor, Delivery, dict[str, str]]:
    """The actor, the delivery, and the organizations in whose name the actor may nominate (id,
    name). NotAllowed if there are none."""
    actor = current_actor()
    delivery = get_delivery(actor, code)
    return actor, delivery, services.bodies_to_nominate_for(actor, delivery)


@pages.post("/deliveries/<code>/nominate/check")
@signed_in
@tells_all
def check_nominations(code: str) -> Any:
    """Checks the corrections again, or nominates all good rows: in one transaction, or by a job if
    there are many."""
    actor, delivery, organizations = nominating(code)
    if not services.is_open_to(actor, delivery):
        return closed_page(delivery)
    chosen = request.form.get("organization", "")
    if chosen not in organizations:
        raise Invalid("unknown_organization", _l("Choose the organization that nominates."))
    organization = get_organization(int(chosen))
    sheet = _sheet_sent()
    view = preview(actor, delivery, organization, check_sheet(sheet))
    if request.form.get("act") == "keep":
        return _keep(actor, delivery, organization, sheet)
    if request.form.get("act") != "nominate" or view.waits:
        return check_page(delivery, organization, sheet, view)
    key = once.digest("nominate", actor.person_id, delivery.id, request.form.get("submission", ""))
    answer = once.find(key)
    if answer is None and not view.good:
        return check_page(delivery, organization, sheet, view)
    try:
        nominated, address = (
            (answer.body, answer.location)
            if answer
            else _nominate_once(actor, delivery, organization, sheet, view, key)
        )
    except (Invalid, Conflict) as refusal:
        refused = with_refusals(view, refusal)
        sentence = None if len(refused.good) < len(view.good) else refusal.message
        delivery, organization = get_delivery(actor, code), get_organization(int(chosen))
        return check_page(
            delivery, organization, sheet, refused, refused=sentence, status=refusal.status
        )
    if address:
        return see_other(address)
    remaining = _remaining(sheet, view)
    if not remaining.rows:
        flash(nominated, "ok")
        return see_other(url_for("enrollment.nominations", delivery=code))
    delivery, organization = get_delivery(actor, code), get_organization(int(chosen))
    return check_page(
        delivery,
        organization,
        remaining,
        preview(actor, delivery, organization, check_sheet(remaining)),
        nominated=nominated,
    )


def _nominate_once(
    actor: Actor,
    delivery: Delivery,
    organization: Organization,
    sheet: Sheet,
    view: Preview,
    key: str,
) -> tuple[str, str]:
    """Nominates the good rows and keeps the others as a draft. Returns a sentence about the
    outcome or, if a job enters them, the address of its progress. A page sent twice nominates once
    and gets the first answer again."""
    delivery_id = delivery.id
    nominees, remaining = [nominee(row) for row in view.good], _remaining(sheet, view)
    is_long = len(nominees) > services.MOST_AT_ONCE
    rows, rows_left = to_kept(sheet) if is_long else None, to_kept(remaining)
    sentence = address = ""
    with transaction():
        delivery = touch(delivery_id)
        if answer := once.find(key):  # the same page, sent twice at the same time
            return answer.body, answer.location
        if is_long:
            job = services.nominate_list(actor, delivery_id, organization, nominees, sheet=rows)
            address = url_for("enrollment.entering", job_id=job.id)
        else:
            sentence = _outcome(services.nominate(actor, delivery_id, organization, nominees))
        if remaining.rows:
            services.keep_draft(actor, delivery, organization, rows_left, len(remaining.rows))
        else:
            services.discard_draft(actor, delivery, organization.id)
        once.keep(key, body=sentence, location=address)
    return sentence, address


def _keep(actor: Actor, delivery: Delivery, organization: Organization, sheet: Sheet) -> Any:
    """Keeps all rows of the page as a draft."""
    if not sheet.rows:
        return see_other(url_for("enrollment.nominate", code=delivery.code))
    with transaction():
        services.keep_draft(actor, delivery, organization, to_kept(sheet), len(sheet.rows))
        flash(
            _("The rows are kept for you for %(days)s days.", days=services.DRAFTS_KEPT_FOR.days),
            "ok",
        )
    return see_other(url_for("enrollment.nominate", code=delivery.code))


@pages.route("/deliveries/<code>/nominate/draft", methods=["GET", "POST"])
@signed_in
def nomination_draft(code: str) -> Any:
    """GET shows the actor's draft, to go on with it; POST deletes it."""
    actor, delivery, organizations = nominating(code)
    chosen = request.values.get("organization", "")
    number = int(chosen) if chosen in organizations else 0
    if request.method == "POST":
        with transaction():
            if services.discard_draft(actor, delivery, number):
                flash(_("The kept rows were deleted."), "ok")
        return see_other(url_for("enrollment.nominate", code=code))
    draft = services.find_draft(actor, delivery, number)
    if draft is None or not services.is_open_to(actor, delivery):
        return see_other(url_for("enrollment.nominate", code=code))
    sheet = of_kept(draft.content)
    return check_page(
        delivery,
        draft.organization,
        sheet,
        preview(actor, delivery, draft.organization, check_sheet(sheet)),
        is_kept=True,
    )


def _outcome(enrollments: list[Enrollment]) -> str:
    count = ngettext(
        "%(num)s person was nominated.", "%(num)s people were nominated.", len(enrollments)
    )
    statuses = Counter(enrollment.status for enrollment in enrollments)
    parts = (
        _("%(label)s: %(words)s", label=word(status), words=i18n.number(number))
        for status, number in statuses.items()
    )
    return count + " " + ", ".join(parts)


def _remaining(sheet: Sheet, view: Preview) -> Sheet:
    """The rows that are still to be corrected, with the answers that were found for the whole
    file: a few rows alone might be read in another way."""
    bad = {row.row for row in view.bad}
    checked = view.checked
    answers = replace(
        sheet.answers,
        reading=checked.choice.reading,
        day_first=checked.day_first,
        family_first=checked.family_first,
    )
    return replace(sheet, rows=tuple(row for row in sheet.rows if row.row in bad), answers=answers)


def _sheet_sent() -> Sheet:
    """The rows of the form, with the corrections typed there and without the rows that are to be
    left out."""
    form = request.form
    answers = Answers(
        reading=form.get("reading") or None,
        day_first=_YES_NO.get(form.get("day_first", "")),
        family_first=_YES_NO.get(form.get("family_first", "")),
        with_hidden=_YES_NO.get(form.get("with_hidden", "")),
    )
    try:
        sheet = of_value(read_json(form.get("rows", ""), most_values=MAX_VALUES), answers)
    except (Invalid, ValueError):
        raise Invalid(
            "broken_form", _l("This page was not sent whole. Choose the file again.")
        ) from None
    if not sheet.rows:
        raise Invalid("broken_form", _l("This page was not sent whole. Choose the file again."))
    return replace(
        sheet,
        rows=tuple(_corrected(row) for row in sheet.rows if not form.get(f"row-{row.row}-skip")),
    )


def _corrected(row: SheetRow) -> SheetRow:
    fields = ((column, f"row-{row.row}-{column}") for column in (*COLUMNS, CONFIRMED, IDENTITY))
    typed = {column: request.form[name] for column, name in fields if name in request.form}
    return replace(row, typed={**row.typed, **typed}, stray=()) if typed else row


def check_page(
    delivery: Delivery,
    organization: Organization,
    sheet: Sheet,
    view: Preview,
    *,
    refused: Any = None,
    nominated: str | None = None,
    is_kept: bool = False,
    status: int = 200,
) -> Any:
    """The rows as they would be nominated, with the questions and some of the rows to correct.
    `refused`: a refusal that is about no single row; `nominated`: what was nominated just now."""
    # While a question about the whole file is open, no single row can be judged.
    to_fix = [] if view.waits else [row for row in view.bad if not _is_settled_by_answer(row)]
    pages_ = max(1, -(-len(to_fix) // ROWS_A_PAGE))
    number = min(
        max(1, parse_int(request.form.get("page")) or parse_int(request.form.get("here")) or 1),
        pages_,
    )
    here = to_fix[(number - 1) * ROWS_A_PAGE : number * ROWS_A_PAGE]
    page = render_template(
        "enrollment/check.html",
        delivery=delivery,
        organization=organization,
        view=view,
        checked=view.checked,
        sheet=sheet,
        ready=_ready_shown(view),
        total_to_fix=len(to_fix),
        to_fix=[(row, _editable(row)) for row in here],
        number=number,
        pages=pages_,
        has_lost_letters=_has_lost_letters(to_fix),
        refused=refused,
        nominated=nominated,
        is_kept=is_kept or nominated,
        rows=to_text(sheet),
        submission=secrets.token_urlsafe(16),
        choices={
            "category": list(PersonnelCategory),
            "subcategory": list(Subcategory),
            "gender": list(Gender),
        },
        in_question=_date_in_question(view),
        heading=lambda column: nomination_files.heading(column, i18n.locale()),
    )
    return page, status


def _ready_shown(view: Preview) -> list[NominationRow]:
    """The good rows that are listed. If there are too many, rows with a hint come first."""
    if len(view.good) <= READY_SHOWN:
        return view.good
    return sorted(view.good, key=lambda row: not view.hints[row.row])[:READY_SHOWN]


def _is_settled_by_answer(row: NominationRow) -> bool:
    return all(problem.code in _SETTLED_BY_ANSWER for problem in row.problems)


def _has_lost_letters(rows: list[NominationRow]) -> bool:
    """Whether letters of names were replaced by question marks when the file was saved."""
    return any(
        p.column in _NAMES and ("?" in p.value or "\ufffd" in p.value)
        for row in rows
        for p in row.problems
    )


def _date_in_question(view: Preview) -> str:
    dates = (p.value for row in view.rows for p in row.problems if p.code == "ambiguous_date")
    return next(dates, "")


def _editable(row: NominationRow) -> list[tuple[str, list[Any]]]:
    """The columns to correct, each with its remedies. All columns are offered if values may stand
    in wrong ones."""
    remedies: dict[str, list[Any]] = {}
    stray = [problem.remedy for problem in row.problems if problem.column not in COLUMNS]
    for problem in row.problems:
        if problem.column in COLUMNS:
            remedies.setdefault(problem.column, []).append(problem.remedy)
        if problem.code in ("check_name", "name_order"):
            remedies.setdefault("family_name", [])
    if not stray:
        return [(column, remedies[column]) for column in COLUMNS if column in remedies]
    columns = [(column, remedies.get(column, [])) for column in COLUMNS]
    return [(columns[0][0], [*stray, *columns[0][1]]), *columns[1:]]
