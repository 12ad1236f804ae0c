"""The categories of personnel: one table that forms, files, rosters and certificates read.

Separate from the models because certificates are printed without a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
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


class Subcategory(Worded):
    """The capacity within a category in which the United Nations deploys people."""

    CONTINGENT = "contingent", _p("personnel", "Contingent")
    OBSERVER_OR_STAFF_OFFICER = (
        "observer_or_staff_officer",
        _p("personnel", "Military observer or staff officer"),
    )
    INDIVIDUAL_POLICE = "individual_police", _p("personnel", "Individual police officer")
    FORMED_POLICE_UNIT = "formed_police_unit", _p("personnel", "Formed police unit")


@dataclass(frozen=True)
class Personnel:
    """What is particular to a category of personnel; all other code asks here.

    `printed`: the word on a certificate, a message of the catalogues. `written`: the words in
    nomination files, in several languages. `subcategories`: the capacities in which its people can
    come, if it is divided.
    """

    printed: str
    written: str
    has_rank: bool = False
    subcategories: tuple[Subcategory, ...] = ()
    has_rank_code: bool = False  # STANAG 2116 codes are for armed forces, not police


PERSONNEL: dict[PersonnelCategory, Personnel] = {
    PersonnelCategory.CIVILIAN: Personnel(
        pgettext("certificate", "Civilian"),
        "civilian, civil, civile, civilien, civilienne, civ, personnel civil, civilian personnel",
    ),
    PersonnelCategory.POLICE: Personnel(
        pgettext("certificate", "Police"),
        "police, policier, policière, police officer, pol, personnel de police, police personnel",
        has_rank=True,
        subcategories=(Subcategory.INDIVIDUAL_POLICE, Subcategory.FORMED_POLICE_UNIT),
    ),
    PersonnelCategory.MILITARY: Personnel(
        pgettext("certificate", "Military"),
        "military, militaire, mil, personnel militaire, military personnel",
        has_rank=True,
        has_rank_code=True,
        subcategories=(Subcategory.CONTINGENT, Subcategory.OBSERVER_OR_STAFF_OFFICER),
    ),
    PersonnelCategory.CORRECTIONS: Personnel(
        pgettext("certificate", "Corrections"),
        "corrections, correction, corrections officer, prison, prison officer, pénitentiaire, "
        "personnel pénitentiaire, corrections personnel",
        has_rank=True,
    ),
    PersonnelCategory.JUSTICE: Personnel(
        pgettext("certificate", "Justice"),
        "justice, judicial, judiciaire, personnel judiciaire, justice personnel",
    ),
}

#: Words for a subcategory in nomination files, in several languages.
WRITTEN_SUBCATEGORIES: dict[Subcategory, str] = {
    Subcategory.CONTINGENT: "contingent, troops, troop, contingent militaire, troupes",
    Subcategory.OBSERVER_OR_STAFF_OFFICER: (
        "observer or staff officer, military observer or staff officer, observer, military "
        "observer, milobs, unmo, staff officer, observateur, observateur militaire, officier "
        "d'état-major, observateur militaire ou officier d'état-major"
    ),
    Subcategory.INDIVIDUAL_POLICE: (
        "individual police, individual police officer, ipo, policier hors unité constituée, "
        "policière hors unité constituée, policier hors unités constituées"
    ),
    Subcategory.FORMED_POLICE_UNIT: "formed police unit, fpu, unité de police constituée, upc",
}


def _only_for(trait: str) -> Any:
    """A hint for a field that does not apply to every category."""
    having = LazyString(
        lambda: ", ".join(
            str(category.words) for category in PERSONNEL if getattr(category.traits, trait)
        )
    )
    return _l("Only for: %(categories)s.", categories=having)


ONLY_RANKED = _only_for("has_rank")
ONLY_DIVIDED = _only_for("subcategories")

#: The codes, for refusals of an unknown one.
CATEGORY_CODES = ", ".join(PersonnelCategory)
SUBCATEGORY_CODES = ", ".join(Subcategory)
