"""The personal data of a delivery's participants: why each item is kept, who reads it, for how
long."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from core.personal import Datum

PERSONAL = (
    Datum(
        _l("Attendance and test results"),
        _l("To decide whether you completed the course"),
        _l(
            "Yourself, trainers of the delivery, coordinators, administrators; the nominating "
            "organization sees the result"
        ),
        _l("As long as the enrollment"),
        """enrollment.lacking enrollment.finished_at mark.mark mark.minutes mark.recorded_at
        score.kind score.percent
        score.recorded_at reopening.reason reopening.result reopening.lacking
        reopening.reopened_at""",
    ),
)
