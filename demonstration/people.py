"""The invented people of the demonstration, with names from many countries and scripts, in a fixed
order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.demonstration import DOMAIN
from accounts.roles import Role

__all__ = ["DOMAIN", "ORGANIZATIONS", "OTHER_BODIES", "PARTICIPANTS", "SIGN_INS"]


@dataclass(frozen=True)
class SignIn:
    """A demonstration account: one per role, and some at the second centre. `mailbox`: its name in
    the address, if the role's own is taken."""

    role: Role
    given_name: str
    family_name: str
    country: str
    language: str = "en"
    organization: str | None = None
    mailbox: str | None = None

    @property
    def email(self) -> str:
        return f"{self.mailbox or self.role}@{DOMAIN}"


SIGN_INS = (
    SignIn(Role.PARTICIPANT, "Amina", "Diallo", "SN", "fr"),
    SignIn(Role.NOMINATOR, "Louis", "Tremblay", "CA", "fr", "CA-MFA"),
    SignIn(Role.TRAINER, "Siobhán", "O’Connor", "IE"),
    SignIn(Role.COORDINATOR, "Kwame", "Mensah", "GH"),
    SignIn(Role.ROSTER, "Ingrid", "Haugen", "NO"),
    SignIn(Role.ADMINISTRATOR, "Elena", "Petrova", "BG"),
    SignIn(Role.NOMINATOR, "Abena", "Owusu", "GH", organization="GH-AF", mailbox="nominator.gh"),
    SignIn(Role.TRAINER, "Efua", "Asante", "GH", organization="VTC", mailbox="trainer.vtc"),
    SignIn(Role.COORDINATOR, "Yaw", "Darko", "GH", organization="VTC", mailbox="coordinator.vtc"),
)

ORGANIZATIONS = (
    ("CA-MFA", "Ministry of Foreign Affairs of Canada", "CA"),
    ("SN-PN", "Police nationale du Sénégal", "SN"),
    ("GH-AF", "Ghana Armed Forces", "GH"),
)

#: Bodies that do not nominate; all invented. The first centre and roster office exist from the
#: start.
OTHER_BODIES: tuple[dict[str, Any], ...] = (
    {
        "code": "VTC",
        "name": "Volta Training Centre for Peace Operations",
        "country": "GH",
        "kinds": ["centre"],
        "title": {
            "en": "Volta Training Centre for Peace Operations",
            "fr": "Centre de formation de la Volta aux opérations de paix",
        },
        "contact_email": f"questions.vtc@{DOMAIN}",
        "signatories": [
            {"name": "Adwoa Mensah", "office": {"en": "Director", "fr": "Directrice"}},
            {
                "name": "Lars Lund",
                "office": {"en": "Head of Training", "fr": "Chef de la formation"},
            },
        ],
    },
    {
        "code": "AURORA",
        "name": "Aurora Fund for Peace Training",
        "country": "NO",
        "kinds": ["funder"],
    },
)

#: given name, family name, country, gender, category, rank, rank code, organization
PARTICIPANTS = (
    ("Zoë", "Lefèvre-Nguyễn", "CA", "female", "military", "Captain", "OF-2", "Canadian Army"),
    ("محمد", "بن عبد الرحمن", "TN", "male", "civilian", None, None, "Refugee protection officer"),
    ("Оксана", "Шевченко", "UA", "female", "civilian", None, None, "Ministry of Foreign Affairs"),
    ("Ελένη", "Παπαδοπούλου", "GR", "female", "police", "Inspector", None, "Hellenic Police"),
    ("ሰላማዊት", "ተስፋዬ", "ET", "female", "police", "Commander", None, "Federal Police"),
    ("文娟", "李", "CN", "female", "civilian", None, None, "Correctional Service"),
    ("Aïssatou", "Ndiaye", "SN", "female", "police", "Commissaire", None, "Police nationale"),
    ("Jean-Baptiste", "de La Tour", "FR", "male", "military", "Major", "OF-3", "Armée de terre"),
    ("Kofi", "Boateng", "GH", "male", "military", "Lieutenant", "OF-1", "Ghana Armed Forces"),
    (
        "María José",
        "Quispe Mamani",
        "BO",
        "female",
        "police",
        "Teniente",
        None,
        "Policía Boliviana",
    ),
    ("Tomáš", "Dvořák", "CZ", "male", "military", "Warrant officer", "OR-8", "Czech Armed Forces"),
    ("Priya", "Raghunathan", "IN", "female", "civilian", None, None, "Human rights monitor"),
    ("Samuel", "Okello", "UG", "male", "police", "Superintendent", None, "Uganda Police Force"),
    ("Nguyễn Thị", "Hồng Hạnh", "VN", "female", "military", "Major", "OF-3", "People's Army"),
    ("Fatoumata", "Coulibaly", "ML", "female", "civilian", None, None, "Ministère de la Justice"),
    (
        "Łukasz",
        "Żółciński",
        "PL",
        "male",
        "military",
        "Lieutenant colonel",
        "OF-4",
        "Polish Land Forces",
    ),
    ("Grace", "Wanjiru", "KE", "female", "police", "Chief inspector", None, "Kenya Police Service"),
    ("Ahmed", "Yıldız", "TR", "male", "civilian", None, None, "Disaster relief coordinator"),
    ("Siti", "Rahmawati", "ID", "female", "police", "Komisaris", None, "Kepolisian Negara"),
    ("Björn", "Sigurðsson", "IS", "male", "civilian", None, None, "Election observer"),
)
