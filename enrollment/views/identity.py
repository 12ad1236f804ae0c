"""Identity: the queue of questions about people, and merging and separating records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.database import transaction
from core.errors import DomainError
from core.forms import refusals_on
from core.web import current_actor, requires, see_other
from enrollment import queries, services
from enrollment.forms.identity import MergeForm
from enrollment.views.blueprint import pages
from people.models import MergeStatus
from people.permissions import Permission as P

PAGE = 25


@pages.get("/people-to-check")
@requires(P.IDENTITY_DECIDE)
def questions() -> Any:
    """All open questions with both readings side by side, and merges that await a second person."""
    return _page(MergeForm(formdata=None), after=request.args.get("after"))


def _page(form: MergeForm, refusal: DomainError | None = None, after: str | None = None) -> Any:
    actor = current_actor()
    page = queries.list_questions(actor, after=after, limit=PAGE)
    context = {
        "questions": [(question, queries.readings(question)) for question in page.items],
        "next": page.next,
        "proposed": queries.merges(actor, is_open=True),
        "merged": queries.merges(actor, is_open=False),
        "own": actor.person_id,
        "form": form,
        "refusal": refusal,
    }
    return render_template(
        "enrollment/questions.html", **context
    ), refusal.status if refusal else form.status


@pages.post("/people-to-check/<int:question_id>/same")
@requires(P.IDENTITY_DECIDE)
def decide_same(question_id: int) -> Any:
    actor = current_actor()

    def act() -> str:
        question = services.get_question(actor, question_id)
        records = queries.records_asked_about(question)
        merge = services.decide_same(actor, question, version=request.form.get("version"))
        if not question.is_about_people:
            return _(
                "Decided: the name to print is %(name)s.",
                name=question.enrollment.name_on_certificate,
            )
        if merge is not None and merge.status is MergeStatus.PROPOSED:
            return _(
                "Decided: records %(one)s and %(other)s are the same person. A second person must "
                "confirm the merge.",
                **records,
            )
        if records["one"] == records["other"]:
            return _("Decided: the same person.")
        return _("Decided: records %(one)s and %(other)s are the same person.", **records)

    return _done(act)


@pages.post("/people-to-check/<int:question_id>/different")
@requires(P.IDENTITY_DECIDE)
def decide_different(question_id: int) -> Any:
    actor = current_actor()

    def act() -> str:
        question = services.get_question(actor, question_id)
        services.decide_different(actor, question, version=request.form.get("version"))
        if not question.is_about_people:
            return _(
                "Decided: the name to print is %(name)s.",
                name=question.enrollment.name_on_certificate,
            )
        return _(
            "Decided: records %(one)s and %(other)s are two different people.",
            **queries.records_asked_about(question),
        )

    return _done(act)


@pages.post("/people-to-check/merges")
@requires(P.IDENTITY_DECIDE)
def propose_merge() -> Any:
    """Proposes to merge two records without a question."""
    form = MergeForm()
    if form.validate_on_submit():
        with refusals_on(form):
            with transaction():
                keep, merge = form.ids()
                services.propose(current_actor(), keep, merge, reason=form.reason.data or "")
                flash(_("The merge is proposed. A second person must confirm it."), "ok")
            return see_other(url_for("enrollment.questions"))
    return _page(form)


@pages.post("/people-to-check/merges/<int:merge_id>/<any(confirm, decline, undo):step>")
@requires(P.IDENTITY_DECIDE)
def decide_merge(merge_id: int, step: str) -> Any:
    actor = current_actor()
    messages = {
        "confirm": _l("Record %(merged)s is merged into record %(kept)s."),
        "decline": _l("Records %(kept)s and %(merged)s stay separate."),
        "undo": _l("The merge is undone. Records %(kept)s and %(merged)s are two people again."),
    }

    def act() -> str:
        merge = services.decide_merge(actor, merge_id, step)
        if step == "confirm" and merge.status is MergeStatus.PROPOSED:
            return _("The merge is proposed. A second person must confirm it.")
        return str(messages[step]) % {"kept": merge.keep_id, "merged": merge.merged_id}

    return _done(act)


def _done(act: Callable[[], str]) -> Any:
    """Runs a button's action, or shows the queue with the refusal."""
    try:
        with transaction():
            flash(act(), "ok")
    except DomainError as refusal:
        if refusal.status == 404:
            raise
        return _page(MergeForm(formdata=None), refusal)
    return see_other(url_for("enrollment.questions"))
