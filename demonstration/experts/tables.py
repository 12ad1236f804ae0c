"""Tables of the invented experts' courses, places and careers."""

from __future__ import annotations


def _table(text: str) -> list[list[str]]:
    """The cells of a table, one line per row (a backslash continues it)."""
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]


VENUES = _table("""
    Accra        | GH | Africa/Accra
    Nairobi      | KE | Africa/Nairobi
    Kathmandu    | NP | Asia/Kathmandu
    Clementsport | CA | America/Halifax
    Stockholm    | SE | Europe/Stockholm
    Bogotá       | CO | America/Bogota
""")
SKILLS = {
    code: {"en": en, "fr": fr}
    for code, en, fr in _table("""
    gender-peace-operations | Gender in peace operations | Le genre dans les opérations de paix
    protection-of-civilians | Protection of civilians | Protection des civils
    hostile-environment | Hostile environment awareness \
        | Sensibilisation aux environnements hostiles
    mission-conduct | Conduct and discipline | Conduite et discipline
    negotiation | Negotiation and mediation | Négociation et médiation
    community-policing | Community-oriented policing | Police de proximité
    human-rights-monitoring | Human rights monitoring | Surveillance des droits de la personne
    staff-work | Staff work at mission headquarters \
        | Travail d’état-major au quartier général de mission
""")
}
#: By code: titles, and the two skills granted (code, level, months, "-" for no end).
COURSES = {
    code: ({"en": en, "fr": fr}, (first.split(), second.split()))
    for code, en, fr, first, second in _table("""
    PDT | Core pre-deployment training | Formation de base préalable au déploiement \
        | mission-conduct basic 36 | hostile-environment awareness 24
    UNPOL | Police in peace operations | La police dans les opérations de paix \
        | community-policing practitioner 36 | protection-of-civilians practitioner 36
    SOC | Staff officers’ course | Cours d’officiers d’état-major \
        | staff-work practitioner - | negotiation basic 60
    HRM | Human rights and gender in the field | Droits de la personne et genre sur le terrain \
        | human-rights-monitoring practitioner 48 | gender-peace-operations basic 36
    GPN | Gender-responsive negotiation | Négociation tenant compte du genre \
        | gender-peace-operations practitioner 36 | negotiation advanced 48
""")
}
#: By category; the others have none.
RANKS: dict[str, tuple[tuple[str | None, str | None], ...]] = {
    "military": (
        ("Captain", "OF-2"),
        ("Major", "OF-3"),
        ("Lieutenant Colonel", "OF-4"),
        ("Warrant Officer", "OR-8"),
    ),
    "police": (("Inspector", None), ("Superintendent", None), ("Commissioner", None)),
}
FIELDS = (
    "Civil affairs",
    "Investigation",
    "Logistics",
    "Election support",
    "Rule of law",
    "Child protection",
    "Corrections",
)
