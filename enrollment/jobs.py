"""Background work of the package."""

from __future__ import annotations

from typing import Any

from accounts.sessions import actor_for, actor_of
from core import jobs
from core.database import db, transaction
from core.errors import DomainError
from core.i18n import in_language
from core.policy import SYSTEM, Actor
from core.yielding import give_way
from enrollment import services
from enrollment.models import ListStage, NominationList
from enrollment.services.arranging import deliveries_to_erase, erase_needs
from enrollment.services.asking import compare_with_all
from enrollment.services.confirming import lapse_applications, lapsed_applications
from enrollment.services.drafting import forget_drafts
from people.models import Person

#: So many applications are forgotten in one transaction.
LAPSED_AT_ONCE = 50
#: So many refusals of a list its giver is told.
MOST_REFUSALS = 200


def forget_old_drafts(progress: jobs.Progress) -> None:
    """Job: drops rows of nomination files that were kept for a month without being nominated,
    and what people needed in deliveries that ended a month ago, a transaction for each."""
    for delivery_id in progress.each(deliveries_to_erase()):
        with transaction():
            erase_needs(delivery_id)
    with transaction():
        forget_drafts()
        progress.finish()


def lapse(progress: jobs.Progress) -> None:
    """Job: forgets applications whose emailed link was not opened in time, and long lists that no
    job enters any more, some people at a time, so that others can write between."""
    lapsed = lapsed_applications()
    for start in progress.each(range(0, len(lapsed), LAPSED_AT_ONCE)):
        with transaction():
            lapse_applications(lapsed[start : start + LAPSED_AT_ONCE])
    for list_id in progress.each(services.lists_given_up()):
        with transaction():
            services.refuse_list(list_id)
        _undo_parts(progress, list_id)
        with transaction():
            services.drop_list(list_id)
            progress.note()
    with transaction():
        progress.finish()


def compare(progress: jobs.Progress, enrollment_ids: list[int]) -> None:
    """Job: compares people whom a body put forward with everyone known; the body learns nothing
    of it."""
    with transaction():
        compare_with_all(enrollment_ids)
        progress.finish()


# Long lists of nominations


def enter_list(progress: jobs.Progress, delivery_id: int, roles: list[str]) -> None:
    """Job: looks through a long list, enters its people, some in each transaction, and shows them
    when the last one is in. What is refused on the way undoes all. Killed at any point, it goes on
    behind the last part that is in."""
    listed = services.find_listed(progress.job_id)
    if listed is None:  # given up by an earlier try, and undone
        return
    if listed.stage is ListStage.ENTERING:
        with in_language(_language(listed.nominated_by_id)):
            try:
                _enter(progress, listed, roles)
                return
            except DomainError as refusal:
                db.session.rollback()
                errors = _errors_of(refusal)
        with transaction():
            services.refuse_list(progress.job_id)
            progress.note(done=0, errors=errors)
    _undo_parts(progress, progress.job_id)
    with transaction():
        services.drop_list(progress.job_id)
        progress.finish()


def _enter(progress: jobs.Progress, listed: NominationList, roles: list[str]) -> None:
    list_id, giver = listed.id, listed.nominated_by_id
    actor = actor_for(giver, roles) if giver is not None else SYSTEM
    nominees, done = services.nominees_of(listed), _done(progress)
    if not done:
        services.try_list(actor, listed, nominees)
    db.session.rollback()
    for start in progress.each(range(done, len(nominees), services.PART)):
        part = nominees[start : start + services.PART]
        with transaction():
            services.enter_part(actor, list_id, part, start)
            progress.note(done=start + len(part))
    with transaction():
        services.complete_list(actor, list_id)
        progress.finish()


def tell_list(
    progress: jobs.Progress, list_id: int, enrollment_ids: list[int], roles: list[str]
) -> None:
    """Job: announces the people of a long list that is in, asks about those in doubt and writes
    to them, some in each transaction."""
    listed = services.find_listed(list_id)
    if listed is None:
        return
    actor = _giver(listed.nominated_by_id, roles)
    for start in progress.each(range(_done(progress), len(enrollment_ids), services.PART)):
        part = enrollment_ids[start : start + services.PART]
        with transaction():
            services.tell_part(actor, list_id, part)
            progress.note(done=start + len(part))
    with transaction():
        services.forget_list(list_id)
        progress.finish()


def _undo_parts(progress: jobs.Progress, list_id: int) -> None:
    is_any_left = True
    while is_any_left:
        give_way()
        with transaction():
            is_any_left = services.undo_part(list_id)
            progress.note()


def _giver(person_id: int | None, roles: list[str]) -> Actor:
    """The person who sent the list, also if the account is closed by now: its people are in."""
    if person_id is None:
        return SYSTEM
    actor = actor_of(db.session.get_one(Person, person_id), roles)
    db.session.rollback()
    return actor


def _done(progress: jobs.Progress) -> int:
    """How many people earlier tries of the job came to."""
    job = jobs.find_job(progress.job_id)
    return job.done if job is not None else 0


def _language(person_id: int | None) -> str | None:
    person = db.session.get(Person, person_id) if person_id is not None else None
    return person.language if person is not None else None


def _errors_of(refusal: DomainError) -> list[dict[str, Any]]:
    """For the job's row, where the giver reads it: {row, field, code, message}."""
    return [_at_row(error) for error in (refusal.errors or [refusal])[:MOST_REFUSALS]]


def _at_row(refusal: DomainError) -> dict[str, Any]:
    row, _, field = (refusal.field or "").partition(".")
    number = row.removeprefix("row-")
    return {
        "row": int(number) if number.isdigit() else None,
        "field": field or None,
        "code": refusal.code,
        "message": str(refusal.message),
    }
