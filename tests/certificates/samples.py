"""Payloads for the tests of this package, and the text of what was printed."""

import io
import unicodedata
from copy import deepcopy
from typing import Any

TOKEN = "7KQXM0ZR9W4MHTC2BQAF3DNPEJ"
ADDRESS = f"https://rostrum.example.org/verify/{TOKEN}"

_SAMPLE: dict[str, Any] = {
    "number": "RST-2026-000042-8",
    "token": TOKEN,
    "verify_url": ADDRESS,
    "holder_name": "Zoë Lefèvre-Nguyễn",
    "holder_script_lang": "fr",
    "category": "police",
    "course_code": "GTI",
    "course_version": 3,
    "course_title": {
        "en": "Gender-sensitive approaches to peace support operations",
        "fr": "Approches des opérations de soutien de la paix tenant compte du genre",
    },
    "delivery_code": "GTI-2026-04",
    "starts_on": "2026-12-01",
    "ends_on": "2026-12-03",
    "issued_on": "2026-12-04",
    "valid_until": "2029-12-03",
    "venue": "Centre Pearson, Ottawa",
    "country": "CA",
    "teaching_language": "fr",
    "minutes": 1080,
    "objectives": [
        {
            "en": "State expectations and establish a baseline.",
            "fr": "Exprimer ses attentes et établir un point de départ.",
        },
        {
            "en": "Cite the duties that apply to one's own role.",
            "fr": "Citer les obligations qui s’appliquent à son rôle.",
        },
        {"en": "Write one measurable indicator.", "fr": "Rédiger un indicateur mesurable."},
    ],
    "skills": [
        {
            "code": "gender-peace-operations",
            "title": {
                "en": "Gender in peace operations",
                "fr": "Le genre dans les opérations de paix",
            },
            "level": "practitioner",
            "valid_months": 36,
        }
    ],
    "issuer": {
        "en": "Peace Operations Training Centre",
        "fr": "Centre de formation aux opérations de paix",
    },
    "signatories": [
        {
            "name": "Amina Diallo",
            "role": {"en": "Director of Training", "fr": "Directrice de la formation"},
        }
    ],
    "score_percent": 87,
}


def sample(**changes: Any) -> dict[str, Any]:
    """The sample certificate with some fields changed."""
    return {**deepcopy(_SAMPLE), **changes}


def longest() -> dict[str, Any]:
    """Every text as long, and every list as full, as a certificate may be."""
    words = (
        "Coordination multidimensionnelle des composantes militaires, policières et civiles à "
        "Wagadugu, " * 3
    )
    both = {
        length: {"en": words[:length], "fr": words[4 : length + 4]}
        for length in (60, 100, 160, 200)
    }
    skill = {"code": "x", "title": both[160], "level": "practitioner", "valid_months": 36}
    return sample(
        holder_name=("Wilhelmina-Konstantina Alexandropoulou-Vandenberghe de Montmorency " * 2)[
            :100
        ],
        course_title=both[160],
        venue=words[:120],
        issuer=both[100],
        objectives=[both[200]] * 14,
        skills=[skill] * 6,
        signatories=[{"name": words[:60], "role": both[60]}] * 3,
    )


def text_of(pdf: bytes) -> str:
    """The text of the only page, composed, with spaces made even."""
    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 1
    return " ".join(unicodedata.normalize("NFKC", reader.pages[0].extract_text()).split())
