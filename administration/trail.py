"""The audit trail in words: what was done, and to what."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core import events

#: Words for entries that are not, or no longer, events.
_OTHERS: dict[str, Any] = {
    "person.matched": _l("Person found as already recorded"),
    "consents.carried_over": _l("Earlier consents carried over"),
    "job.retried": _l("Job started again"),
    "mail.retried": _l("Messages tried again"),
    "mail.read": _l("Message opened"),
    "register.exported": _l("Register of certificates exported"),
    "participants.exported": _l("List of participants exported"),
    "nominations.exported": _l("List of nominations exported"),
    "archive.exported": _l("Archive of certificates downloaded"),
    "certificate.exported": _l("Certificate file downloaded"),
    "sheet.exported": _l("Attendance list opened for printing"),
    "letter.exported": _l("Letter of participation opened"),
    "person.read": _l("Person’s data read"),
    "audit.exported": _l("Audit trail exported"),
    "audit.checkpoints_begun": _l("Signed checkpoints begun again"),
    "trail.restored": _l("A copy restored"),
    "numbers.voided": _l("Numbers made void"),
    "needs.erased": _l("Needs of participants erased"),
    "certificate.suspended_ones_revoked": _l("Suspended certificates revoked"),
    "certificate.reasons_renamed": _l("Reasons for revocation renamed"),
    "readings.taken": _l("Waiting entries added to the audit trail"),
}

_SUBJECTS: dict[str, Any] = {
    "person": _l("Person %(id)s"),
    "organization": _l("Organization %(id)s"),
    "skill": _l("Skill %(id)s"),
    "course": _l("Course %(id)s"),
    "delivery": _l("Delivery %(id)s"),
    "enrollment": _l("Enrollment %(id)s"),
    "certificate": _l("Certificate %(id)s"),
    "expert": _l("Expert %(id)s"),
    "merge": _l("Merge %(id)s"),
    "job": _l("Job %(id)s"),
    "mail": _l("Message %(id)s"),
}


@cache
def actions() -> dict[str, Any]:
    """The words for every action that the trail may contain."""
    return events.labels() | _OTHERS


def action_words(action: str) -> str:
    """The action in words, else its code."""
    return str(actions().get(action, action))


def subject_words(subject: str) -> str:
    """The subject in words, "Delivery 7", else as stored."""
    kind, _colon, number = subject.partition(":")
    if kind == "person" and number == "0":
        return _("No one known")
    words = _SUBJECTS.get(kind)
    return str(words) % {"id": number} if words is not None and number else subject


def facts_words(facts: dict[str, Any]) -> str:
    """The remaining facts of an entry, on one line."""
    return " · ".join(f"{key.replace('_', ' ')}: {_plain(value)}" for key, value in facts.items())


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    return str(value)
