"""Forms: structure only. Rules are in services; their refusals appear at the fields concerned."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from markupsafe import Markup, escape
from wtforms import (
    BooleanField,
    DateField,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms import Form as Parts
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget
from wtforms.widgets.core import clean_key

from core import countries, names, texts
from core.errors import Conflict, DomainError, Invalid
from core.i18n import form_texts, in_language_name, locale, month_names
from core.personal import Field


def attributes(**values: Any) -> Markup:
    """The attributes of an HTML element: True gives the name alone, False nothing; `class_` and
    `aria_label` become "class" and "aria-label". Does the same as WTForms' `html_params` in a third
    of its time, and always escapes values."""
    written = []
    for name, value in sorted(values.items()):
        if value is True:
            written.append(clean_key(name))
        elif value is not False:
            escaped = str(escape(value)).replace('"', "&#34;")  # even if marked as escaped
            written.append(f'{clean_key(name)}="{escaped}"')
    return Markup(" ".join(written))  # noqa: S704 -- each value was escaped


#: The hint for people with a single name; the services ask for at least one.
ONE_NAME = _l(
    "A person with one name only has it in one of the two fields. Leave the other one empty."
)
NEEDED = [InputRequired(_l("Fill in this field."))]
#: The text of an empty choice: an option without text is invalid HTML and is read aloud as nothing.
NOTHING = "–"


def parse_int(text: str | None) -> int | None:
    """The number in `text`, of at most nine ASCII digits, which every column can hold; None for
    anything else."""
    return int(text) if text and len(text) < 10 and text.isascii() and text.isdigit() else None


def is_shown_again() -> bool:
    """Whether this form was sent only to be shown in another language with what was typed, and not
    to act."""
    return request.method == "POST" and "redisplay" in request.form


F = TypeVar("F", bound="Form")


class Form(FlaskForm):
    """The base of all forms. `refused` holds sentences that belong to no single field.

    A form that is only shown again counts as not submitted and is never valid; it keeps what was
    typed.
    """

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: Any) -> Any:
            return form_texts(locale())

    #: The plain fields added by `with_fields`.
    plain: tuple[Field, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.refused: list[str] = []

    def plain_inputs(self) -> list[Any]:
        return [self[field.name] for field in self.plain]

    def plain_values(self) -> dict[str, Any]:
        return {field.name: self[field.name].data for field in self.plain}

    def is_submitted(self) -> bool:
        return super().is_submitted() and not is_shown_again()

    def validate(self, extra_validators: Any = None) -> bool:
        if is_shown_again():
            return False
        is_valid = super().validate(extra_validators)
        for field in self.controls():
            if isinstance(field.data, str) and "\0" in field.data:  # PostgreSQL cannot store it
                field.data = field.data.replace("\0", "")
                field.errors = [
                    *field.errors,
                    _l("This held a character that cannot be kept. Check it, and send it again."),
                ]
                is_valid = False
        return is_valid

    def refuse(self, error: DomainError) -> None:
        """Shows a refusal at its field, or above the form if it concerns none."""
        for refusal in error.errors or [error]:
            for confirmation in (
                field
                for field in self
                if isinstance(field, Confirmation) and field.code == refusal.code
            ):
                confirmation.is_asked = True
            field = self.field_at((refusal.field or "").replace(".", "-"))
            if field is None:
                self.refused.append(refusal.message)
            else:
                field.errors = [*field.errors, refusal.message]

    def field_at(self, name: str) -> Any:
        """The field of this name; for a text in several languages, its first field. None if there
        is none."""
        texts_of = {field.name: field.first for field in self if isinstance(field, TextsField)}
        field = texts_of.get(name) or self._fields.get(name)
        return field or next((control for control in self.controls() if control.name == name), None)

    def controls(self) -> Iterator[Any]:
        """The fields; a text in several languages counts as one per language."""
        for field in self:
            yield from field if isinstance(field, TextsField) else (field,)

    @property
    def is_refused(self) -> bool:
        return bool(self.refused or self.errors)

    @property
    def status(self) -> int:
        """The status of the answer: 422 if the form is shown with errors."""
        return 422 if self.is_refused else 200


class Confirmation(BooleanField):
    """A checkbox offered after a refusal with `code`, which lets the act pass. Templates show it
    with `confirmation`."""

    def __init__(self, label: Any, *, code: str, **kwargs: Any):
        super().__init__(label, **kwargs)
        self.code = code
        self.is_asked = False


class CheckboxesField(SelectMultipleField):
    """Any number of choices, as checkboxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def names_confirmation() -> Any:
    """The confirmation checkbox of every form that takes a person's names."""
    return Confirmation(_l("These are the right names."), code="name_in_doubt")


