"""Forms of the roster: structure only; the services have the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import DateInput, SearchInput

from core import countries, i18n, languages
from core.codes import spelling
from core.errors import DomainError
from core.forms import (
    Form,
    NationalitiesField,
    SharedSelect,
    SubmissionField,
    issuer_field,
    names_confirmation,
    parse_int,
    with_fields,
)
from core.words import Worded
from courses.models import Skill, SkillLevel
from people.models import Gender
from people.personnel import ONLY_DIVIDED, PersonnelCategory
from roster.fields import EXPERT
from roster.languages import CEFR
from roster.models import Expert, LanguageFramework
from roster.services import Profile, SpokenLanguage, Window

SPARE_ROWS = 2


def _choices(kind: type[Worded], blank_label: str) -> list[tuple[str, str]]:
    return [("", blank_label), *kind.choices()]


def _countries(blank_label: str) -> list[tuple[str, str]]:
    return [("", blank_label), *countries.choices(i18n.locale())]


def _languages(blank_label: str) -> list[tuple[str, str]]:
    return [("", blank_label), *languages.choices(i18n.locale())]


class SearchForm(Form):
    """The filters. Skills and languages are numbered rows, with one empty row."""

    class Meta:
        csrf = False

    q = StringField(_l("Name or number"), widget=SearchInput())
    category = SelectField(_l("Category"), widget=SharedSelect())
    gender = SelectField(_l("Gender"), widget=SharedSelect())
    country = SelectField(_l("Country"), widget=SharedSelect())
    nationality = SelectField(_l("Nationality"), widget=SharedSelect())
    valid_on = StringField(_l("Skills valid on"), widget=DateInput())
    available_from = StringField(_l("Available from"), widget=DateInput())
    available_to = StringField(_l("Available until"), widget=DateInput())
    as_of = StringField(_l("As known on"), widget=DateInput())

    def refuse(self, error: DomainError) -> None:
        for refusal in error.errors or [error]:
            refusal.field = {"skill": "skill_1", "language": "language_1"}.get(
                refusal.field or "", refusal.field
            )
        super().refuse(error)

    def rows(self, name: str) -> list[tuple[Any, Any]]:
        """(thing, level) fields of one kind."""
        numbers = range(
            1,
            1
            + sum(
                field.startswith(f"{name}_") and not field.endswith("_level")
                for field in self._fields
            ),
        )
        return [(self[f"{name}_{number}"], self[f"{name}_{number}_level"]) for number in numbers]


def search_form(values: Mapping[str, Any], skills: Iterable[Skill]) -> SearchForm:
    """The form with the values of the address, valid or not."""
    rows: dict[str, Any] = {}
    kinds = {
        "skill": (
            _l("Skill"),
            [("", _("Any")), *((skill.code, i18n.text(skill.title)) for skill in skills)],
            _choices(SkillLevel, _("Any")),
        ),
        "language": (
            _l("Language"),
            _languages(_("Any")),
            [("", _("Any")), *((level, level) for level in CEFR)],
        ),
    }
    data = {name: value for name, value in values.items() if isinstance(value, str)}
    offered: dict[str, Any] = {}
    for name, (label, things, levels) in kinds.items():
        for number, text in enumerate([*(values.get(name) or []), ""], 1):
            code, _colon, level = text.partition(":")
            code = spelling(code, dict(things))
            known = code in dict(things)
            row = f"{name}_{number}"
            level_field = SelectField(_l("At least level"), widget=SharedSelect())
            rows |= {row: SelectField(label, widget=SharedSelect()), f"{row}_level": level_field}
            data |= {row: code, f"{row}_level": level}
            offered |= {row: things if known else [*things, (code, code)], f"{row}_level": levels}
    form = type("NumberedSearchForm", (SearchForm,), rows)(formdata=None, data=data)
    form.category.choices = _choices(PersonnelCategory, _("Any"))
    form.gender.choices = _choices(Gender, _("Any"))
    form.country.choices = form.nationality.choices = _countries(_("Any"))
    for row, choices in offered.items():
        form[row].choices = choices
    return form


@with_fields(EXPERT)
class ProfileForm(Form):
    """Rank, organization, fields; `profile_form` adds rows for languages and availability."""

    category = RadioField(_l("Category"), validators=[InputRequired()])
    subcategory = SelectField(
        _l("Sub-category"),
        description=ONLY_DIVIDED,
        validators=[Optional()],
        validate_choice=False,
    )
    rank = StringField(_l("Rank or title"), validators=[Optional()])
    rank_code = StringField(
        _l("Rank code"),
        description=_l("Military only: as in STANAG 2116, such as OF-2."),
        validators=[Optional()],
    )
    organization = StringField(_l("Organization"), validators=[Optional()])
    expertise = TextAreaField(
        _l("Fields of expertise"), description=_l("One in each line."), validators=[Optional()]
    )

    @property
    def offers_rank_code(self) -> bool:
        """STANAG 2116 codes belong to armed forces; a code already stored can be removed."""
        chosen = self.category.data
        return bool(
            chosen is None
            or any(
                category.traits.has_rank_code
                for category in PersonnelCategory
                if category == chosen
            )
            or self.rank_code.data
        )

    language_rows: int
    window_rows: int

    def refuse(self, error: DomainError) -> None:
        """Translates row numbers: the services do not count the form's empty rows."""
        for refusal in error.errors or [error]:
            kind, _dot, remainder = (refusal.field or "").partition(".")
            number, _dot, part = remainder.partition(".")
            if kind in ("languages", "availability") and number.isdigit():
                refusal.field = f"{kind}_{self._filled(kind)[int(number)]}_{part}"
        super().refuse(error)

    def _filled(self, kind: str) -> list[int]:
        if kind == "languages":
            return [
                n
                for n in range(self.language_rows)
                if self[f"languages_{n}_language"].data or self[f"languages_{n}_level"].data
            ]
        return [
            n
            for n in range(self.window_rows)
            if self[f"availability_{n}_from"].data or self[f"availability_{n}_to"].data
        ]

    def languages(self) -> list[tuple[Any, Any, Any]]:
        rows = (f"languages_{n}" for n in range(self.language_rows))
        return [
            (self[f"{row}_language"], self[f"{row}_framework"], self[f"{row}_level"])
            for row in rows
        ]

    def windows(self) -> list[tuple[Any, Any]]:
        return [
            (self[f"availability_{n}_from"], self[f"availability_{n}_to"])
            for n in range(self.window_rows)
        ]

    def check_windows(self) -> bool:
        """A window needs both its days."""
        for first, last in self.windows():
            for either, other in ((first, last), (last, first)):
                if either.data is None and other.data is not None and not either.errors:
                    either.errors = [_("Give both days of the period.")]
        return not self.is_refused

    def profile(self) -> Profile:
        """The entered values. Empty texts clear."""
        spoken = [
            tuple(field.data or "" for field in self.languages()[n])
            for n in self._filled("languages")
        ]
        windows = [
            tuple(field.data for field in self.windows()[n]) for n in self._filled("availability")
        ]
        return Profile(
            category=PersonnelCategory(self.category.data),
            subcategory=self.subcategory.data or "",
            rank=self.rank.data or "",
            rank_code=self.rank_code.data or "",
            organization=self.organization.data or "",
            languages=[
                SpokenLanguage(code, level, LanguageFramework(framework))
                for code, framework, level in spoken
            ],
            expertise=[
                line.strip() for line in (self.expertise.data or "").splitlines() if line.strip()
            ],
            availability=[Window(first, last) for first, last in windows],
            plain={name: value or "" for name, value in self.plain_values().items()},
        )


