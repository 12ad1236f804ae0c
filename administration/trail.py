"""The audit trail in words: what was done, and to what."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

ACTIONS: dict[str, Any] = {
    "person.recorded": _l("Person recorded"),
    "person.matched": _l("Person found as already recorded"),
    "person.changed": _l("Person’s data changed"),
    "person.address_confirmed": _l("Applicant’s address confirmed"),
    "merge.proposed": _l("Merge of two records proposed"),
    "merge.confirmed": _l("Two records merged"),
    "merge.declined": _l("Merge of two records declined"),
    "merge.undone": _l("Merge of two records undone"),
    "identity.asked": _l("Asked whether two records are the same person"),
    "identity.decided": _l("Decided whether two records are the same person"),
    "organization.recorded": _l("Organization recorded"),
    "organization.changed": _l("Organization changed"),
    "organization.emblem_changed": _l("Emblem of an organization changed"),
    "account.created": _l("Account made"),
    "account.closed": _l("Account closed"),
    "account.reopened": _l("Account reopened"),
    "role.assigned": _l("Role given"),
    "role.withdrawn": _l("Role withdrawn"),
    "password.changed": _l("Password changed or removed"),
    "sign_in.link_sent": _l("Sign-in link sent"),
    "sign_in.link_refused": _l("Sign-in link not sent: no open account has the address"),
    "sign_in.done": _l("Signed in"),
    "consent.given": _l("Consent given"),
    "consent.withdrawn": _l("Consent refused or withdrawn"),
    "consent.asked": _l("Asked for consent"),
    "consents.carried_over": _l("Earlier consents carried over"),
    "sign_in.refused": _l("Sign-in refused: wrong password"),
    "sign_in.sessions_ended": _l("Signed out everywhere else"),
    "sign_in.ended": _l("Signed out"),
    "token.created": _l("API token made"),
    "token.revoked": _l("API token revoked"),
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
    "skill.defined": _l("Skill defined"),
    "course.created": _l("Course made"),
    "course.retired": _l("Course retired"),
    "course.brought_back": _l("Course brought back"),
    "course.changed": _l("Course changed"),
    "delivery.scheduled": _l("Delivery scheduled"),
    "delivery.changed": _l("Delivery changed"),
    "delivery.moved": _l("Delivery moved"),
    "delivery.published": _l("Delivery published"),
    "delivery.cancelled": _l("Delivery cancelled"),
    "delivery.finished": _l("Delivery finished"),
    "delivery.cut_short": _l("Delivery cut short"),
    "enrollment.made": _l("Enrollment made"),
    "enrollment.confirmed": _l("Application confirmed by link"),
    "enrollment.lapsed": _l("Application deleted: the link was not opened"),
    "enrollment.seat_shared": _l("Nomination shares the place of another one"),
    "enrollment.returned": _l("Nomination no longer shares a place"),
    "enrollment.reassigned": _l("Enrollment moved to another person"),
    "enrollment.approved": _l("Enrollment approved"),
    "enrollment.promoted": _l("Place given from the waiting list"),
    "enrollment.declined": _l("Enrollment declined"),
    "enrollment.reopened": _l("Result reopened"),
    "enrollment.withdrawn": _l("Enrollment withdrawn"),
    "enrollment.delivery_cancelled": _l("Enrollment ended: its delivery was cancelled"),
    "enrollment.result": _l("Result fixed"),
    "enrollment.printed_name_corrected": _l("Printed name corrected"),
    "needs.read": _l("Needs of participants read"),
    "needs.erased": _l("Needs of participants erased"),
    "attendance.recorded": _l("Attendance recorded"),
    "scores.recorded": _l("Scores recorded"),
    "certificates.requested": _l("Certificates asked for"),
    "certificate.issued": _l("Certificate issued"),
    "certificate.filed": _l("Certificate’s file made"),
    "certificate.superseded": _l("Certificate replaced"),
    "certificate.refiled": _l("Certificate file made again"),
    "certificate.revoked": _l("Certificate revoked"),
    "certificate.suspended": _l("Certificate suspended"),
    "certificate.lifted": _l("Suspension of a certificate lifted"),
    "certificate.revocation_proposed": _l("Revocation of a certificate proposed"),
    "certificate.revocation_declined": _l("Proposed revocation declined"),
    "certificate.suspended_ones_revoked": _l("Suspended certificates revoked"),
    "certificate.reasons_renamed": _l("Reasons for revocation renamed"),
    "certificate.review_opened": _l("Certificate under review: its result was corrected"),
    "expert.recorded": _l("Expert profile made"),
    "readings.taken": _l("Waiting entries added to the audit trail"),
    "expert.read": _l("Expert profile read"),
    "expert.admitted": _l("Admitted to the roster"),
    "expert.left": _l("Left the roster"),
    "expert.returned": _l("Waiting for admission again"),
    "expert.proposed": _l("Person asked about a roster profile"),
    "proposal.answered": _l("Question about a roster profile answered"),
    "proposals.forgotten": _l("Questions about roster profiles deleted"),
    "expert.changed": _l("Expert profile changed"),
    "skill.granted": _l("Skill granted"),
    "skill.withdrawn": _l("Skill withdrawn"),
    "roster.exported": _l("Roster list exported"),
    "roster.rebuilt": _l("Roster rebuilt from its evidence"),
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


def action_words(action: str) -> str:
    """What was done; the action's own code when no words are known."""
    return str(ACTIONS.get(action, action))


def subject_words(subject: str) -> str:
    """To what: "Delivery 7"; the subject as it is kept when no words are known."""
    kind, _colon, number = subject.partition(":")
    if kind == "person" and number == "0":
        return _("No one known")
    words = _SUBJECTS.get(kind)
    return str(words) % {"id": number} if words is not None and number else subject


def facts_words(facts: dict[str, Any]) -> str:
    """The rest of an entry in one line."""
    return " · ".join(f"{key.replace('_', ' ')}: {_plain(value)}" for key, value in facts.items())


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
    return str(value)
