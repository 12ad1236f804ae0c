"""What certificates do when a result is fixed anew, in the same transaction."""

from __future__ import annotations

from certificates.events import CertificateReviewOpened
from certificates.reviews import FELL_SHORT
from certificates.services.issuing import find_valid
from core.events import publish
from core.policy import Actor
from enrollment.events import EnrollmentResult


def open_review(event: EnrollmentResult, actor: Actor) -> None:
    """The result of somebody who holds a valid certificate is not "completed" any more: nothing is changed silently, the trail
    says that a review is open, and coordinators see it until they have revoked the certificate or corrected the result again."""
    if event.after not in FELL_SHORT:
        return
    if certificate := find_valid(event.enrollment_id):
        publish(CertificateReviewOpened(certificate.id, certificate.number, event.enrollment_id), actor)
