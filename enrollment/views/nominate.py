"""Nominating many people: a file or pasted rows, looked through before anything is saved."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Response, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.exceptions import RequestEntityTooLarge

from accounts.models import Gender, Organization, PersonnelCategory
from accounts.queries import organization_choices
from accounts.roles import Permission as P
from core import i18n, once
from core.database import db, transaction
from core.errors import Conflict, Invalid
from core.intake import read_json
from core.policy import Actor, can, require
from core.refusals import drain_request, tells_all
from core.web import csrf, current_actor, see_other, signed_in
from core.words import word
from courses.models import Delivery
from courses.queries import get_delivery, is_open_for_enrollment
from courses.services import touch
from enrollment import nomination_files, services
from enrollment.forms.nomination import UploadForm, offer
from enrollment.models import Enrollment
from enrollment.nomination_files import COLUMNS, MAX_ROWS, NominationRow, UnreadableFile
from enrollment.preview import Preview, nominee, preview, prospects, recheck, with_refusals
from enrollment.views.apply import closed_page
from enrollment.views.blueprint import pages

TOO_LARGE = _l("The file is larger than %(limit)s MB. Split it, or remove what is not a nomination.", limit=2)


def nominating(code: str) -> tuple[Actor, Delivery, dict[str, str]]:
    """Who nominates, for which delivery, and in the name of which organizations (id, name); NotAllowed for others."""
    actor = current_actor()
    delivery = get_delivery(actor, code)
    is_free = can(actor, P.ENROLLMENT_CREATE, delivery)
    if not is_free:
        require(actor, P.ENROLLMENT_NOMINATE)
    own = actor.organization_ids
    return actor, delivery, {str(id_): name for id_, name in organization_choices() if is_free or id_ in own}


def is_closed(actor: Actor, delivery: Delivery) -> bool:
    may_later = can(actor, P.ENROLLMENT_CREATE, delivery) and delivery.status == "published"
    return not (is_open_for_enrollment(delivery) or may_later)


@pages.route("/deliveries/<code>/nominate", methods=["GET", "POST"])
@csrf.exempt  # checked below: the frame's own check would parse a file of any size before this page can say so at the field
@signed_in
@tells_all
def nominate(code: str) -> Any:
    """GET asks for a file or rows; POST answers with the page on which they are checked."""
    actor, delivery, organizations = nominating(code)
    if is_closed(actor, delivery):
        return closed_page(delivery)
    if request.method == "GET":
        return _upload_page(delivery, _upload_form(organizations))
    try:
        request.files  # noqa: B018 -- parses the request
    except RequestEntityTooLarge:
        drain_request()
        form = _upload_form(organizations, formdata=None)
        form.file.errors = [TOO_LARGE]
        return _upload_page(delivery, form, 413)
    csrf.protect()
    form = _upload_form(organizations)
    form.validate()
    content = form.content
    if content is None:
        form.file.errors = [_("Choose a file, or paste the rows.")]
    if content is None or form.is_refused:
        return _upload_page(delivery, form)
    try:
        file = nomination_files.read(content)
    except UnreadableFile as refusal:
        form.refuse(refusal)
        return _upload_page(delivery, form, 413 if refusal.code == "too_large" else 422, shows_example=True)
    organization = db.session.get_one(Organization, int(form.organization.data))
    return _check_page(delivery, organization, preview(delivery, organization, file.rows, None), unknown=file.unknown_columns)


def _upload_form(organizations: Mapping[str, str], **options: Any) -> UploadForm:
    form = UploadForm(**options)
    offer(form.organization, organizations)
    return form


def _upload_page(delivery: Delivery, form: UploadForm, status: int | None = None, *, shows_example: bool = False) -> Any:
    page = render_template(
        "enrollment/nominate.html",
        delivery=delivery,
        form=form,
        prospects=prospects(delivery),
        example=_example() if shows_example else None,
    )
    return page, status or form.status


def _example() -> list[tuple[str, str]]:
    """Column and value of the template's one row, in the page's language."""
    row = nomination_files.read(nomination_files.template(i18n.locale())).rows[0]
    return [(nomination_files.heading(column, i18n.locale()), row.values[column]) for column in COLUMNS]


@pages.get("/nominations/template.csv")
@signed_in
def nomination_template() -> Response:
    """The file to start from, in the page's language."""
    response = Response(nomination_files.template(i18n.locale()), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="nominations-{i18n.locale()}.csv"'
    return response


# Checking: the rows travel in the page, nothing is saved


@pages.post("/deliveries/<code>/nominate/check")
@signed_in
@tells_all
def check_nominations(code: str) -> Any:
    """Corrections made in place are checked again, or all good rows are nominated in one transaction."""
    actor, delivery, organizations = nominating(code)
    if is_closed(actor, delivery):
        return closed_page(delivery)
    chosen = request.form.get("organization", "")
    if chosen not in organizations:
        raise Invalid("unknown_organization", _l("Choose the organization that nominates."))
    organization = db.session.get_one(Organization, int(chosen))
    day_first = {"1": True, "0": False}.get(request.form.get("day_first", ""))
    view = recheck(delivery, organization, _rows_sent(), day_first=day_first)
    if request.form.get("act") != "nominate":
        return _check_page(delivery, organization, view)
    key = once.digest("nominate", actor.person_id, delivery.id, request.form.get("submission", ""))
    kept = once.find(key)
    if kept is None and not view.good:
        return _check_page(delivery, organization, view)
    try:
        made = kept.body if kept else _nominate_once(actor, delivery.id, organization, view, key)
    except (Invalid, Conflict) as refusal:
        refused = with_refusals(view, refusal)
        sentence = None if len(refused.good) < len(view.good) else refusal.message
        delivery, organization = get_delivery(actor, code), db.session.get_one(Organization, int(chosen))
        return _check_page(delivery, organization, refused, refused=sentence, status=refusal.status)
    left = [(row.row, row.values) for row in view.bad]
    if not left:
        flash(made, "ok")
        return see_other(url_for("enrollment.nominations", delivery=code))
    delivery, organization = get_delivery(actor, code), db.session.get_one(Organization, int(chosen))
    return _check_page(delivery, organization, recheck(delivery, organization, left, day_first=view.day_first), nominated=made)


def _nominate_once(actor: Actor, delivery_id: int, organization: Organization, view: Preview, key: str) -> str:
    """Nominates the good rows and says what became of them. The same page sent twice nominates once and says the same."""
    with transaction():
        touch(delivery_id)
        if kept := once.find(key):  # a twin was faster
            return kept.body
        made = services.nominate(actor, delivery_id, organization, [nominee(row) for row in view.good])
        sentence = _outcome(made)
        once.keep(key, body=sentence)
    return sentence


def _outcome(made: list[Enrollment]) -> str:
    count = ngettext("%(num)s person was nominated.", "%(num)s people were nominated.", len(made))
    statuses = Counter(one.status for one in made)
    parts = (_("%(label)s: %(words)s", label=word(status), words=i18n.number(number)) for status, number in statuses.items())
    return count + " " + ", ".join(parts)


def _rows_sent() -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows that travelled in the page, with what was corrected in place and without what was left out."""
    try:
        sent = read_json(request.form.get("rows", ""))
        rows = [(int(number), {k: _text(v) for k, v in values.items() if k in COLUMNS}) for number, values in sent]
    except (Invalid, ValueError, TypeError, AttributeError):
        raise Invalid("broken_form", _l("This page was not sent whole. Choose the file again.")) from None
    if not rows:
        raise Invalid("broken_form", _l("This page was not sent whole. Choose the file again."))
    for number, values in rows[:MAX_ROWS]:
        if request.form.get(f"row-{number}-skip"):
            continue
        typed = {column: request.form[name] for column in COLUMNS if (name := f"row-{number}-{column}") in request.form}
        yield number, values | typed


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _check_page(
    delivery: Delivery,
    organization: Organization,
    view: Preview,
    *,
    unknown: Sequence[str] = (),
    refused: Any = None,
    nominated: str | None = None,
    status: int = 200,
) -> Any:
    to_fix = [(row, _editable(row)) for row in view.bad if not (view.asks_date_order and _only_order(row))]
    page = render_template(
        "enrollment/check.html",
        delivery=delivery,
        organization=organization,
        view=view,
        to_fix=to_fix,
        unknown=unknown,
        refused=refused,
        nominated=nominated,
        rows=json.dumps([[row.row, {k: v for k, v in row.values.items() if v}] for row in view.rows], ensure_ascii=False),
        submission=secrets.token_urlsafe(16),
        choices={"category": list(PersonnelCategory), "gender": list(Gender)},
        in_question=_date_in_question(view),
        heading=lambda column: nomination_files.heading(column, i18n.locale()),
    )
    return page, status


def _only_order(row: NominationRow) -> bool:
    return all(problem.code == "ambiguous_date" for problem in row.problems)


def _date_in_question(view: Preview) -> str:
    found = (p.value for row in view.rows for p in row.problems if p.code == "ambiguous_date")
    return next(found, "")


def _editable(row: NominationRow) -> list[tuple[str, list[Any]]]:
    """The columns to correct in place, each with its remedies; all of them where values may stand in wrong columns."""
    remedies: dict[str, list[Any]] = {}
    stray = [problem.remedy for problem in row.problems if problem.column not in COLUMNS]
    for problem in row.problems:
        if problem.column in COLUMNS:
            remedies.setdefault(problem.column, []).append(problem.remedy)
    if not stray:
        return [(column, remedies[column]) for column in COLUMNS if column in remedies]
    columns = [(column, remedies.get(column, [])) for column in COLUMNS]
    return [(columns[0][0], [*stray, *columns[0][1]]), *columns[1:]]
