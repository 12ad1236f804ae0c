"""Background work: issuing to many, and making one file.

A job that is killed at any point continues when run again: each certificate is one transaction, its
file has a key derived from its content, and the row of the file decides about the mail. Rendering
happens between transactions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from accounts.sessions import actor_for
from certificates import files, rendering
from certificates.models import NOT_ENDED, Certificate, CertificateStatus
from certificates.rendering import RenderingFailed
from certificates.services import issue, record_file
from core.database import db, transaction
from core.errors import DomainError, NotAllowed
from core.i18n import in_language
from core.jobs import Progress
from core.policy import SYSTEM, Actor, require
from courses.models import Delivery
from enrollment.models import Enrollment
from people.models import Person
from people.permissions import Permission

log = logging.getLogger(__name__)


def issue_all(
    progress: Progress,
    delivery_id: int,
    enrollment_ids: list[int],
    actor_id: int | None = None,
    after_certificate_id: int = 0,
) -> None:
    """Job: a certificate with its file for each enrollment. A failure for one person is noted, and
    the others continue."""
    tally = _Tally(progress, enrollment_ids, after_certificate_id)
    try:
        actor = _requester(actor_id, delivery_id)
    except NotAllowed as refusal:
        tally.fail_rest(enrollment_ids, refusal)
        return
    with in_language(_language(actor)):
        printed = files.printer(rendering.background)
        for enrollment_id in progress.each(tally.unfinished()):
            try:
                certificate = _issued(tally, actor, enrollment_id)
                _file(actor, certificate, printed, tally)
            except DomainError as refusal:
                tally.fail(enrollment_id, refusal.code, str(refusal.message))
            except RenderingFailed as failure:
                log.warning("enrollment %s: %s", enrollment_id, failure)
                tally.fail(enrollment_id, _code(failure), str(failure))


def render_one(progress: Progress, certificate_id: int) -> None:
    """Job: makes the file of one (reissued) certificate. Retried later if the press fails."""
    certificate = db.session.get_one(Certificate, certificate_id)
    tally = _Tally(progress, [certificate.enrollment_id], 0)
    db.session.rollback()
    try:
        _file(SYSTEM, certificate, files.printer(), tally)
    except rendering.PayloadRefused as failure:
        tally.fail(certificate.enrollment_id, _code(failure), str(failure))
    except DomainError as refusal:  # something that is not a file is in its place
        tally.fail(certificate.enrollment_id, refusal.code, str(refusal.message))


class _Tally:
    """What is done and what failed, stored in the job's row at each step. Each step proves the
    lease again."""

    def __init__(self, progress: Progress, enrollment_ids: list[int], after_certificate_id: int):
        self.progress = progress
        self.ids = enrollment_ids
        self.after = after_certificate_id
        self.finished = self._finished_before()
        self.errors: list[dict[str, Any]] = []

    def _finished_before(self) -> set[int]:
        """Enrollments that already have a file, or a certificate from this job that was since
        revoked."""
        rows = db.session.execute(
            sa.select(Certificate.enrollment_id).where(
                Certificate.enrollment_id.in_(self.ids),
                sa.or_(
                    sa.and_(Certificate.status.in_(NOT_ENDED), Certificate.file_key.is_not(None)),
                    sa.and_(
                        Certificate.status == CertificateStatus.REVOKED, Certificate.id > self.after
                    ),
                ),
            )
        )
        ids = set(rows.scalars())
        db.session.rollback()
        return ids

    def unfinished(self) -> list[int]:
        return [enrollment_id for enrollment_id in self.ids if enrollment_id not in self.finished]

    def prove(self) -> None:
        """Inside a transaction: raises LeaseLost if another worker has taken over."""
        self.progress.note(done=len(self.finished), errors=self.errors)

    def finish(self, enrollment_id: int) -> None:
        self.finished.add(enrollment_id)
        self.prove()

    def fail(self, enrollment_id: int, code: str, message: str) -> None:
        self.errors.append({"enrollment": enrollment_id, "code": code, "message": message})
        with transaction():
            self.prove()

    def fail_rest(self, enrollment_ids: list[int], refusal: DomainError) -> None:
        unfinished = [
            enrollment_id for enrollment_id in enrollment_ids if enrollment_id not in self.finished
        ]
        self.errors = [
            {"enrollment": enrollment_id, "code": refusal.code, "message": str(refusal.message)}
            for enrollment_id in unfinished
        ]
        with transaction():
            self.prove()


def _requester(actor_id: int | None, delivery_id: int) -> Actor:
    """The requester, with current rights: a coordinator who has lost them since issues nothing."""
    if actor_id is None:
        return SYSTEM  # a command or the demonstration asked
    actor = actor_for(actor_id)
    require(actor, Permission.CERTIFICATE_ISSUE, db.session.get_one(Delivery, delivery_id))
    db.session.rollback()
    return actor


def _language(actor: Actor) -> str | None:
    """The language of the requester, who reads the reasons for failures."""
    person = db.session.get(Person, actor.person_id) if actor.person_id else None
    language = person.language if person else None
    db.session.rollback()
    return language


def _issued(tally: _Tally, actor: Actor, enrollment_id: int) -> Certificate:
    with transaction():
        certificate = issue(actor, db.session.get_one(Enrollment, enrollment_id))
        tally.prove()
    return certificate


def _file(
    actor: Actor,
    certificate: Certificate,
    printed: Callable[[Mapping[str, Any]], bytes],
    tally: _Tally,
) -> None:
    """Makes the file from the frozen payload, and records it together with the holder's mail; no
    transaction is open while it renders."""
    payload = dict(certificate.payload)
    number = certificate.number
    enrollment_id = certificate.enrollment_id
    certificate_id, is_filed = certificate.id, certificate.file_key is not None
    db.session.rollback()
    if is_filed:
        with transaction():
            tally.finish(enrollment_id)
        return
    key, digest = files.store(number, printed(payload))
    with transaction():
        record_file(actor, certificate_id, file_key=key, sha256=digest)
        tally.finish(enrollment_id)


def _code(failure: RenderingFailed) -> str:
    return "not_printable" if isinstance(failure, rendering.PayloadRefused) else "rendering_failed"
