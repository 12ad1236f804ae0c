"""The register: all certificates that the reader may see, searched."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from certificates.models import Certificate, CertificateStatus, PublicStatus
from certificates.numbers import normalise_number
from certificates.queries.certificates import certificates_visible
from core import clock, names
from core.database import db
from core.paging import Page, newest
from core.policy import Actor
from courses.models import Delivery
from courses.timetable import today_in


def search(actor: Actor, q: str = "", status: str = "") -> sa.Select[Certificate]:
    """The register: by number (however typed), part of a number or of the holder's name, or the
    delivery's code."""
    found = certificates_visible(actor)
    if words := q.strip():
        number = normalise_number(words)
        by_delivery = sa.select(Delivery.id).where(Delivery.code == words)
        like = sa.or_(
            names.finds(Certificate.holder_words, words),
            Certificate.number.icontains(words, autoescape=True),
            Certificate.delivery_id.in_(by_delivery),
        )
        found = found.where(Certificate.number == number if number else like)
    return found.where(_has_status(status)) if status in set(PublicStatus) else found


def _has_status(status: str) -> sa.ColumnElement[bool]:
    """As `Certificate.current_status` says it of a row: by the calendar of the place where the
    course was held."""
    is_valid = Certificate.status == CertificateStatus.VALID
    zones = {"UTC", *db.session.scalars(sa.select(Delivery.time_zone).distinct())}
    today = sa.case(
        {zone: today_in(zone, clock.now()) for zone in zones}, value=Certificate.time_zone
    )
    has_expired = sa.and_(Certificate.valid_until.is_not(None), Certificate.valid_until < today)
    if status == "valid":
        return sa.and_(is_valid, sa.not_(has_expired))
    if status == "expired":
        return sa.and_(is_valid, has_expired)
    return Certificate.status == CertificateStatus(status)


def list_register(
    actor: Actor, q: str, status: str, *, after: str | None, limit: int
) -> Page[Certificate]:
    """The newest first."""
    return newest(search(actor, q, status), Certificate.id, after=after, limit=limit)


def delivery_codes(certificates: Sequence[Certificate]) -> dict[int, str]:
    ids = {certificate.delivery_id for certificate in certificates}
    return dict(
        db.session.execute(sa.select(Delivery.id, Delivery.code).where(Delivery.id.in_(ids))).all()
    )
