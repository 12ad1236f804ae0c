"""Forms for nominations: a file or pasted rows, and one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import FileField, RadioField, SelectField, StringField, TextAreaField

from core import i18n
from core.errors import DomainError
from core.forms import (
    ONE_NAME,
    DayField,
    Form,
    NationalitiesField,
    SubmissionField,
    WhoField,
    issuer_field,
    names_confirmation,
)
from enrollment.forms.fields import CountryField, Needed, OneOf
from enrollment.nomination_files import COLUMNS, NominationRow, check_row
from people.models import Gender
from people.personnel import ONLY_DIVIDED, ONLY_RANKED, PersonnelCategory


def offer(field: Any, organizations: Mapping[str, str], none: Any = None) -> None:
    """Sets the choices of nominating organizations. `none`: the words for "no organization", for
    users who may enrol people without one. A single choice is selected, so the page need not
    ask."""
    choices = list(organizations.items())
    if none is not None:
        choices.insert(0, ("0", none))
    elif len(choices) != 1:
        choices.insert(0, ("", ""))
    field.choices = choices
    if field.data in (None, "None") or len(choices) == 1:
        field.data = choices[0][0]


class UploadForm(Form):
    organization = SelectField(
        _l("Organization"),
        [OneOf(_l("Choose the organization that nominates."))],
        coerce=str,
        validate_choice=False,
    )
    file = FileField(_l("File"))
    text = TextAreaField(_l("Or paste the rows here"))

    @property
    def content(self) -> bytes | None:
        """The chosen file or pasted rows; None if there are none."""
        chosen: Any = self.file.data
        if getattr(chosen, "filename", ""):
            return chosen.read()
        return (self.text.data or "").encode() if (self.text.data or "").strip() else None


class PersonForm(Form):
    """One person, by the rules for a row of a file."""

    organization_id = SelectField(
        _l("Nominated by"),
        [OneOf(_l("Choose the organization that nominates."))],
        coerce=str,
        validate_choice=False,
    )
    given_name = StringField(_l("Given name"), description=ONE_NAME)
    family_name = StringField(_l("Family name"))
    names_confirmed = names_confirmation()
    name_on_certificate = StringField(_l("Name as printed on the certificate"))
    email = StringField(
        _l("Email"),
        [Needed(_l("Write the email address: the person receives the invitation there."))],
    )
    identifier = StringField(_l("Service or staff number"))
    identifier_issuer = issuer_field()
    country = CountryField(_l("Country"), [Needed(_l("Choose the country."))])
    nationalities = NationalitiesField()
    gender = RadioField(_l("Gender"), validate_choice=False)
    birth_date = DayField(_l("Date of birth"))
    who = WhoField()
    category = RadioField(
        _l("Personnel category"),
        [OneOf(_l("Choose the personnel category."))],
        validate_choice=False,
    )
    subcategory = SelectField(_l("Sub-category"), description=ONLY_DIVIDED, validate_choice=False)
    rank = StringField(_l("Rank"), description=ONLY_RANKED)
    rank_code = StringField(_l("NATO rank code"))
    organization = StringField(_l("Unit or employer"))
    language = SelectField(_l("Language in which we write to the person"), validate_choice=False)
    needs = TextAreaField(_l("Access or dietary needs"))
    submission = SubmissionField()

    def __init__(self, categories: Sequence[PersonnelCategory], **options: Any):
        super().__init__(**options)
        self.gender.choices = Gender.choices()
        self.category.choices = [(category.value, category.words) for category in categories]
        divided = [
            subcategory for category in categories for subcategory in category.traits.subcategories
        ]
        self.subcategory.choices = [
            ("", ""),
            *((subcategory.value, subcategory.words) for subcategory in divided),
        ]
        if not divided:
            self.subcategory.data = ""
        self.language.choices = list(i18n.teaching_languages(i18n.locale()))

    def row(self) -> NominationRow:
        """The person, by the rules for a row; its problems appear at the fields."""
        typed = {
            column: str(self[column].data or "") for column in COLUMNS if column != "birth_date"
        }
        born = self.birth_date.date
        confirmed = {"names_confirmed": "1"} if self.names_confirmed.data else {}
        row = check_row(1, typed | confirmed | {"birth_date": born.isoformat() if born else ""})
        for problem in row.problems:
            self.names_confirmed.is_asked |= problem.code == self.names_confirmed.code
            if not self[problem.column].errors:
                self[problem.column].errors = [problem.remedy]
        return row

    def refuse(self, error: DomainError) -> None:
        """Maps fields such as "person.email", "row-1.email" and "nominated_by" to this form's
        names."""
        for refusal in error.errors or [error]:
            name = (
                (refusal.field or "")
                .removeprefix("row-1")
                .removeprefix(".")
                .removeprefix("person.")
            )
            refusal.field = {"person": "email", "nominated_by": "organization_id"}.get(name, name)
        self.who.offer(error.details.get("candidates", ()))
        super().refuse(error)
