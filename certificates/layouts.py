"""Layouts of certificates: folders with a page, a style sheet and dimensions.

Each folder in `templates/certificates/layouts` is a layout; the payload of a certificate names the
one it is printed in. `page.html` gets the values of `composition.Composition.context`.
"""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "templates" / "certificates" / "layouts"
MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Page:
    """Dimensions in millimetres."""

    size: list[float]
    margins: list[float]
    column: float
    issuer: float
    emblem: float
    address: float
    signatory: float
    fixed: float
    footer: float
    signing: float
    reserve: float
    air: float

    @property
    def line(self) -> float:
        """The width between the margins."""
        return self.size[0] - self.margins[1] - self.margins[3]

    @property
    def height(self) -> float:
        """The height between the margins."""
        return self.size[1] - self.margins[0] - self.margins[2]

    @property
    def style(self) -> str:
        size, margins = (
            [f"{length:g}mm" for length in lengths] for lengths in (self.size, self.margins)
        )
        return f"@page{{size:{' '.join(size)};margin:{' '.join(margins)}}}\n"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Type sizes in points."""

    name: float
    name_one_line: float
    name_two_lines: float
    course: list[float]
    body: list[float]
    issuer: float
    address: float
    person: float
    role: float


@dataclass(frozen=True, slots=True)
class Limits:
    """How many characters of each text, and entries of each list, fit."""

    name: int
    title: int
    objective: int
    venue: int
    issuer: int
    signatory: int
    role: int
    objectives: int
    skills: int
    signatories: int


@dataclass(frozen=True, slots=True)
class Layout:
    """`languages`: how many it shows side by side. `title`: its title by language."""

    name: str
    folder: Path
    languages: int
    title: dict[str, str]
    page: Page
    sizes: Sizes
    limits: Limits


@lru_cache(maxsize=32)
def read(folder: Path) -> Layout:
    with open(folder / "layout.toml", "rb") as file:
        description: dict[str, Any] = tomllib.load(file)
    page = Page(**description.pop("page"))
    sizes = Sizes(**description.pop("sizes"))
    limits = Limits(**description.pop("limits"))
    return Layout(
        name=folder.name, folder=folder, page=page, sizes=sizes, limits=limits, **description
    )


def find(name: str) -> Layout | None:
    """The layout of this name. (Payloads accept only names that cannot lead out of the folder.)"""
    folder = FOLDER / name
    return read(folder) if (folder / "layout.toml").is_file() else None


def get(name: str) -> Layout:
    layout = find(name)
    if layout is None:
        raise LookupError(f"There is no layout {name!r}.")
    return layout


def titles() -> dict[str, dict[str, str]]:
    """The title of each layout, by name: the answer to the port `core.printing.layouts`."""
    return {
        path.parent.name: read(path.parent).title for path in sorted(FOLDER.glob("*/layout.toml"))
    }
