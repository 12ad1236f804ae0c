"""Every command in the documentation works: the blocks marked `sh` of each page run, in order,
on a demonstration that is served. What cannot run in a test is looked at word by word: programs,
targets, options, files, services and units exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from flask_migrate.cli import db as alembic

from app import COMMANDS
from core.settings import DOCUMENTED, ROOT
from tests.browser.server import Site, running_site

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: How a command begins that is not run here, and why.
NOT_RUN = {
    "make": "installs packages; `make -n` runs instead",
    "docker": "no daemon; services and commands are compared with compose.yaml",
    "sudo": "changes the machine; units and files are looked for",
    "cd": "the page already runs in a folder with all of ours",
    ".venv/bin/pybabel": "writes into the catalogues",
}
#: The one use of sudo that stands for a command of ours.
OUR_FLASK = "sudo deploy/flask "


def blocks(page: Path, kind: str = "sh") -> list[str]:
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(rf"^( *)```{kind}\n(.*?)^ *```$", text, re.M | re.S)
    return [re.sub(rf"^{indent}", "", block, flags=re.M) for indent, block in blocks]


def commands(page: Path) -> Iterator[str]:
    """Its commands, a continued line or a here-document with its first line."""
    pattern = r"""^(?:[^\n]*?<<'END'\n.*?^END$|(?:[^\n]*\\\n)*[^\n]*$)"""
    for block in blocks(page):
        for command in re.findall(pattern, block, re.M | re.S):
            if command.strip() and not command.lstrip().startswith("#"):
                yield command.replace(OUR_FLASK, "flask ")


def test_what_is_not_run_is_needed() -> None:
    """An exception that no page needs any more is taken out."""
    documented = [command for page in PAGES for command in commands(page)]
    unused = [
        start
        for start in NOT_RUN
        if not any(f"{command} ".startswith(f"{start} ") for command in documented)
    ]
    assert unused == []


def is_run(command: str) -> bool:
    return not any(command == start or command.startswith(f"{start} ") for start in NOT_RUN)


#: They copy, restore, start servers or print, for a quarter of a minute each.
LONG = ("back-up-and-restore.md", "add-a-layout.md", "deploy.md")
WITH_COMMANDS = [page for page in PAGES if any(is_run(command) for command in commands(page))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("documented"), experts=5) as site:
        yield site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a page's commands run: everything of ours is there, and what they make falls away."""
    for path in ROOT.iterdir():
        if path.name not in (".git", "instance", "build"):
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "backups").mkdir()
    return tmp_path


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.long] if page.name in LONG else [])
        for page in WITH_COMMANDS
    ],
    ids=[str(page.relative_to(ROOT)) for page in WITH_COMMANDS],
)
def test_the_commands_of_the_page_run(page: Path, site: Site, folder: Path) -> None:
    script = "\n".join(command for command in commands(page) if is_run(command))
    stands_for = {
        "http://127.0.0.1:8000": site.url,
        "Host: training.example.org": f"Host: {site.url.removeprefix('http://')}",
        "/var/backups/rostrum": str(folder / "backups"),
    }
    for named, here in stands_for.items():
        script = script.replace(named, here)
    environ = site.environ | {"PATH": f"{sys.prefix}/bin{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-eux", "-c", script],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def faults_of_flask(words: list[str]) -> list[str]:
    """What of `flask …` does not exist: the command, or an option."""
    known: dict[str, click.Command] = {str(command.name): command for command in COMMANDS} | {
        "db": alembic
    }
    command: click.Command | None = None
    while words and words[0] in known:
        command, words = known[words[0]], words[1:]
        known = dict(command.commands) if isinstance(command, click.Group) else {}
    if command is None or known:
        return [f"no such command: flask {' '.join(words)}"]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return [
        f"no such option: {word}"
        for word in words
        if word.startswith("-") and word.split("=")[0] not in options
    ]


def faults(command: str) -> list[str]:
    """What a command that is not run names and does not exist."""
    words = shlex.split(command, comments=True)
    missing = [
        f"no such file: {word}"
        for word in words
        if re.match(r"(deploy|docs|scripts)/", word) and not (ROOT / word).exists()
    ]
    if "flask" in words:
        missing += faults_of_flask(words[words.index("flask") + 1 :])
    if "make" in words and not {"apt-get", "useradd"} & set(words):
        arguments = [
            word for word in words[words.index("make") + 1 :] if word not in ("-C", "/opt/rostrum")
        ]
        done = subprocess.run(
            ["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        missing += [] if done.returncode == 0 else [done.stderr]
    if "systemctl" in words:
        units = [word for word in words if word.startswith("rostrum")]
        missing += [
            f"no such unit: {unit}"
            for unit in units
            if not list((ROOT / "deploy").glob(f"{unit.split('.')[0]}.*"))
        ]
    if words[:2] == ["docker", "compose"]:
        services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
        named = [
            word
            for word in words[2 : words.index("flask") if "flask" in words else None]
            if not word.startswith("-")
        ]
        missing += [f"no such service: {word}" for word in named[1:] if word not in services]
    return missing


NAMED = sorted({command for page in PAGES for command in commands(page) if not is_run(command)})


@pytest.mark.parametrize("command", NAMED)
def test_a_command_that_is_not_run_names_what_exists(command: str) -> None:
    assert faults(command) == []


@pytest.mark.parametrize(
    "command",
    [
        "make everything",
        "flask serve --threads 2",
        "flask jobs rest",
        "docker compose exec webb flask check",
        "sudo deploy/nothing",
        "docker compose exec web flask chek",
        "sudo systemctl restart rostrum-web",
    ],
)
def test_a_command_that_does_not_exist_is_caught(command: str) -> None:
    assert faults(command) != []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_sentences_exist(page: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for command in re.findall(r"`flask ([^`]+)`", text):
        words = [word for word in re.sub(r"[\[\]…]", " ", command).split() if word != "COMMAND"]
        if words and words != ["--help"] and words != ["db"]:
            assert faults_of_flask(words) == [], command
    for command in re.findall(r"`make ([a-z-]+)", text):
        assert faults(f"make {command}") == [], command


def test_settings_in_the_example_exist() -> None:
    lines = (ROOT / "deploy" / "rostrum.env").read_text(encoding="utf-8").splitlines()
    names = [match.group(1) for line in lines if (match := re.match(r"#? ?([A-Z_]+)=", line))]
    assert len(names) > 5
    assert set(names) <= DOCUMENTED.keys()


def test_every_block_of_the_documentation_says_what_it_is() -> None:
    """A block without a kind would pass for one that runs."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert [
            line for line in re.findall(r"^ *```(.*)$", text, re.M)[::2] if not line.strip()
        ] == [], page
