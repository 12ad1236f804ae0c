"""Nominating many people: the page that asks for a file or pasted rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import RequestEntityTooLarge

from core import i18n
from core.forms import is_shown_again
from core.refusals import tells_all
from core.web import csrf, current_actor, signed_in
from courses.models import Delivery
from enrollment import nomination_files
from enrollment.forms.nomination import UploadForm, offer
from enrollment.nomination_files import COLUMNS, UnreadableFile
from enrollment.preview import preview, prospects
from enrollment.queries import get_organization, lists_given
from enrollment.services import DRAFTS_KEPT_FOR, is_open_to, list_drafts
from enrollment.views.apply import closed_page
from enrollment.views.blueprint import pages
from enrollment.views.check_nominations import check_page, nominating

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TOO_LARGE = _l(
    "The file is larger than %(limit)s MB. Split it, or remove what is not a nomination.", limit=2
)


@pages.route("/deliveries/<code>/nominate", methods=["GET", "POST"])
# checked below: the frame's own check would parse a file of any size before this page can say so at
# the field
@csrf.exempt
@signed_in
@tells_all
def nominate(code: str) -> Any:
    """GET asks for a file or rows; POST answers with the page on which they are checked."""
    actor, delivery, organizations = nominating(code)
    if not is_open_to(actor, delivery):
        return closed_page(delivery)
    if request.method == "GET":
        return _upload_page(delivery, _upload_form(organizations))
    try:
        request.files  # noqa: B018 -- parses the request
    except RequestEntityTooLarge:
        form = _upload_form(organizations, formdata=None)
        form.file.errors = [TOO_LARGE]
        return _upload_page(delivery, form, 413)
    csrf.protect()
    form = _upload_form(organizations)
    if is_shown_again():
        if request.files.get("file"):
            form.file.errors = [
                _("Choose the file again: it is not kept when the language changes.")
            ]
        return _upload_page(delivery, form, 200)
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
        return _upload_page(
            delivery, form, 413 if refusal.code == "too_large" else 422, shows_example=True
        )
    organization = get_organization(int(form.organization.data))
    return check_page(
        delivery, organization, file.sheet, preview(actor, delivery, organization, file.checked)
    )


def _upload_form(organizations: Mapping[str, str], **options: Any) -> UploadForm:
    form = UploadForm(**options)
    offer(form.organization, organizations)
    return form


def _upload_page(
    delivery: Delivery, form: UploadForm, status: int | None = None, *, shows_example: bool = False
) -> Any:
    page = render_template(
        "enrollment/nominate.html",
        delivery=delivery,
        form=form,
        prospects=prospects(delivery),
        drafts=list_drafts(current_actor(), delivery),
        lists=lists_given(current_actor(), delivery),
        kept_for=DRAFTS_KEPT_FOR,
        example=_example() if shows_example else None,
    )
    return page, status or form.status


def _example() -> list[tuple[str, str]]:
    """Column and value of the template's one row, in the page's language."""
    row = nomination_files.read(nomination_files.template(i18n.locale())).rows[0]
    return [
        (nomination_files.heading(column, i18n.locale()), row.values[column]) for column in COLUMNS
    ]


@pages.get("/nominations/template.csv")
@signed_in
def nomination_template() -> Response:
    """The file to start from, in the page's language."""
    return _download(nomination_files.template(i18n.locale()), "csv", "text/csv; charset=utf-8")


@pages.get("/nominations/template.xlsx")
@signed_in
def nomination_workbook() -> Response:
    """The same as a workbook."""
    return _download(nomination_files.workbook_template(i18n.locale()), "xlsx", _XLSX)


def _download(content: bytes, ending: str, content_type: str) -> Response:
    response = Response(content, content_type=content_type)
    response.headers["Content-Disposition"] = (
        f'attachment; filename="nominations-{i18n.locale()}.{ending}"'
    )
    return response
