"""The papers are true: generated pages equal the code, every dependency has its line, no file
names a place of ours."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.settings import ROOT
from scripts.write_docs import PAGES
from tests.guards import source


def tracked() -> list[str]:
    if not (shutil.which("git") and (ROOT / ".git").exists()):
        pytest.skip("what is kept is known to git only: this is no clone, or git is not installed")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return listed.stdout.splitlines()


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_equal_the_code(name: str) -> None:
    assert text_of(f"docs/{name}") == PAGES[name](), "run: make docs"


def direct(name: str) -> set[str]:
    lines = [line.split("#")[0].strip() for line in text_of(name).splitlines()]
    return {
        re.split(r"[\[=<>~]", line)[0].lower()
        for line in lines
        if line and not line.startswith("-")
    }


@pytest.mark.parametrize("name", ["requirements.in", "requirements-dev.in"])
def test_every_direct_dependency_has_its_line(name: str) -> None:
    described = text_of("docs/dependencies.md").lower()
    rows = set(
        re.findall(
            r"[a-z0-9][a-z0-9.-]+",
            " ".join(line.split("|")[1] for line in described.splitlines() if line.startswith("|")),
        )
    )
    assert direct(name) - rows == set()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_dependencies_are_pinned_with_hashes_and_no_address(name: str) -> None:
    text = text_of(name)
    assert not re.search(r"https?://|--index-url|--find-links|--trusted-host|file://", text)
    entries = re.findall(r"^([A-Za-z0-9._-]+(?:\[[^\]]+\])?)(.*?)(?=^\S|\Z)", text, re.M | re.S)
    packages = [
        (package, remainder) for package, remainder in entries if not package.startswith("-")
    ]
    assert len(packages) > 20
    for package, remainder in packages:
        assert remainder.startswith("=="), package
        assert "--hash=sha256:" in remainder, package


def test_every_direct_dependency_is_locked() -> None:
    for name in ("requirements.in", "requirements-dev.in"):
        locked = text_of(name.replace(".in", ".txt")).lower()
        for package in direct(name):
            assert re.search(rf"^{re.escape(package)}(\[[^\]]+\])?==", locked, re.M), package


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0", "3.14.0"])
@pytest.mark.parametrize("system", ["Linux", "Darwin"])
def test_the_lock_is_whole_on_every_machine_we_run_on(python: str, system: str) -> None:
    """pip-compile asks only the Python it runs on: Debian's 3.11.2 lacked what redis needs
    before 3.11.3, and `make run` failed."""
    locked = set(
        re.findall(
            r"^([a-z0-9._-]+)(?:\[|==)",
            text_of("requirements.txt") + text_of("requirements-dev.txt"),
            re.M,
        )
    )
    there = {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "platform_system": system,
        "sys_platform": system.lower(),
        "os_name": "posix",
        "extra": "",
    }
    for name in locked:
        for line in metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate(there):
                assert canonicalize_name(needed.name) in locked, f"{name} needs {line}"


def test_no_file_names_a_place_of_ours() -> None:
    pattern = re.compile(
        r"(/root/|/work/|/home/[a-z]+/|pypi\.org|files\.pythonhosted|registry\.npmjs|\.\./shared)"
    )
    for name in tracked():
        if (
            name.endswith((".ttf", ".png", ".lock"))
            or name.startswith("tests/guards/test_papers")
            or not (ROOT / name).is_file()
        ):
            continue
        match = pattern.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))
        assert match is None, f"{name}: {match.group() if match else ''}"


def test_nothing_generated_or_binary_is_kept() -> None:
    allowed = ("static/fonts/", "tests/enrollment/files/", "docs/screenshots/")
    for name in tracked():
        if name.startswith(allowed):
            continue
        assert not name.endswith(
            (".mo", ".pyc", ".pdf", ".zip", ".woff2", ".db", ".png", ".jpg")
        ), name


def test_the_readme_has_its_two_commands() -> None:
    readme = text_of("README.md")
    assert "make run" in readme
    assert "make test" in readme


def test_ci_calls_the_readmes_command_and_skips_nothing() -> None:
    assert re.findall(r"^(?:make|export) \S+", text_of(".ci/run"), re.M) == [
        "export CI=1",
        "make test",
        "make lint",
    ]


def paths_of(makefile: str) -> set[str]:
    """The product's paths in its recipes, but for the one file they make."""
    recipes = " ".join(line for line in makefile.splitlines() if line.startswith("\t"))
    packages = "|".join(source.PACKAGES)
    texts = re.findall(
        rf"(?<![\w.])(?:(?:{packages})[\w/.]*|scripts/[\w.-]+|translations/[\w.]+)", recipes
    )
    return set(texts) - {"translations/messages.pot"}


def test_make_names_what_exists_and_mypy_reads_everything() -> None:
    """A path that moved would stop `make lint` before it looked at anything."""
    makefile = text_of("Makefile")
    assert [path for path in paths_of(makefile) if not (ROOT / path).exists()] == []
    assert "\t$(BIN)/mypy .\n" in makefile, "the whole tree, tests too"
    assert paths_of("lint:\n\t$(BIN)/mypy core roster/services.py") == {
        "core",
        "roster/services.py",
    }


def test_style_is_kept() -> None:
    ruff = Path(sys.executable).with_name("ruff")
    for task in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [ruff, *task, "--no-cache", "."], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
