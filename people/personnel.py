"""The categories of personnel: one table, which forms, files, rosters and certificates read.

It is apart from the models because certificates are printed where there is no database."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_pgettext as _p

from core.texts import pgettext
from core.words import Worded


class PersonnelCategory(Worded):
    CIVILIAN = "civilian", _p("personnel", "Civilian")
    POLICE = "police", _p("personnel", "Police")
    MILITARY = "military", _p("personnel", "Military")
    CORRECTIONS = "corrections", _p("personnel", "Corrections")
    JUSTICE = "justice", _p("personnel", "Justice")

    @property
    def traits(self) -> Personnel:
        return PERSONNEL[self]


@dataclass(frozen=True)
class Personnel:
    """What is particular to a category of personnel: everything else asks here.

    `printed`: the word on a certificate, a message of the catalogues.
    `written`: what people write in nomination files, in several languages.
    """

    printed: str
    written: str
    has_rank: bool = False
    has_rank_code: bool = False  # the codes of STANAG 2116 are those of armed forces: police have none


PERSONNEL: dict[PersonnelCategory, Personnel] = {
    PersonnelCategory.CIVILIAN: Personnel(
        pgettext("certificate", "Civilian"),
        "civilian, civil, civile, civilien, civilienne, civ, personnel civil, civilian personnel",
    ),
    PersonnelCategory.POLICE: Personnel(
        pgettext("certificate", "Police"),
        "police, policier, policière, police officer, pol, personnel de police, police personnel",
        has_rank=True,
    ),
    PersonnelCategory.MILITARY: Personnel(
        pgettext("certificate", "Military"),
        "military, militaire, mil, personnel militaire, military personnel",
        has_rank=True,
        has_rank_code=True,
    ),
    PersonnelCategory.CORRECTIONS: Personnel(
        pgettext("certificate", "Corrections"),
        "corrections, correction, corrections officer, prison, prison officer, pénitentiaire, personnel pénitentiaire,"
        " corrections personnel",
        has_rank=True,
    ),
    PersonnelCategory.JUSTICE: Personnel(
        pgettext("certificate", "Justice"),
        "justice, judicial, judiciaire, personnel judiciaire, justice personnel",
    ),
}

#: The codes, for sentences about one that is none of them.
CATEGORY_CODES = ", ".join(PersonnelCategory)
