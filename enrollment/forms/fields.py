"""Fields and validators that the forms of this package share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask_babel import gettext as _
from wtforms import Field, SelectField
from wtforms.validators import StopValidation

from core import countries, i18n
from core.errors import Invalid
from core.forms import SharedSelect
from people.values import NO_COUNTRY, require_sender


class Needed:
    """The field must be filled in; the sentence says with what."""

    field_flags = {"required": True}

    def __init__(self, sentence: Any):
        self.sentence = sentence

    def __call__(self, form: Any, field: Field) -> None:
        if not field.data or not str(field.data).strip():
            raise StopValidation(self.sentence)


class Clean:
    """Turns what was typed into the value as it is kept (people.values); what that refuses is
    said at the field."""

    def __init__(self, clean: Callable[..., Any], **options: Any):
        self.clean = clean
        self.options = options

    def __call__(self, form: Any, field: Field) -> None:
        if not field.data:
            return
        try:
            cleaned = self.clean(field.data, field.name, **self.options)
        except Invalid as refusal:
            raise StopValidation(refusal.message) from None
        if isinstance(
            cleaned, str
        ):  # a list stays as the person wrote it, and "no country" stays an answer
            field.data = cleaned


class NeededWithoutCountry:
    """Whom no country sends comes from an international organization: which one has to be said."""

    def __call__(self, form: Any, field: Field) -> None:
        try:
            require_sender(form.country.data, field.data)
        except Invalid as refusal:
            raise StopValidation(refusal.message) from None


class OneOf:
    """One of the field's choices, and nothing else: an unknown value is never silently another."""

    field_flags = {"required": True}

    def __init__(self, sentence: Any):
        self.sentence = sentence

    def __call__(self, form: Any, field: Any) -> None:
        if not field.data or field.data not in [choice[0] for choice in field.choices]:
            raise StopValidation(self.sentence)


class CountryField(SelectField):
    """A country's two letters, or that none sends the person: an international organization
    does."""

    widget = SharedSelect()

    def __init__(self, label: Any, validators: Iterable[Any] = (), **options: Any):
        super().__init__(label, list(validators), choices=[], validate_choice=False, **options)
        self.choices = [
            ("", ""),
            (NO_COUNTRY, _("None: an international organization")),
            *countries.choices(i18n.locale()),
        ]
