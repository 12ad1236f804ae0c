"""The CSV file that people start from."""

from __future__ import annotations

import csv
import io

from enrollment.nomination_files.columns import COLUMNS, HEADINGS

# An Excel set to French expects semicolons and would show a file with commas in one column.
_DELIMITERS = {"fr": ";"}
# The date is written year first, because then no one needs to know which of day and month comes first.
_EXAMPLES = {
    "en": {
        "identifier": "A-0001",
        "given_name": "Amina",
        "family_name": "Example",
        "name_on_certificate": "Amina Example",
        "email": "amina.example@example.org",
        "country": "Kenya",
        "nationalities": "Kenyan",
        "gender": "female",
        "birth_date": "1988-03-14",
        "category": "police",
        "rank": "Captain",
        "rank_code": "OF-2",
        "organization": "National police",
        "language": "English",
        "needs": "vegetarian",
    },
    "fr": {
        "identifier": "A-0001",
        "given_name": "Amina",
        "family_name": "Exemple",
        "name_on_certificate": "Amina Exemple",
        "email": "amina.exemple@example.org",
        "country": "Sénégal",
        "nationalities": "sénégalaise",
        "gender": "femme",
        "birth_date": "1988-03-14",
        "category": "police",
        "rank": "Capitaine",
        "rank_code": "OF-2",
        "organization": "Police nationale",
        "language": "français",
        "needs": "végétarienne",
    },
}


def template(locale: str) -> bytes:
    """A CSV file that `read` accepts: the headings in the language, or in English, and an example row.

    UTF-8 with a byte order mark, which Excel needs to show accents rightly.
    """
    language = locale[:2].lower()
    if language not in HEADINGS:
        language = "en"
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=_DELIMITERS.get(language, ","))
    writer.writerow(HEADINGS[language][column] for column in COLUMNS)
    writer.writerow(_EXAMPLES[language][column] for column in COLUMNS)
    return text.getvalue().encode("utf-8-sig")