class WhoField(RadioField):
    """Asks who is meant, after a refusal because a similar person is known. `identity`: the
    answer."""

    def __init__(self, label: Any = _l("Same person?"), *args: Any, **kwargs: Any):
        super().__init__(label, *args, choices=[], validate_choice=False, **kwargs)

    def offer(self, candidates: Iterable[Mapping[str, Any]]) -> None:
        known = [
            (str(candidate["id"]), _("Yes, the same as %(name)s", name=candidate["name"]))
            for candidate in candidates
        ]
        self.choices = [*known, (names.NEW, _("No, another person"))] if known else []

    @property
    def identity(self) -> int | str | None:
        return names.parse_identity(self.data)


def issuer_field() -> Any:
    """The issuer of a number, for all forms that take one."""
    return StringField(
        _l("Issuer of the number"),
        description=_l(
            "The organization’s code or a country. Leave it empty if the person’s country issued "
            "the number."
        ),
    )


class SubmissionField(HiddenField):
    """A random key created with the form, by which a repeated submission is recognised (see
    core.once)."""

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        super().process(formdata, data or secrets.token_urlsafe(16), extra_filters)


class NumberField(IntegerField):
    """A whole number; invalid input is shown again as typed."""

    def process_data(self, value: Any) -> None:
        super().process_data(None if value == "" else value)

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not typed:
            return
        if not (typed.isascii() and typed.removeprefix("-").isdigit() and len(typed) <= 9):
            raise ValueError(_l("Give a whole number."))
        self.data = int(typed)


class _DayParts(Parts):
    """Day, name of the month, year: no ambiguous order."""

    day = StringField(_l("Day"), render_kw={"inputmode": "numeric", "size": 2, "maxlength": 2})
    month = SelectField(_l("Month"), coerce=str, validate_choice=False)
    year = StringField(_l("Year"), render_kw={"inputmode": "numeric", "size": 4, "maxlength": 4})

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.month.choices = [
            ("", "–"),
            *((str(number), name) for number, name in enumerate(month_names(), 1)),
        ]


class NationalitiesField(StringField):
    """One or several nationalities, in words; stored ones are written so that they parse back to
    the same."""

    def __init__(self, label: Any = _l("Nationality"), *args: Any, **kwargs: Any):
        kwargs.setdefault(
            "description",
            _l("One or several, with a semicolon between them, such as: Senegal; France"),
        )
        super().__init__(label, *args, **kwargs)

    def process_data(self, value: Any) -> None:
        super().process_data(
            value if isinstance(value, str) else countries.written(value or (), locale())
        )


