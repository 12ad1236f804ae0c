"""The product's own source, for the guards."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from core.settings import ROOT

ROOMS = ("core", "accounts", "courses", "enrollment", "classroom", "certificates", "roster", "demonstration")


def files() -> Iterator[Path]:
    """Every Python file of the product."""
    yield ROOT / "app.py"
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
