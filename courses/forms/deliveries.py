"""The form for scheduling and changing a delivery, and the one for cancelling it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, ValidationError

from core import clock, countries, i18n, languages
from core.errors import DomainError
from core.forms import CheckboxesField, DayField, Form, NumberField, SubmissionField, parse_int
from courses.models import PROMOTION_DAYS, Admission
from courses.plans import DeliveryPlan, PoolPlan
from courses.timetable import grouped_zones, is_time_of, zone_names, zone_of, zones_of
from people.models import Person
from people.personnel import PersonnelCategory


def _id_of(value: Any) -> int | None:
    return parse_int(str(value)) if value is not None else None


#: The fields for places reserved for a category.
POOLS = {f"pool_{category.value}": category for category in PersonnelCategory}
_PoolFields: Any = type(
    "_PoolFields", (Form,), {name: NumberField(category.words) for name, category in POOLS.items()}
)


class DeliveryForm(_PoolFields):
    """A plan as people enter it, in the order of the page; `values_of` fills it in, `plan` reads
    it. Missing values are reported here, all together and in the form's words; the rules refer to
    codes, as the API does."""

    starts_on = DayField(_l("First day"), is_required=True)
    closes_on = DayField(_l("Last day to apply"))
    venue = StringField(_l("Venue"), [DataRequired(_l("Say where the course takes place."))])
    country = SelectField(
        _l("Country"), [InputRequired(_l("Choose the country."))], validate_choice=False
    )
    time_zone = SelectField(_l("Time zone"), validate_choice=False)
    language = SelectField(
        _l("Language of teaching"),
        [InputRequired(_l("Choose the language."))],
        validate_choice=False,
    )
    places = NumberField(_l("Places"), [InputRequired(_l("Give the number of places."))])
    promotion_days = NumberField(
        _l("Days before the start when the waiting list stops moving up automatically")
    )
    admission = RadioField(
        _l("Admission"), validate_choice=False, default=Admission.AUTOMATIC.value
    )
    trainers = CheckboxesField(_l("Trainers"), coerce=int, validate_choice=False)
    funder = SelectField(_l("Funded by"), validate_choice=False, coerce=_id_of)
    code = StringField(_l("Code"))
    asked_zone = HiddenField()  # the country and time zone the user was already asked to confirm
    submission = SubmissionField()
    rev = HiddenField()
    seen = HiddenField()

    #: Paths in the API's body → fields of this form.
    _PLACES_OF_FAULTS = {"pools": next(iter(POOLS)), "rev": "", "status": ""}

    def __init__(
        self, trainers: Iterable[Person], funders: Iterable[tuple[int, str]] = (), **kwargs: Any
    ):
        super().__init__(**kwargs)
        language = i18n.locale()
        known = kwargs.get("data") or {}
        # values chosen before are not questioned again
        self.kept_zone = f"{known.get('country')} {known.get('time_zone')}"
        self.time_zone.choices = _zones(self.country.data or "")
        self.country.choices = [("", _("Choose a country")), *countries.choices(language)]
        self.language.choices = [
            ("", _("Choose a language")),
            *_languages(self.language.data, language),
        ]
        self.admission.choices = Admission.choices()
        self.trainers.choices = [(person.id, person.full_name) for person in trainers]
        self.funder.choices = [("", _("No funder")), *funders]

    @property
    def pool_fields(self) -> list[Any]:
        return [self[name] for name in POOLS]

    def validate_time_zone(self, field: Any) -> None:
        """If the time zone is not one of the country's, proposes one, once: a course may run on
        other clocks."""
        country, zone, day = self.country.data or "", field.data or "", self.starts_on.date
        if zone and (zone not in zone_names() or day is None or is_time_of(zone, country, day)):
            return
        question = f"{country} {zone}"
        if zone and question in (self.asked_zone.data, self.kept_zone):
            return
        own = zone_of(country, day or clock.today())
        field.data, self.asked_zone.data = own or "", question
        raise ValidationError(_zone_sentence(zone, country, own))

    @staticmethod
    def values_of(plan: DeliveryPlan) -> dict[str, Any]:
        """The initial values for this plan."""
        values = {
            name: getattr(plan, name)
            for name in (
                "starts_on",
                "time_zone",
                "venue",
                "country",
                "language",
                "places",
                "admission",
                "closes_on",
                "code",
                "promotion_days",
            )
        }
        pools = {f"pool_{pool.category}": pool.places for pool in plan.pools}
        return {**values, **pools, "trainers": list(plan.trainers or ()), "funder": plan.funder_id}

    def plan(self) -> DeliveryPlan:
        assert self.starts_on.date is not None
        pools = {category: self[f"pool_{category}"].data for category in PersonnelCategory}
        return DeliveryPlan(
            starts_on=self.starts_on.date,
            time_zone=self.time_zone.data or "",
            venue=(self.venue.data or "").strip(),
            country=self.country.data or "",
            language=self.language.data or "",
            places=self.places.data or 0,
            pools=tuple(
                PoolPlan(category.value, places)
                for category, places in pools.items()
                if places is not None
            ),
            admission=self.admission.data or "",
            closes_on=self.closes_on.date,
            trainers=tuple(self.trainers.data or ()),
            code=(self.code.data or "").strip() or None,
            funder_id=self.funder.data,
            promotion_days=PROMOTION_DAYS
            if self.promotion_days.data is None
            else self.promotion_days.data,
        )

    is_stale = False

    def refuse(self, error: DomainError) -> None:
        for refusal in error.errors or [error]:
            path = refusal.field or ""
            self.is_stale |= refusal.code == "stale_form"
            if path.startswith("pools."):
                pools = [
                    category
                    for category in PersonnelCategory
                    if self[f"pool_{category}"].data is not None
                ]
                path = f"pool_{pools[int(path.split('.')[1])]}"
            super().refuse(
                type(refusal)(refusal.code, refusal.message, self._PLACES_OF_FAULTS.get(path, path))
            )


def _zone_sentence(zone: str, country: str, own: str | None) -> str:
    facts = {"given": zone, "country": i18n.country_name(country), "zone": own}
    if zone and own:
        return _(
            "%(given)s is no time zone of this country: %(country)s. %(zone)s is chosen now. "
            "Check it, and save again.",
            **facts,
        )
    if zone:
        return _(
            "%(given)s is no time zone of this country: %(country)s. Choose one of those that are "
            "listed first.",
            **facts,
        )
    if own:
        return _(
            "Choose the time zone. %(zone)s is proposed for this country: %(country)s. Check it, "
            "and save again.",
            **facts,
        )
    return _("Choose the time zone.")


def _zones(country: str) -> dict[str, list[tuple[str, str]]]:
    """All time zones once, those of the country first."""
    own = zones_of(country)
    groups: dict[str, Sequence[str]] = {
        region: [name for name in names if name not in own] for region, names in grouped_zones()
    }
    groups = (
        {_("Time zones: %(country)s", country=i18n.country_name(country)): own} | groups
        if own
        else groups
    )
    offered = {
        group: [(name, name.partition("/")[2].replace("_", " ") or name) for name in names]
        for group, names in groups.items()
        if names
    }
    return {"": [("", _("Choose a time zone"))]} | offered


def _languages(current: str | None, language: str) -> list[tuple[str, str]]:
    """The usual languages, and the delivery's own."""
    offered = list(languages.choices(language))
    if current and languages.is_language(current) and current not in dict(offered):
        offered.append((current, i18n.language_name(current)))
    return offered


class CancelForm(Form):
    reason = TextAreaField(_l("Reason"))


class CutShortForm(Form):
    after_session = RadioField(
        _l("Last session to be held"),
        [InputRequired(_l("Choose the last session to be held."))],
        coerce=parse_int,
        validate_choice=False,
    )
    reason = TextAreaField(_l("Reason"))
