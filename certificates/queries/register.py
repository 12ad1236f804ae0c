"""The register: search among all certificates that the reader may see."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from certificates.models import Certificate, CertificateStatus, PublicStatus
from certificates.numbers import normalise_number
from certificates.queries.certificates import ways_to_see
from core import clock, names
from core.database import db
from core.occurrences import Occurrence, any_of, few, narrowed, occurs
from core.paging import Page, newest
from core.policy import Actor
from courses.models import Delivery
from courses.timetable import today_in


def _search(q: str, status: str) -> sa.Select[Certificate]:
    """By number (however typed), by part of a number or of the holder's name, or by the delivery's
    code."""
    statement = sa.select(Certificate)
    if status in set(PublicStatus):
        statement = _with_status(statement, status)
    words = q.strip()
    if number := normalise_number(words):
        return statement.where(Certificate.number == number)
    return _with_words(statement, words) if words else statement


def _with_words(statement: sa.Select[Certificate], words: str) -> sa.Select[Certificate]:
    by_number = occurs(Certificate.number.icontains(words, autoescape=True), words)
    by_words = any_of((names.finds(Certificate.holder_words, words), by_number))
    delivery_id = db.session.scalar(sa.select(Delivery.id).where(Delivery.code == words))
    if delivery_id is None:
        return narrowed(statement, Certificate.id, by_words)
    of_delivery = Certificate.delivery_id == delivery_id
    by_words = Occurrence(sa.or_(by_words.condition, of_delivery), by_words.grams)
    return narrowed(
        statement, Certificate.id, by_words, sa.select(Certificate.id).where(of_delivery)
    )


def _with_status(statement: sa.Select[Certificate], status: str) -> sa.Select[Certificate]:
    """The same as `Certificate.current_status` in SQL, with days in the delivery's time zone."""
    if status not in ("valid", "expired"):
        return statement.where(Certificate.status == CertificateStatus(status))
    statement = statement.where(Certificate.status == CertificateStatus.VALID)
    zones = {"UTC", *db.session.scalars(sa.select(Delivery.time_zone).distinct())}
    days = {zone: today_in(zone, clock.now()) for zone in zones}
    has_expired = Certificate.valid_until < sa.case(days, value=Certificate.time_zone)
    if status == "valid":
        return statement.where(sa.or_(Certificate.valid_until.is_(None), sa.not_(has_expired)))
    has_ended_somewhere = Certificate.valid_until < max(days.values())
    candidates = sa.select(Certificate.id).where(has_ended_somewhere)
    return few(statement.where(has_ended_somewhere, has_expired), Certificate.id, candidates)


def list_register(
    actor: Actor, q: str, status: str, *, after: str | None, limit: int
) -> Page[Certificate]:
    """The matching certificates, newest first."""
    ways = ways_to_see(actor)
    return newest(_search(q, status), Certificate.id, ways=ways, after=after, limit=limit)


def delivery_codes(certificates: Sequence[Certificate]) -> dict[int, str]:
    ids = {certificate.delivery_id for certificate in certificates}
    return dict(
        db.session.execute(sa.select(Delivery.id, Delivery.code).where(Delivery.id.in_(ids))).all()
    )
