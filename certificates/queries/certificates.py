"""Certificates that the actor may see: one, or a person’s."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from certificates.models import Certificate
from certificates.numbers import normalise_number
from core.database import db
from core.errors import NotFound
from core.policy import Actor, Reach, can, reaches, visible
from enrollment.models import Enrollment
from people.permissions import Permission

P = Permission


def get_certificate(actor: Actor, number: str) -> Certificate:
    """The certificate with this number, however typed; NotFound, also if the actor may not see
    it."""
    stored = normalise_number(number)
    certificate = stored and db.session.scalar(
        certificates_visible(actor).where(Certificate.number == stored)
    )
    if not certificate:
        raise NotFound("unknown_certificate", _l("There is no such certificate."))
    return certificate


def certificates_visible(actor: Actor) -> sa.Select[Certificate]:
    return sa.select(Certificate).where(sa.or_(sa.false(), *ways_to_see(actor)))


def ways_to_see(actor: Actor) -> list[sa.ColumnElement[bool]]:
    """Conditions of which each certificate that the actor may see meets one: it is within reach, or
    it is of a seat that several nominations share, and the certificate of one of these would be.
    They are all of one delivery, so only who reads neither by delivery nor by centre sees more by
    the latter."""
    nominations = reaches(Enrollment, actor, P.CERTIFICATE_READ)
    shared = sa.select(Enrollment.seat_id).where(Enrollment.seat_id.is_not(None))
    return [
        *reaches(Certificate, actor, P.CERTIFICATE_READ).values(),
        *(
            Certificate.enrollment_id.in_(shared.where(nominations[reach]))
            for reach in (Reach.ORGANIZATION, Reach.SELF)
            if reach in nominations
        ),
    ]


def own_enrollments(actor: Actor, certificates: Sequence[Certificate]) -> dict[int, int]:
    """For certificates of a seat that belongs to another enrollment: the seat's id → the enrollment
    by which `actor` knows it."""
    others = [
        certificate.enrollment_id
        for certificate in certificates
        if not can(actor, P.CERTIFICATE_READ, certificate)
    ]
    sharing = sa.select(Enrollment.seat_id, Enrollment.id).where(Enrollment.seat_id.in_(others))
    rows = db.session.execute(sharing.where(visible(Enrollment, actor, P.CERTIFICATE_READ)))
    return {seat_id: enrollment_id for seat_id, enrollment_id in rows if seat_id is not None}


def find_by_token(token: str) -> Certificate | None:
    """The certificate behind a verification address; `token` as returned by
    `numbers.normalise_token`."""
    return db.session.scalar(sa.select(Certificate).where(Certificate.token == token))


def find_successor(certificate: Certificate) -> Certificate | None:
    return db.session.scalar(
        sa.select(Certificate).where(Certificate.replaces_id == certificate.id)
    )


def find_predecessor(certificate: Certificate) -> Certificate | None:
    return db.session.get(Certificate, certificate.replaces_id) if certificate.replaces_id else None


def certificates_of_person(actor: Actor, person_id: int) -> list[Certificate]:
    """A person's certificates that `actor` may see, newest first."""
    own = certificates_visible(actor).where(Certificate.person_id == person_id)
    return list(db.session.scalars(own.order_by(Certificate.id.desc())))


def certificates_of_enrollment(actor: Actor, enrollment_id: int) -> list[Certificate]:
    """Certificates of one enrollment that `actor` may see, newest first."""
    certificates = certificates_visible(actor).where(Certificate.enrollment_id == enrollment_id)
    return list(db.session.scalars(certificates.order_by(Certificate.id.desc())))
