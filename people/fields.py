"""Personal data of people and bodies: for each item the reason, the readers and the retention, and
for plain fields also where they appear."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from core.personal import Datum, Field, Usage
from people import values
from people.models import Person

#: The person's own pages and form, and /me of the API.
OWN = Usage("own", _l("yourself"))
#: Administrators' pages and form.
STAFF = Usage("staff", _l("administrators"))
#: The roster profile, its API and its export. `consent_texts` must name everything that appears
#: there.
ROSTER = Usage("roster", _l("with your consent roster staff"))

#: Plain fields of `Person`. Fields that identify or address a person have rules of their own
#: (services/people.py).
PERSON: tuple[Field, ...] = (
    Field(
        Person.passport_expires_on,
        _l("Passport expires on"),
        _l("To see in time whether you can travel to a mission. The number is never asked for"),
        _l("Until you remove it, and no longer than the name"),
        (OWN, STAFF, ROSTER),
        values.clean_day,
    ),
)

_WHOLE = _l("Yourself, coordinators, roster staff, administrators")

PERSONAL: tuple[Datum | Field, ...] = (
    Datum(
        _l("Name, email address, service or staff number"),
        _l("To know you again, reach you, and print your certificate"),
        _l(
            "Yourself, coordinators, roster staff, administrators; trainers see the names of "
            "their participants"
        ),
        _l("As long as you have an enrollment, certificate or profile"),
        """person.given_name person.family_name person.family_first person.name_on_certificate
        person.sort_name
        person.search_names person.email person.email_key person.identifier person.identifier_key
        person.identifier_kind person.issuer_country person.language person.is_provisional
        person.created_at""",
    ),
    Datum(
        _l("Country, gender, date of birth"),
        _l(
            "To tell people apart, and to report how courses are attended. Gender and date of "
            "birth may be left out"
        ),
        _WHOLE,
        _l("As long as the name"),
        "person.country person.nationalities person.gender person.birth_date",
    ),
    *PERSON,
    Datum(
        _l("Your consents: what you agreed to or refused, when and how"),
        _l(
            "To do only what you agreed to, and to prove it. For a consent on paper, also its "
            "reference, date and document"
        ),
        _l("Yourself; roster staff and coordinators see a current yes"),
        _l("Without end: what you agreed to must remain provable"),
        """consent.purpose consent.given consent.counts consent.text_version consent.language
        consent.how consent.at
        consent.reference consent.signed_on consent.document""",
    ),
    Datum(
        _l("Records of you that were joined, and why"),
        _l("To make two people of one again if that was wrong"),
        _l("Coordinators, administrators"),
        _l("As long as the name"),
        """merge.status merge.is_reviewed merge.moves_address merge.reason merge.proposed_at
        merge.decided_at
        merge.undone_at""",
    ),
    Datum(
        _l("Names of people who sign certificates for a training centre, addresses for questions"),
        _l("To print them on certificates and to say where questions go"),
        _l("Anyone who reads a certificate, a message or a page of that centre"),
        _l("Until the centre changes them; on certificates without end"),
        "organization.signatories organization.contact_email",
    ),
)
