"""The form that reopens fixed results."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField, TextAreaField

from core.forms import Form, parse_int


class ReopenForm(Form):
    enrollments = SelectMultipleField(coerce=parse_int, validate_choice=False)
    reason = TextAreaField(_l("What is corrected"))
