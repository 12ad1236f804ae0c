"""Forms that end an enrollment."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField

from core.forms import Form


class WithdrawForm(Form):
    reason = TextAreaField(_l("Reason"))


class DeclineForm(Form):
    reason = TextAreaField(_l("Reason"))