def profile_form(
    expert: Expert | None, *, asks_person: bool = False, sent: Mapping[str, Any] | None = None
) -> ProfileForm:
    """The form of `expert` (None: a new profile), with rows for known values and some spare
    ones."""
    spoken, windows = (expert.languages, expert.availability) if expert else ([], [])
    counts = {
        kind: _rows_sent(sent, kind) or len(known) + SPARE_ROWS
        for kind, known in (("languages", spoken), ("availability", windows))
    }
    fields: dict[str, Any] = {
        "language_rows": counts["languages"],
        "window_rows": counts["availability"],
    }
    data: dict[str, Any] = {}
    for n in range(counts["languages"]):
        fields |= {
            f"languages_{n}_language": SelectField(
                _l("Language"), validate_choice=False, widget=SharedSelect()
            ),
            f"languages_{n}_framework": SelectField(_l("Framework")),
            f"languages_{n}_level": StringField(_l("Level"), validators=[Optional()]),
        }
        if n < len(spoken):
            data |= {
                f"languages_{n}_{part}": getattr(spoken[n], part)
                for part in ("language", "framework", "level")
            }
    for n in range(counts["availability"]):
        fields |= {
            f"availability_{n}_from": DateField(_l("First day"), validators=[Optional()]),
            f"availability_{n}_to": DateField(_l("Last day"), validators=[Optional()]),
        }
        if n < len(windows):
            data |= {
                f"availability_{n}_from": windows[n].starts_on,
                f"availability_{n}_to": windows[n].ends_on,
            }
    kind = type("NumberedProfileForm", (NewExpertForm if asks_person else ProfileForm,), fields)
    form: ProfileForm = kind(data={**data, **_known(expert)})
    _offer_choices(form, spoken)
    return form


