"""The form for proposing that two records are one person."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField

from core.forms import NEEDED, Form, parse_int


class MergeForm(Form):
    keep = StringField(
        _l("Number of the record to keep"),
        NEEDED,
        description=_l("You find each record’s number on the pages of its enrollments."),
    )
    merge = StringField(_l("Number of the record to merge into it"), NEEDED)
    reason = TextAreaField(_l("Reason"), NEEDED)

    def ids(self) -> tuple[int, int]:
        """Anything but a number matches no one."""
        return parse_int((self.keep.data or "").strip()) or 0, parse_int(
            (self.merge.data or "").strip()
        ) or 0
