"""The product's own source, for the guards."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from core.settings import ROOT

PACKAGES = (
    "core",
    "people",
    "accounts",
    "courses",
    "enrollment",
    "classroom",
    "certificates",
    "roster",
    "administration",
    "demonstration",
)


def files() -> Iterator[Path]:
    """Every Python file of the product."""
    yield ROOT / "app.py"
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache  # twenty rules read the same files
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
