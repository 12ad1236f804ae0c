"""All personal data of the installation: what each package declares, and what core stores."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from accounts import fields as accounts
from certificates import fields as certificates
from classroom import fields as classroom
from core.personal import Datum, Field
from enrollment import fields as enrollment
from people import fields as people
from roster import fields as roster

PERSONAL: tuple[Datum | Field, ...] = (
    *people.PERSONAL,
    *enrollment.PERSONAL,
    *classroom.PERSONAL,
    *certificates.PERSONAL,
    *roster.PERSONAL,
    *accounts.PERSONAL,
    Datum(
        _l("Answers to a form or a program, work that waits, counters of tries"),
        _l("To do nothing twice, and to stop people who try passwords"),
        _l(
            "The person who sent the form or the request; administrators see what waits, without "
            "names"
        ),
        _l("Answers and counters a day, finished work 90 days"),
        """first_answer.request_digest first_answer.status first_answer.body first_answer.location
        first_answer.created_at job.kind job.args job.dedupe_key job.state job.run_after
        job.attempts job.give_up_at job.lease_until job.token job.error job.done job.total
        job.errors job.created_by_id job.created_at try_count.since try_count.count""",
    ),
    Datum(
        _l("Audit trail: who did what, when"),
        _l("To find misuse and mistakes"),
        _l("Administrators"),
        _l("Without end. It holds numbers, no names or addresses"),
        "audit_entry.at audit_entry.actor_id audit_entry.action audit_entry.subject "
        "audit_entry.body audit_entry.digest",
    ),
)
