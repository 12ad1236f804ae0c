"""Why an enrollment ended without completion: stored as codes and values, so that it can be shown
in any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from core.i18n import number


@dataclass(frozen=True)
class Lack:
    """One missing requirement."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def detail(self) -> str:
        """The lack in the current language: "attended 720 of 1,080 minutes"."""
        values = {
            name: number(v) if isinstance(v, int | float) else v for name, v in self.params.items()
        }
        if self.code == "attendance_below_minimum":
            return _("attended %(minutes)s of %(taught)s minutes", **values)
        if self.code == "score_below_minimum":
            return _("score %(score)s, needs %(needed)s", **values)
        if self.code == "score_missing":
            return _("no post-test score, needs %(needed)s", **values)
        if self.code == "prerequisite_missing":
            return _("%(course)s not completed", **values)
        if self.code == "no_place":
            return _("no place became free")
        if self.code == "opened_too_late":
            return _("the link in the email was opened after the course had ended")
        raise ValueError(self.code)

    def stored(self) -> dict[str, Any]:
        return {"code": self.code, "params": dict(self.params)}


def read_lacks(stored: list[dict[str, Any]] | None) -> list[Lack]:
    """Restores what `Lack.stored` returned."""
    return [Lack(lack["code"], lack["params"]) for lack in stored or ()]