class DayField(FormField):
    """A date entered as day, name of the month and year. `date` is the validated value: None if
    left empty.

    Initialised from an object's `datetime.date`; the parts keep what was typed if it is not a date.
    """

    def __init__(self, label: Any = None, *, is_required: bool = False, **kwargs: Any):
        super().__init__(_DayParts, label, **kwargs)
        self.is_required = is_required
        self.flags.required = is_required
        self.date: date | None = None

    # a plain attribute again: refusals are added here, and the parts have no errors of their own
    errors: Any = ()

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.date = data if isinstance(data, date) else None
        super().process(formdata, self.date)
        self.errors = []

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        typed = [
            str(part.data or "").strip()
            for part in (self.form.year, self.form.month, self.form.day)
        ]
        self.errors, self.date = [], None
        if any(typed):
            self.date = self._read(typed)
        elif self.is_required:
            self.errors.append(_l("Give the day, the month and the year."))
        return not self.errors

    def _read(self, typed: list[str]) -> date | None:
        if not all(part.isascii() and part.isdigit() for part in typed):
            self.errors.append(_l("Give the day and the year as numbers, and choose the month."))
        elif len(typed[0]) != 4:
            self.errors.append(_l("Give the year with four digits."))
        else:
            try:
                return date(*map(int, typed))
            except ValueError:
                self.errors.append(_l("There is no such day. Check the day and the month."))
        return None


class TextsField(FormField):
    """A text with a field for each language that forms ask for or in which it already exists:
    `title` is sent as `title-en`, `title-fr` … `label` has a placeholder for the `language`.
    `texts`: what was typed, by language."""

    def __init__(
        self,
        label: Any = None,
        validators: Any = None,
        *,
        part: type[StringField] = StringField,
        **kwargs: Any,
    ):
        super().__init__(BaseForm, label, validators, **kwargs)
        self.part, self.sentence = part, label
        self.codes: list[str] = []

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        start = self.object_data = data if isinstance(data, Mapping) else {}
        sent = {
            code
            for code in texts.LANGUAGES
            if formdata is not None and f"{self.name}-{code}" in formdata
        }
        self.codes = texts.in_order({*texts.asked_for(), *start, *sent})
        subfields = {
            code: self.part(_in_language(self.sentence, code), render_kw=_marked(code))
            for code in self.codes
        }
        self.form = BaseForm(subfields, prefix=f"{self.name}-")
        self.form.process(formdata, data=start)

    @property
    def first(self) -> Any:
        return self.form[self.codes[0]]

    @property
    def texts(self) -> dict[str, str]:
        return texts.filled(self.form.data)


def _in_language(sentence: LazyString, code: str) -> LazyString:
    """The label with the name of the language, both in the page's language."""
    return LazyString(lambda: str(sentence) % {"language": in_language_name(code)})


def _marked(code: str) -> dict[str, Any]:
    """Marks the language for spell-checkers and screen readers if it is not the page's."""
    marks = {"lang": code} if code != locale() else {}
    return marks | (
        {"dir": texts.direction(code)} if texts.direction(code) != texts.direction(locale()) else {}
    )


class SharedSelect:
    """A select with the same options for everyone: rendered once per language, not once per
    page."""

    input_type = None

    def __call__(self, field: SelectField, **attrs: Any) -> Markup:
        options = _options(tuple(field.choices))
        chosen = f' value="{escape(field.data or "")}"'
        attrs.setdefault("id", field.id)
        html = f"<select {attributes(name=field.name, **attrs)}>{options}</select>"
        return Markup(html.replace(f"{chosen}>", f"{chosen} selected>", 1))  # noqa: S704 -- options and attributes are escaped


@lru_cache(maxsize=128)
def _options(choices: tuple[tuple[str, str], ...]) -> Markup:
    return Markup("").join(
        Markup('<option value="{}">{}</option>').format(value, words or NOTHING)
        for value, words in choices
    )


@contextmanager
def refusals_on(form: Form) -> Iterator[None]:
    """`with refusals_on(form), transaction():` turns a refused act into errors on its form."""
    try:
        yield
    except (Invalid, Conflict) as error:
        form.refuse(error)


_INPUTS: dict[type, Any] = {date: DateField, str: StringField}


def with_fields(fields: tuple[Field, ...]) -> Callable[[type[F]], type[F]]:
    """Extends a form by these plain fields."""

    def extend(form: type[F]) -> type[F]:
        for field in fields:
            setattr(form, field.name, _INPUTS[field.kind](field.what, [Optional()]))
        form.plain = fields
        return form

    return extend