def _known(expert: Expert | None) -> dict[str, Any]:
    if expert is None:
        return {}
    names = ("subcategory", "rank", "rank_code", "organization", *(field.name for field in EXPERT))
    plain = {name: getattr(expert, name) for name in names}
    return plain | {"category": expert.category.value, "expertise": "\n".join(expert.expertise)}


def _offer_choices(form: ProfileForm, spoken: Iterable[Any]) -> None:
    form.category.choices = PersonnelCategory.choices()
    divided = [
        subcategory
        for category in PersonnelCategory
        for subcategory in category.traits.subcategories
    ]
    form.subcategory.choices = [
        ("", ""),
        *((subcategory.value, subcategory.words) for subcategory in divided),
    ]
    extra = [(language.language, i18n.language_name(language.language)) for language in spoken]
    for language, framework, _level in form.languages():
        language.choices = list(dict([*_languages(""), *extra]).items())
        framework.choices = [("cefr", _("A1 to C2 (CEFR)")), ("slp", _("SLP (STANAG 6001)"))]
    if isinstance(form, NewExpertForm):
        form.person_gender.choices = Gender.choices()
        form.person_country.choices = _countries("")


def _rows_sent(sent: Mapping[str, Any] | None, kind: str) -> int:
    """How many rows the submitted form had."""
    numbers = (parse_int(name.split("_")[1]) for name in sent or () if name.startswith(f"{kind}_"))
    return min(1 + max((number for number in numbers if number is not None), default=-1), 60)


class AdmissionForm(Form):
    """Admits the selected people, optionally in fields of expertise, and to an office's roster for
    staff of several."""

    office = RadioField(_l("Roster office"), validate_choice=False)
    expertise = TextAreaField(
        _l("Fields of expertise"),
        description=_l("One per line. Leave it empty to admit in general."),
        validators=[Optional()],
    )

    def __init__(self, offices: Sequence[tuple[str, str]], **options: Any):
        super().__init__(**options)
        if len(offices) > 1:
            self.office.choices = list(offices)
        else:
            del self.office

    def fields(self) -> list[str]:
        return [line.strip() for line in (self.expertise.data or "").splitlines() if line.strip()]


class NewExpertForm(ProfileForm):
    """Adds a person to the roster: the person, and the profile."""

    submission = SubmissionField()
    person_identifier = StringField(_l("Service or staff number"), validators=[Optional()])
    person_identifier_issuer = issuer_field()
    person_given_name = StringField(
        _l("Given name"),
        description=_l(
            "A person with one name only has it in one of the two fields. Leave the other one "
            "empty."
        ),
    )
    person_family_name = StringField(_l("Family name"), validators=[Optional()])
    names_confirmed = names_confirmation()
    person_email = StringField(_l("Email address"), validators=[Optional()])
    person_country = SelectField(_l("Country"), validate_choice=False, widget=SharedSelect())
    person_nationalities = NationalitiesField()
    person_gender = SelectField(
        _l("Gender"), validate_choice=False, default=Gender.UNDISCLOSED.value
    )

    def refuse(self, error: DomainError) -> None:
        for refusal in error.errors or [error]:
            if (refusal.field or "").startswith("person."):
                refusal.field = (refusal.field or "").replace(".", "_")
        super().refuse(error)

    def person(self) -> dict[str, Any]:
        """The arguments of people.services.record_person, without the identifier."""
        gender = self.person_gender.data or None
        return {
            "given_name": self.person_given_name.data or "",
            "family_name": self.person_family_name.data or "",
            "names_confirmed": self.names_confirmed.data,
            "identifier_issuer": self.person_identifier_issuer.data or None,
            "email": self.person_email.data or None,
            "country": self.person_country.data or None,
            "nationalities": self.person_nationalities.data or None,
            "gender": gender
            if gender != Gender.UNDISCLOSED
            else None,  # left out: what is stored stays
        }


def read_day(value: str) -> date | None:
    """A day as sent by a date field; None if it is not one."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
