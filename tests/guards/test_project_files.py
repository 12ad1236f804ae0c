"""What a project needs beside its code: a licence, links that lead somewhere, one version
everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from core.settings import ROOT
from tests.guards.test_papers import tracked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "static/fonts/README.md",
]


def test_the_licence_is_whole_and_named_for_programs() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert PROJECT["license"] == "Apache-2.0"
    assert all(list(ROOT.glob(pattern)) for pattern in PROJECT["license-files"])


def test_the_notice_names_every_font_and_its_licence() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    patterns = re.findall(r"[\w*-]+\.ttf", notice)
    fonts = ROOT / "static" / "fonts"
    unnamed = [
        font.name
        for font in fonts.glob("*.ttf")
        if not any(font.match(pattern) for pattern in patterns)
    ]
    assert unnamed == []
    assert set(re.findall(r"OFL-\w+\.txt", notice)) == {
        path.name for path in fonts.glob("OFL-*.txt")
    }


def test_the_newest_section_of_the_changes_is_this_version() -> None:
    headings = re.findall(
        r"^## \[?([^\]\s]+)", (ROOT / "CHANGES.md").read_text(encoding="utf-8"), re.M
    )
    assert [heading for heading in headings if heading != "Unreleased"][0] == PROJECT["version"]


def test_the_changes_have_one_fact_to_a_line() -> None:
    lines = (ROOT / "CHANGES.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 100] == []
    body = lines[next(number for number, line in enumerate(lines) if line.startswith("## ")) :]
    assert [line for line in body if line and not line.startswith(("#", "- "))] == []


def test_one_version_is_named_everywhere() -> None:
    version = PROJECT["version"]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert {service["image"] for service in compose["services"].values() if "build" in service} == {
        f"rostrum:{version}"
    }
    assert f"v{version}" in (ROOT / "docs/how-to/upgrade.md").read_text(encoding="utf-8")
    assert version.rpartition(".")[0] in (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    """Its relative links to files or headings that do not exist."""
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        led_to = (page.parent / name).resolve() if name else page
        if not led_to.exists() or (anchor and anchor not in anchors(led_to)):
            dead.append(target)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_caught(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A heading\n[one](#a-heading) [two](#another) [three](gone.md) "
        "[four](https://example.org)\n"
    )
    assert dead_links(page) == ["#another", "gone.md"]


def test_pre_commit_runs_what_make_lint_runs_and_fetches_nothing() -> None:
    configured = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in configured["repos"]] == ["local"]
    hooks = [hook for repo in configured["repos"] for hook in repo["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert "make lint" in [hook["entry"] for hook in hooks]
    named = {path for hook in hooks for path in re.findall(r"tests/\S+", hook["entry"])}
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_text_files_are_as_editors_are_told() -> None:
    """.editorconfig, for whoever's editor does not read it; what is damaged on purpose is left
    out there too."""
    damaged = (
        "tests/enrollment/files/",
        "tests/faults/inputs/",
        "LICENSE",
        "static/fonts/OFL-",
        "templates/emails/",
    )
    for name in tracked():
        if (
            name.endswith((".png", ".ttf"))
            or name.startswith(damaged)
            or not (ROOT / name).is_file()
        ):
            continue
        text = (ROOT / name).read_bytes()
        assert b"\r" not in text, name
        assert not re.search(rb"[ \t]+$", text, re.M), name
        assert not text or text.endswith(b"\n"), name
