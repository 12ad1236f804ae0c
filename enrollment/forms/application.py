"""The application form: one form on three screens.

The values of other screens travel as hidden fields and are validated again each time, so nothing is
stored before the application is sent, and going back loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.validators import Optional

from core import countries, texts
from core.errors import DomainError, Invalid
from core.forms import Form, NationalitiesField, SubmissionField, names_confirmation, refusals_on
from core.names import Origin, full_name
from enrollment.forms.fields import Clean, CountryField, Needed, NeededWithoutCountry, OneOf
from enrollment.services import Wish
from people import values
from people.models import Gender
from people.personnel import PersonnelCategory, Subcategory

SCREENS = {
    1: (
        "email",
        "given_name",
        "family_name",
        "names_confirmed",
        "name_on_certificate",
        "country",
        "nationalities",
        "gender",
        "category",
    ),
    2: ("subcategory", "rank", "rank_code", "organization", "needs", "language"),
    3: ("consent", "roster_consent"),
}
LAST = 3
#: Names of services' fields → this form's.
_OTHER_NAMES = {"person": "email"}


class ApplicationForm(Form):
    """`categories`: the personnel categories that the course is for."""

    email = StringField(
        _l("Email"), [Needed(_l("Enter your email address.")), Clean(values.clean_email)]
    )
    given_name = StringField(_l("Given name"), [Clean(values.clean_name)])
    family_name = StringField(_l("Family name"), [Clean(values.clean_name)])
    names_confirmed = names_confirmation()
    name_on_certificate = StringField(
        _l("Name as printed on the certificate"), [Clean(values.clean_name)]
    )
    country = CountryField(
        _l("Country"), [Needed(_l("Choose your country.")), Clean(values.clean_country)]
    )
    nationalities = NationalitiesField(validators=[Clean(values.clean_nationalities)])
    gender = RadioField(
        _l("Gender"),
        [OneOf(_l("Choose one of the answers; one of them is “Prefer not to say”."))],
        validate_choice=False,
    )
    category = RadioField(
        _l("Personnel category"),
        [OneOf(_l("Choose your personnel category."))],
        validate_choice=False,
    )

    subcategory = RadioField(_l("Sub-category"), validators=[Optional()], validate_choice=False)
    rank = StringField(_l("Rank"), [Clean(values.clean_text)])
    rank_code = StringField(_l("NATO rank code"), [Clean(values.clean_rank_code)])
    organization = StringField(
        _l("Organization"), [NeededWithoutCountry(), Clean(values.clean_text, longest=200)]
    )
    needs = TextAreaField(_l("Access or dietary needs"), [Clean(values.clean_lines, longest=1000)])
    language = RadioField(
        _l("Language in which we write to you"),
        [OneOf(_l("Choose a language."))],
        validate_choice=False,
    )

    consent = BooleanField(
        _l("I have read the rules of participation and agree to them."),
        [Needed(_l("You can only apply if you agree to the rules of participation."))],
    )
    roster_consent = BooleanField(_l("I agree that roster staff may find me."))
    submission = SubmissionField()

    def __init__(self, categories: Iterable[PersonnelCategory], **options: Any):
        super().__init__(**options)
        self.gender.choices = Gender.choices()
        self.category.choices = [(category.value, category.words) for category in categories]
        self.subcategory.choices = [
            (subcategory.value, subcategory.words) for subcategory in self.subcategories
        ]
        self.language.choices = list(texts.offered().items())

    @property
    def subcategories(self) -> tuple[Subcategory, ...]:
        """The subcategories of the chosen category."""
        return next(
            (
                category.traits.subcategories
                for category in PersonnelCategory
                if category == self.category.data
            ),
            (),
        )

    @property
    def has_rank(self) -> bool:
        return any(
            category.traits.has_rank
            for category in PersonnelCategory
            if category == self.category.data
        )

    @property
    def has_rank_code(self) -> bool:
        return any(
            category.traits.has_rank_code
            for category in PersonnelCategory
            if category == self.category.data
        )

    def names_on(self, screen: int) -> list[str]:
        """The fields of a screen for this category; the email address of a signed-in user is not a
        field."""
        hidden = {"rank"} if not self.has_rank else set()
        if not self.has_rank_code:
            hidden.add("rank_code")
        if not self.subcategories:
            hidden.add("subcategory")
        return [name for name in SCREENS[screen] if name in self and name not in hidden]

    def hidden_values(self, screen: int) -> Iterator[tuple[str, str]]:
        """The values of other screens: (name, value) of hidden fields."""
        visible = self.names_on(screen)
        for name in (
            name
            for names in SCREENS.values()
            for name in names
            if name in self and name not in visible
        ):
            value = self[name].data
            if value:
                yield name, "y" if value is True else value

    def faulty_screen(self, upto: int) -> int | None:
        """Validates the screens up to `upto`; the first one with a fault, else None."""
        for screen in range(1, upto + 1):
            for name in self.names_on(screen):
                self[name].validate(self)
            if screen == 1:
                self._check_names()
        return self.screen_with_errors()

    def _check_names(self) -> None:
        """Checks the names together at once, not only on the last screen."""
        names = {
            name: self[name].data or ""
            for name in ("given_name", "family_name", "name_on_certificate")
        }
        if any(self[name].errors for name in names):
            return
        if not names["given_name"] and not names["family_name"]:
            self.refuse(Invalid("required", _l("Enter your name. One is enough."), "given_name"))
            return
        with refusals_on(self):
            values.check_names(names, is_confirmed=bool(self.names_confirmed.data))
            values.whole_name(self.printed_name, "name_on_certificate")

    def screen_with_errors(self) -> int | None:
        return next(
            (
                number
                for number in SCREENS
                if any(self[name].errors for name in self.names_on(number))
            ),
            None,
        )

    def refuse(self, error: DomainError) -> None:
        """Maps fields such as "person.email" to this form's "email"."""
        for refusal in error.errors or [error]:
            field = (refusal.field or "").removeprefix("person.")
            refusal.field = _OTHER_NAMES.get(field, field)
        super().refuse(error)

    def wish(self) -> Wish:
        return Wish(
            category=self.category.data,
            subcategory=self.subcategory.data
            if self.subcategory.data in self.subcategories
            else None,
            rank=self.rank.data if self.has_rank else None,
            rank_code=self.rank_code.data if self.has_rank_code else None,
            organization=self.organization.data,
            needs=self.needs.data,
            name_on_certificate=self.printed_name,
            roster_consent=True
            if self.roster_consent and self.roster_consent.data
            else None,  # an empty box is not an answer
        )

    @property
    def printed_name(self) -> str:
        """As typed, else the given and family name."""
        given_name, family = self.given_name.data or "", self.family_name.data or ""
        nationalities = filter(None, countries.nationalities(self.nationalities.data or ""))
        origin = Origin(self.country.data, tuple(nationalities), self.language.data)
        return self.name_on_certificate.data or full_name(given_name, family, origin)

    def person(self) -> dict[str, Any]:
        """Facts of the person, as arguments of `record_person`."""
        names = (
            "given_name",
            "family_name",
            "names_confirmed",
            "country",
            "nationalities",
            "gender",
            "language",
        )
        return {name: self[name].data for name in names} | {
            "name_on_certificate": self.printed_name
        }
