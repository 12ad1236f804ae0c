"""The file that people start from, as CSV and as a workbook."""

from __future__ import annotations

import csv
import io
from datetime import date

from core import i18n
from enrollment.nomination_files.columns import COLUMNS, HEADINGS

_SHEETS = {"en": "Nominations", "fr": "Désignations"}
# The date has the year first, so that no one needs to know the order of day and month.
_EXAMPLES = {
    "en": {
        "identifier": "A-0001",
        "identifier_issuer": "Kenya",
        "given_name": "Amina",
        "family_name": "Example",
        "name_on_certificate": "Amina Example",
        "email": "amina.example@example.org",
        "country": "Kenya",
        "nationalities": "Kenyan",
        "gender": "female",
        "birth_date": "1988-03-14",
        "category": "military",
        "subcategory": "staff officer",
        "rank": "Captain",
        "rank_code": "OF-2",
        "organization": "National army",
        "language": "English",
        "needs": "vegetarian",
    },
    "fr": {
        "identifier": "A-0001",
        "identifier_issuer": "Sénégal",
        "given_name": "Amina",
        "family_name": "Exemple",
        "name_on_certificate": "Amina Exemple",
        "email": "amina.exemple@example.org",
        "country": "Sénégal",
        "nationalities": "sénégalaise",
        "gender": "femme",
        "birth_date": "1988-03-14",
        "category": "militaire",
        "subcategory": "officier d’état-major",
        "rank": "Capitaine",
        "rank_code": "OF-2",
        "organization": "Armée nationale",
        "language": "français",
        "needs": "végétarienne",
    },
}


def template(locale: str) -> bytes:
    """A CSV file that `read` accepts: the headings in the language, or else in English, and an
    example row.

    It is UTF-8 with a byte order mark, without which Excel shows accents wrongly.
    """
    language = _language(locale)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=i18n.delimiter(language))
    writer.writerow(HEADINGS[language][column] for column in COLUMNS)
    writer.writerow(_EXAMPLES[language][column] for column in COLUMNS)
    return text.getvalue().encode("utf-8-sig")


def workbook_template(locale: str) -> bytes:
    """The same as XLSX. Cells are formatted as text, so that a spreadsheet changes nothing that is
    typed; cells for dates are formatted as dates."""
    import xlsxwriter

    language = _language(locale)
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"created": date(2026, 1, 1)})  # the same file every time
        sheet = book.add_worksheet(_SHEETS[language])
        text = book.add_format({"num_format": "@"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for index, column in enumerate(COLUMNS):
            example = _EXAMPLES[language][column]
            is_date = column == "birth_date"
            sheet.set_column(
                index,
                index,
                max(len(HEADINGS[language][column]), len(example)) + 2,
                day if is_date else text,
            )
            sheet.write_string(
                0, index, HEADINGS[language][column], book.add_format({"bold": True})
            )
            if is_date:
                sheet.write_datetime(1, index, date.fromisoformat(example), day)
            else:
                sheet.write_string(1, index, example, text)
        sheet.freeze_panes(1, 0)
    return content.getvalue()


def _language(locale: str) -> str:
    language = locale[:2].lower()
    return language if language in HEADINGS else "en"
