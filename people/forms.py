"""Forms of people, organizations and consents."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    FileField,
    RadioField,
    SelectField,
    StringField,
)
from wtforms.validators import InputRequired, Optional

from core import countries, i18n, texts
from core.errors import DomainError
from core.forms import (
    NEEDED,
    ONE_NAME,
    CheckboxesField,
    Form,
    NationalitiesField,
    SubmissionField,
    TextsField,
    WhoField,
    issuer_field,
    names_confirmation,
    with_fields,
)
from core.personal import offered
from people.fields import OWN, PERSON, STAFF
from people.models import BodyKind, ConsentPurpose, Gender, Organization


class PaperForm(Form):
    """Consent on paper: who signed, and what."""

    submission = SubmissionField()
    given_name = StringField(_l("Given name"), description=ONE_NAME)
    family_name = StringField(_l("Family name"), validators=[Optional()])
    names_confirmed = names_confirmation()
    identifier = StringField(_l("Service or staff number"), validators=[Optional()])
    identifier_issuer = issuer_field()
    email = StringField(_l("Email address"), validators=[Optional()])
    country = SelectField(_l("Country"), validate_choice=False)
    who = WhoField()
    purpose = RadioField(_l("What the person agreed to"), validators=[InputRequired()])
    reference = StringField(
        _l("Reference"),
        NEEDED,
        description=_l("What you file the paper under, such as HR-2026/114."),
    )
    signed_on = DateField(_l("Signed on"), validators=[Optional()])
    document = StringField(
        _l("Document"), NEEDED, description=_l("Name or number of the form that was signed.")
    )

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.country.choices = [("", ""), *countries.choices(i18n.locale())]
        self.purpose.choices = ConsentPurpose.choices()

    def refuse(self, error: DomainError) -> None:
        """Maps fields such as "person.email" to this form's "email". Users who may decide identity
        questions are asked which person is meant."""
        for refusal in error.errors or [error]:
            refusal.field = (refusal.field or "").removeprefix("person.") or None
        self.who.offer(error.details.get("candidates", ()))
        super().refuse(error)

    def person(self) -> dict[str, Any]:
        """The arguments of `record_person`."""
        names = ("identifier", "identifier_issuer", "email", "country")
        return {name: (self[name].data or "").strip() or None for name in names} | {
            "given_name": self.given_name.data or "",
            "family_name": self.family_name.data or "",
            "names_confirmed": self.names_confirmed.data,
            "identity": self.who.identity,
        }


def _order(value: Any) -> bool | None:
    """Whether the family name comes first, from a choice; None: the usual order."""
    return {"1": True, "0": False, True: True, False: False}.get(value)


def order_of_names() -> Any:
    """The field for the order of names; `order_choices` gives its choices."""
    return RadioField(_l("Order of the names"), coerce=_order)


def order_choices(usual: Any) -> list[tuple[str, Any]]:
    """`usual` describes leaving the order to script, nationality and language."""
    return [
        ("", usual),
        ("0", _l("Given name first, as in Zoë Lefèvre")),
        ("1", _l("Family name first, as in Nagy János or 王小明")),
    ]


@with_fields(offered(PERSON, OWN))
class NameForm(Form):
    """One's own name, gender and language."""

    given_name = StringField(_l("Given names"), description=ONE_NAME)
    family_name = StringField(_l("Family name"))
    names_confirmed = names_confirmation()
    family_first = order_of_names()
    name_on_certificate = StringField(_l("Name as printed on certificates"), NEEDED)
    country = SelectField(_l("Country that sends me"), validate_choice=False)
    nationalities = NationalitiesField()
    gender = RadioField(_l("Gender"))
    language = RadioField(_l("Language of pages and messages"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.gender.choices = Gender.choices()
        self.family_first.choices = order_choices(_l("As is usual for my name and country"))
        self.country.choices = country_choices()
        self.language.choices = list(texts.offered().items())


@with_fields(offered(PERSON, STAFF))
class PersonForm(Form):
    """A person's data, by an administrator."""

    given_name = StringField(_l("Given names"), description=ONE_NAME)
    family_name = StringField(_l("Family name"))
    names_confirmed = names_confirmation()
    family_first = order_of_names()
    name_on_certificate = StringField(_l("Name as printed on certificates"), NEEDED)
    email = EmailField(_l("Email address"))
    identifier = StringField(_l("Service or staff number"))
    identifier_issuer = issuer_field()
    country = SelectField(_l("Country"), validate_choice=False)
    nationalities = NationalitiesField()
    gender = SelectField(_l("Gender"))
    birth_date = DateField(_l("Date of birth"), [Optional()])
    language = RadioField(_l("Language of pages and messages"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.family_first.choices = order_choices(_l("As is usual for the name and the country"))
        self.country.choices = country_choices()
        self.gender.choices = Gender.choices()
        self.language.choices = list(texts.offered().items())


class OrganizationChangeForm(Form):
    """An organization's name and kinds. Users who may only record nominating bodies see only those
    fields."""

    name = StringField(_l("Name"), NEEDED)
    country = SelectField(_l("Country"))
    kinds = CheckboxesField(_l("What it does here"))
    contact_email = EmailField(_l("Address for questions"))
    title = TextsField(_l("Name on certificates and in messages, in %(language)s"))
    two_person_revocation = BooleanField(_l("Revoking a certificate always takes two people"))
    signatory_1 = StringField(_l("First signatory"), name="signatories-0-name")
    office_1 = TextsField(
        _l("Office of the first signatory, in %(language)s"), name="signatories-0-office"
    )
    signatory_2 = StringField(_l("Second signatory"), name="signatories-1-name")
    office_2 = TextsField(
        _l("Office of the second signatory, in %(language)s"), name="signatories-1-office"
    )

    emblem = FileField(_l("Emblem"))
    remove_emblem = BooleanField(_l("Remove the emblem"))

    SIGNATORIES = (("signatory_1", "office_1"), ("signatory_2", "office_2"))

    def __init__(
        self, *args: Any, manages_all: bool, body: Organization | None = None, **kwargs: Any
    ):
        start: dict[str, Any] = {}
        for (name, office), signatory in zip(
            self.SIGNATORIES, body.signatories if body else (), strict=False
        ):
            start |= {name: signatory["name"], office: signatory["office"]}
        if body is None:
            start["kinds"] = [BodyKind.NOMINATOR.value]
        super().__init__(*args, obj=body, data=start, **kwargs)
        self.country.choices = country_choices()
        self.kinds.choices = BodyKind.choices()
        if not manages_all:
            for name in ("kinds", "title", "two_person_revocation", *sum(self.SIGNATORIES, ())):
                del self[name]
        self._ask_for_emblem(body if manages_all else None)

    def _ask_for_emblem(self, body: Organization | None) -> None:
        """Only existing centres have an emblem, and only an existing emblem can be removed."""
        is_centre = body is not None and body.is_a(BodyKind.CENTRE)
        if not is_centre:
            del self.emblem
        if body is None or not is_centre or body.emblem_sha256 is None:
            del self.remove_emblem

    @property
    def picture(self) -> bytes | None:
        """The chosen file."""
        chosen: Any = self.emblem.data if self.emblem else None
        return chosen.read() if getattr(chosen, "filename", "") else None

    def ask_for_the_picture_again(self) -> None:
        """A page shown again cannot contain the file chosen before."""
        if self.emblem and getattr(self.emblem.data, "filename", "") and not self.emblem.errors:
            self.emblem.errors = [
                _l("Choose the picture again: it is not kept when the page comes back.")
            ]

    def facts(self) -> dict[str, Any]:
        """The arguments of services.put_organization."""
        values: dict[str, Any] = {
            "name": self.name.data or "",
            "country": self.country.data or None,
            "contact_email": self.contact_email.data or None,
        }
        if self.kinds:
            values |= {
                "kinds": self.kinds.data or [],
                "title": self.title.data,
                "two_person_revocation": self.two_person_revocation.data,
            }
            signed = [
                {"name": self[name].data or "", "office": self[office].data}
                for name, office in self.SIGNATORIES
            ]
            values["signatories"] = signed
        return values


class OrganizationForm(OrganizationChangeForm):
    """A new organization."""

    submission = SubmissionField()
    code = StringField(_l("Code"), NEEDED)


def country_choices() -> list[tuple[str, Any]]:
    return [("", _l("Not given")), *countries.choices(i18n.locale())]
