"""Forms: shape only. Rules live in services; what they refuse comes back to the field it is about."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from flask_wtf import FlaskForm
from wtforms import HiddenField

from core.errors import Conflict, DomainError, Invalid


class Form(FlaskForm):
    """Every form of the application. `refused` holds sentences that belong to no single field."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.refused: list[str] = []

    def refuse(self, error: DomainError) -> None:
        """Puts a refusal at its field, or above the form when it is about none of them."""
        for one in error.errors or [error]:
            field = self._fields.get((one.field or "").replace(".", "-"))
            if field is None:
                self.refused.append(one.message)
            else:
                field.errors = [*field.errors, one.message]

    @property
    def is_refused(self) -> bool:
        return bool(self.refused or self.errors)

    @property
    def status(self) -> int:
        """The answer's status: 422 when the form comes back with errors."""
        return 422 if self.is_refused else 200


class SubmissionField(HiddenField):
    """A random key made with the form: the same form sent twice is recognised (see core.once)."""

    def process(self, formdata, data=None, extra_filters=None):
        super().process(formdata, data or secrets.token_urlsafe(16), extra_filters)


@contextmanager
def refusals_on(form: Form) -> Iterator[None]:
    """`with refusals_on(form), transaction():` turns a refused act into errors on the form it came from."""
    try:
        yield
    except (Invalid, Conflict) as error:
        form.refuse(error)
