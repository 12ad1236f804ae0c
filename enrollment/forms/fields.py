"""Fields and validators that the forms of this room share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape
from wtforms import Field, SelectField
from wtforms.validators import StopValidation
from wtforms.widgets import html_params

from core import i18n
from core.errors import Invalid


class Needed:
    """The field must be filled in; the sentence says with what."""

    field_flags = {"required": True}

    def __init__(self, sentence: Any):
        self.sentence = sentence

    def __call__(self, form: Any, field: Field) -> None:
        if not field.data or not str(field.data).strip():
            raise StopValidation(self.sentence)


class Kept:
    """Turns what was typed into the value as it is kept (accounts.values); what that refuses is said at the field."""

    def __init__(self, clean: Callable[..., str], **options: Any):
        self.clean = clean
        self.options = options

    def __call__(self, form: Any, field: Field) -> None:
        if not field.data:
            return
        try:
            field.data = self.clean(field.data, field.name, **self.options)
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


class CountryWidget:
    """A select of all countries. Its 249 options are made once for each language: they are most of what a form costs."""

    def __call__(self, field: Field, **attributes: Any) -> Markup:
        attributes.setdefault("id", field.id)
        options = _country_options(i18n.locale())
        if field.data:
            marked = f'value="{escape(field.data)}"'
            options = options.replace(marked, f"{marked} selected", 1)
        return Markup(f"<select {html_params(name=field.name, **attributes)}>{options}</select>")  # noqa: S704 -- escaped


@lru_cache(maxsize=8)
def _country_options(language: str) -> str:
    options = [f'<option value="{code}">{escape(name)}</option>' for code, name in i18n.countries(language)]
    return '<option value=""></option>' + "".join(options)


class CountryField(SelectField):
    """A country's two letters."""

    widget = CountryWidget()

    def __init__(self, label: Any, validators: Iterable[Any] = (), **options: Any):
        super().__init__(label, list(validators), choices=[], validate_choice=False, **options)
