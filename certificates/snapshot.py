"""From rows to the frozen payload: everything a certificate will state, read once at the moment of
issue."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from certificates import layouts
from certificates.fonts import unprintable
from certificates.layouts import Layout, Limits
from certificates.models import Certificate
from certificates.payload import SCHEMA_VERSION, CertificatePayload, GrantedSkill, Signatory, Texts
from classroom.models import Score, ScoreKind
from core import texts
from core.database import db
from core.errors import Conflict
from core.settings import settings_of
from courses.models import Course, CourseVersion, Delivery
from courses.queries import signatories_of
from enrollment.models import Enrollment

#: Countries whose names need the forms of their own language for shared characters.
SCRIPT_LANGUAGES = {"JP": "ja", "KR": "ko", "KP": "ko", "CN": "zh", "TW": "zh", "SG": "zh"}


def snapshot(
    enrollment: Enrollment, *, number: str, token: str, issued_on: date
) -> CertificatePayload:
    """Everything the certificate of `enrollment` states. Texts that do not fit are shortened, but
    never what is granted."""
    delivery = enrollment.delivery
    version = enrollment.delivery.version
    course = enrollment.delivery.course
    until = valid_until(version, delivery.ends_on)
    layout = layout_of(course)
    return CertificatePayload(
        schema_version=SCHEMA_VERSION,
        layout=layout.name,
        languages=languages_of(course, layout),
        number=number,
        token=token,
        verify_url=verify_url(token),
        holder_name=enrollment.name_on_certificate,
        holder_script_lang=_script_language(enrollment),
        category=enrollment.category.value,
        course_code=course.code,
        course_version=version.number,
        course_title=Texts(course.title),
        delivery_code=delivery.code,
        starts_on=delivery.starts_on.isoformat(),
        ends_on=delivery.ends_on.isoformat(),
        issued_on=issued_on.isoformat(),
        valid_until=until.isoformat() if until else None,
        venue=_shortened(delivery.venue, layout.limits.venue),
        country=delivery.country,
        teaching_language=delivery.language,
        minutes=sum(
            session.minutes for session in delivery.held
        ),  # fewer than the course has if it was cut short
        objectives=tuple(
            _objective(text, layout.limits)
            for text in delivery.objectives_taught[: layout.limits.objectives]
        ),
        skills=tuple(
            GrantedSkill(
                grant.skill.code, Texts(grant.skill.title), grant.level.value, grant.valid_months
            )
            for grant in version.grants
        ),
        issuer=Texts(delivery.centre.titles),
        signatories=_signatories(delivery, layout.limits),
        score_percent=_score(enrollment) if version.min_score_percent is not None else None,
        emblem_sha256=delivery.centre.emblem_sha256,
    )


def valid_until(version: CourseVersion, last_day: date) -> date | None:
    """The earliest end among the granted skills; None if none ends."""
    ends = (grant.valid_until(last_day) for grant in version.grants)
    return min((end for end in ends if end is not None), default=None)


def digest(payload: CertificatePayload) -> str:
    return hashlib.sha256(payload.canonical_bytes()).hexdigest()


def is_intact(certificate: Certificate) -> bool:
    """Whether the row is as issued: the digest matches the payload, and the columns agree with
    it."""
    try:
        payload = CertificatePayload.from_dict(certificate.payload)
    except ValueError:
        return False
    return digest(payload) == certificate.payload_sha256 and _columns(certificate) == (
        payload.number,
        payload.token,
        payload.holder_name,
        payload.issued_on,
        payload.valid_until,
    )


def _columns(certificate: Certificate) -> tuple[str | None, ...]:
    until = certificate.valid_until
    return (
        certificate.number,
        certificate.token,
        certificate.holder_name,
        certificate.issued_on.isoformat(),
        until.isoformat() if until else None,
    )


def verify_url(token: str) -> str:
    """The address in the QR code."""
    return f"{settings_of().public_url}/verify/{token}"


def layout_of(course: Course) -> Layout:
    """The course's layout; Conflict if it is no longer installed."""
    layout = layouts.find(course.layout)
    if layout is None:
        sentence = _l(
            "The layout “%(layout)s” of this course’s certificates is not installed.",
            layout=course.layout,
        )
        raise Conflict("unknown_layout", sentence, "layout")
    return layout


def languages_of(course: Course, layout: Layout) -> tuple[str, ...]:
    """As many languages as the layout shows: first those of the course's title, then others that
    can be printed."""
    chosen = sorted(texts.printed(), key=lambda code: not course.title.get(code))[
        : layout.languages
    ]
    return tuple(texts.in_order(chosen))


def _objective(objective: Mapping[str, str], limits: Limits) -> Texts:
    return Texts({code: _shortened(text, limits.objective) for code, text in objective.items()})


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _script_language(enrollment: Enrollment) -> str:
    is_east_asian = any(ord(character) > 0x2E80 for character in enrollment.name_on_certificate)
    return SCRIPT_LANGUAGES.get(enrollment.person.country or "", "") if is_east_asian else ""


def _signatories(delivery: Delivery, limits: Limits) -> tuple[Signatory, ...]:
    """As many as fit. A trainer whose name cannot be printed is left out rather than delay
    everyone's certificate."""
    fitting = [
        Signatory(name, Texts(office))
        for name, office in signatories_of(delivery)
        if name and len(name) <= limits.signatory and not unprintable(name)
    ]
    return tuple(fitting[: limits.signatories])


def _score(enrollment: Enrollment) -> int | None:
    """The final test in whole percent, rounded down: never more than was achieved."""
    percent = db.session.scalar(
        sa.select(Score.percent).where(
            Score.enrollment_id == enrollment.id, Score.kind == ScoreKind.POST
        )
    )
    return None if percent is None else int(percent)
