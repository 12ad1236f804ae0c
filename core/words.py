"""The words people read for the values stored: one list, so that screen, mail and file say the same."""

from __future__ import annotations

import enum
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l

WORDS: dict[str, Any] = {
    # personnel categories
    "civilian": _l("Civilian"),
    "police": _l("Police"),
    "military": _l("Military"),
    # gender
    "female": _l("Woman"),
    "male": _l("Man"),
    "another": _l("Another gender"),
    "undisclosed": _l("Prefer not to say"),
    # deliveries
    "draft": _l("Draft"),
    "published": _l("Published"),
    "finished": _l("Finished"),
    "cancelled": _l("Cancelled"),
    "automatic": _l("Automatic: a place while there is one, else the waiting list"),
    "approval": _l("By approval: a coordinator selects"),
    # enrollments
    "unconfirmed": _l("Not confirmed yet"),
    "requested": _l("Awaiting a decision"),
    "waitlisted": _l("On the waiting list"),
    "offered": _l("Place offered"),
    "confirmed": _l("Place confirmed"),
    "declined": _l("Not accepted"),
    "withdrawn": _l("Withdrawn"),
    "substituted": _l("Replaced by another person"),
    "delivery_cancelled": _l("Delivery cancelled"),
    "attended": _l("Attended"),
    "completed": _l("Completed"),
    "not_completed": _l("Not completed"),
    "no_show": _l("Did not come"),
    # marks
    "present": _l("Present"),
    "late": _l("Late"),
    "excused": _l("Excused"),
    "absent": _l("Absent"),
    # certificates and skills
    "valid": _l("Valid"),
    "expired": _l("Expired"),
    "superseded": _l("Replaced"),
    "revoked": _l("Revoked"),
    "suspended": _l("Suspended"),
    "not_yet_valid": _l("Not yet valid"),
    "current": _l("Current"),
    "expiring": _l("Expiring soon"),
    # void numbers
    "restored": _l("A copy was restored; the database that was lost may have issued them"),
    "set_back": _l("The database was set back to an earlier state"),
    "undone": _l("Issuing the certificate failed, or the database was set back by one number"),
    "mark_lost": _l("The file that records the last number was lost; these numbers may have been issued before"),
    # reasons of revocation
    "issued_in_error": _l("Issued in error"),
    "wrong_person": _l("Issued to the wrong person"),
    "fraud": _l("Fraud"),
    "recognition_withdrawn": _l("Recognition withdrawn"),
    # levels
    "awareness": _l("Awareness"),
    "basic": _l("Basic"),
    "practitioner": _l("Practitioner"),
    "advanced": _l("Advanced"),
    "expert": _l("Expert"),
    # experts and consents
    "certified": _l("Not on the roster"),
    "admitted": _l("On the roster"),
    "left": _l("Left the roster"),
    "consent_roster": _l("Roster staff may find the person"),
    "consent_contact": _l("We may write about missions and training"),
    "page": _l("on your page"),
    "link": _l("by an emailed link"),
    "api": _l("by a program"),
    "paper": _l("on paper"),
    "carried_over": _l("carried over from an earlier version"),
    # roles
    "participant": _l("Participant"),
    "nominator": _l("Nominator"),
    "trainer": _l("Trainer"),
    "coordinator": _l("Coordinator"),
    "roster": _l("Roster staff"),
    "administrator": _l("Administrator"),
    # what organizations do here
    "kind:nominator": _l("Nominating body"),
    "kind:centre": _l("Training centre"),
    "kind:roster_office": _l("Roster office"),
    "kind:funder": _l("Funder"),
    # what a token may do
    "all": _l("Everything"),
    "read": _l("Only read"),
    # jobs and mail
    "queued": _l("Waiting"),
    "running": _l("Running"),
    "succeeded": _l("Done"),
    "failed": _l("Failed"),
    "done": _l("Done"),
    "dead": _l("Given up"),
    "kept": _l("Kept here"),
    "sent": _l("Sent"),
    "refused": _l("Refused by the mail server"),
    "undelivered": _l("Given up after four days"),
}


def word(value: Any) -> str:
    """The word for a stored value in the page's language; the value itself when there is none."""
    code = value.value if isinstance(value, enum.Enum) else str(value)
    return str(WORDS.get(code, code))


def init_app(app: Flask) -> None:
    app.jinja_env.globals["word"] = word
    app.jinja_env.filters["word"] = word
