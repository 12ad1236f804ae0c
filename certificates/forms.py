"""Forms of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from certificates.models import RevocationReason
from certificates.rendering import LONGEST_NAME
from certificates.services.names import field_of
from core.errors import DomainError
from core.forms import Form, SubmissionField, parse_int


class IssueForm(Form):
    """Who gets a certificate; `issue_form` adds a field for each printed name."""

    submission = SubmissionField()
    enrollments = SelectMultipleField(_l("Issue to"), coerce=int)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.elsewhere: dict[int, Any] = {}

    def refuse(self, error: DomainError) -> None:
        """Names on other pages have no field here: what is wrong with them, by enrollment, is in
        `elsewhere`."""
        for refusal in error.errors or [error]:
            enrollment_id = parse_int((refusal.field or "").removeprefix("name-"))
            if enrollment_id and self.field_at(field_of(enrollment_id)) is None:
                self.elsewhere[enrollment_id] = refusal.message
            else:
                super().refuse(refusal)

    @property
    def is_refused(self) -> bool:
        return bool(self.elsewhere) or super().is_refused

    def names(self) -> dict[int, str]:
        """The typed names, by enrollment."""
        typed = {
            name: field.data or ""
            for name, field in self._fields.items()
            if name.startswith("name-")
        }
        return {int(name.removeprefix("name-")): text for name, text in typed.items()}


def issue_form(names: Mapping[int, str | None], chosen: list[int]) -> IssueForm:
    """The form for these enrollments with the names to print (None: already printed), initially
    with `chosen` selected."""
    fields = {
        field_of(key): StringField(
            _l("Name to print"), default=name, render_kw={"maxlength": LONGEST_NAME}
        )
        for key, name in names.items()
        if name is not None
    }
    form = type("IssueForm", (IssueForm,), fields)(enrollments=chosen)
    form.enrollments.choices = [SelectChoice(str(key), name or "") for key, name in names.items()]
    return form


class RevokeForm(Form):
    submission = SubmissionField()
    reason_code = RadioField(
        _l("Why is it revoked?"),
        [DataRequired(_l("Choose why the certificate is revoked."))],
        choices=[SelectChoice(reason.value, reason.words) for reason in RevocationReason],
        description=_l("The holder is told this by email."),
    )
    note = TextAreaField(
        _l("Note"),
        [Length(max=1000)],
        description=_l(
            "Kept with the certificate for those who may revoke. Neither the holder nor the "
            "verification page is shown it."
        ),
    )


class SuspendForm(Form):
    submission = SubmissionField()
    note = TextAreaField(
        _l("Why is it suspended?"),
        [DataRequired(_l("Enter the reason for the suspension.")), Length(max=1000)],
        description=_l(
            "Only people who may revoke certificates see this. The holder is notified of the "
            "suspension, but not of the reason."
        ),
    )


class LiftForm(Form):
    submission = SubmissionField()
    note = TextAreaField(
        _l("Why is the suspension lifted?"),
        [DataRequired(_l("Enter the reason for lifting the suspension.")), Length(max=1000)],
        description=_l(
            "Only people who may revoke certificates see this. The holder is notified that the "
            "certificate is valid again, but not of the reason."
        ),
    )


class ReissueForm(Form):
    submission = SubmissionField()
    name_on_certificate = StringField(
        _l("Name to print"),
        [
            DataRequired(_l("Write the name as it shall stand on the certificate.")),
            Length(max=LONGEST_NAME),
        ],
    )
    reason = TextAreaField(
        _l("What is corrected?"),
        [DataRequired(_l("Say in a few words what is corrected.")), Length(max=1000)],
        description=_l(
            "For instance: the family name was misspelt. Kept with the certificate that is "
            "replaced."
        ),
    )
