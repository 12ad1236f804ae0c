"""The form that reopens fixed results."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField, TextAreaField

from core.forms import Form, whole


class ReopenForm(Form):
    enrollments = SelectMultipleField(coerce=whole, validate_choice=False)
    reason = TextAreaField(_l("What is corrected"))
