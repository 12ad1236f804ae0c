"""The tutorial can be done as it is told, and its pictures are those of its walk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from core.settings import ROOT

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
PICTURES = re.findall(r"\]\(screenshots/(tutorial-\w+\.png)\)", TUTORIAL)


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.timeout(570)
def test_the_walk_of_the_tutorial_takes_its_pictures(chromium: Any, tmp_path: Path) -> None:
    from scripts import take_pictures

    take_pictures.walk(chromium, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(PICTURES)


def test_the_tutorial_tells_the_walk() -> None:
    from scripts import take_pictures

    for fact in (
        take_pictures.CODE,
        take_pictures.EMAIL,
        take_pictures.ANNOUNCED,
        take_pictures.OVER,
    ):
        assert fact in TUTORIAL


def test_every_picture_is_small_and_shown() -> None:
    pictures = list((ROOT / "docs" / "screenshots").iterdir())
    assert {path.name for path in pictures} == {*PICTURES, "catalogue.png"}
    assert [path.name for path in pictures if path.stat().st_size > 60_000] == []
