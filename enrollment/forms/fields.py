"""Fields and validators shared by this package's forms."""

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
    """The field must be filled in; the sentence names what is missing."""

    field_flags = {"required": True}

    def __init__(self, sentence: Any):
        self.sentence = sentence

    def __call__(self, form: Any, field: Field) -> None:
        if not field.data or not str(field.data).strip():
            raise StopValidation(self.sentence)


class Clean:
    """Converts input to the stored value (people.values); refusals appear at the field."""

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
        if isinstance(cleaned, str):  # a list stays as typed, and "no country" stays an answer
            field.data = cleaned


class NeededWithoutCountry:
    """Requires an organization for people whom no country sends."""

    def __call__(self, form: Any, field: Field) -> None:
        try:
            require_sender(form.country.data, field.data)
        except Invalid as refusal:
            raise StopValidation(refusal.message) from None


class OneOf:
    """Exactly one of the field's choices: an unknown value never silently becomes another."""

    field_flags = {"required": True}

    def __init__(self, sentence: Any):
        self.sentence = sentence

    def __call__(self, form: Any, field: Any) -> None:
        if not field.data or field.data not in [choice[0] for choice in field.choices]:
            raise StopValidation(self.sentence)


class CountryField(SelectField):
    """A country's code, or the choice that an international organization sends the person."""

    widget = SharedSelect()

    def __init__(self, label: Any, validators: Iterable[Any] = (), **options: Any):
        super().__init__(label, list(validators), choices=[], validate_choice=False, **options)
        self.choices = [
            ("", ""),
            (NO_COUNTRY, _("None: an international organization")),
            *countries.choices(i18n.locale()),
        ]
