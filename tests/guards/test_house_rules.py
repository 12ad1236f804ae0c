"""The house rules of docs/architecture.md, each held here. Every guard is also shown to catch a planted breach."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.settings import ROOT
from tests.guards import source

LONGEST_FILE = 450
LONGEST_FUNCTION = 60

Rule = Callable[[str, ast.Module], Iterator[str]]


def commits(name: str, tree: ast.Module) -> Iterator[str]:
    """Only core/database.py commits: services compose, and what must happen after a commit happens after all of it."""
    if name == "core/database.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("commit", "begin_nested"):
            yield f"{name}:{node.lineno} calls .{node.func.attr}(); open `with transaction():` at the edge instead"


def transactions_in_services(name: str, tree: ast.Module) -> Iterator[str]:
    """Services never open a transaction, so they compose."""
    if not re.search(r"/(services|queries|models|states|handlers)(/|\.py)", name):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "transaction":
            yield f"{name}:{node.lineno} opens a transaction; the edge (view, API, command, job) does"


def statuses(name: str, tree: ast.Module) -> Iterator[str]:
    """Only the machine assigns a status."""
    if name == "core/lifecycles.py":
        return
    for node in ast.walk(tree):
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign | ast.AugAssign)
            else []
        )
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr == "status" and not _is_refusal(target):
                yield f"{name}:{node.lineno} assigns a status; use Machine.fire"


def _is_refusal(target: ast.Attribute) -> bool:
    """A refusal's HTTP status is no lifecycle."""
    return isinstance(target.value, ast.Name) and target.value.id in ("refusal", "response", "self")


def clocks(name: str, tree: ast.Module) -> Iterator[str]:
    """Rules ask core.clock: tests freeze it and demonstrations set it."""
    if name == "core/clock.py":
        return
    for node in ast.walk(tree):
        is_reading = isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today")
        if is_reading and isinstance(node.value, ast.Name) and node.value.id in ("datetime", "date", "dt"):
            yield f"{name}:{node.lineno} reads the machine's clock; use core.clock"


def flask_in_rules(name: str, tree: ast.Module) -> Iterator[str]:
    """Rules know no web: they are called by pages, API, commands and jobs alike."""
    if not re.search(r"/(services|queries|models|states|completion|places)(/|\.py)", name):
        return
    for node in ast.walk(tree):
        modules = (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        for module in modules:
            if module.split(".")[0] in ("flask", "werkzeug", "wtforms", "flask_wtf"):
                yield f"{name}:{node.lineno} imports {module}"


def imports_of_app(name: str, tree: ast.Module) -> Iterator[str]:
    """app.py knows everybody and nobody knows it (import-linter sees packages only)."""
    for node in ast.walk(tree):
        modules = (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if name != "app.py" and "app" in modules:
            yield f"{name}:{node.lineno} imports app"


def swallowed(name: str, tree: ast.Module) -> Iterator[str]:
    """No error is swallowed whole."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler) or not all(isinstance(b, ast.Pass | ast.Continue) for b in node.body):
            continue
        if node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"):
            yield f"{name}:{node.lineno} swallows every error"


def sizes(name: str, tree: ast.Module) -> Iterator[str]:
    """A tired reader takes in a file at one sitting and a function at one look."""
    last = max((getattr(n, "end_lineno", 0) or 0 for n in ast.walk(tree)), default=0)
    if last > LONGEST_FILE:
        yield f"{name} has {last} lines; make it a package named by use case"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > LONGEST_FUNCTION:
            yield f"{name}:{node.lineno} {node.name} is longer than {LONGEST_FUNCTION} lines"


def names(name: str, tree: ast.Module) -> Iterator[str]:
    """No room for leftovers, and no word that the field does not use."""
    if re.search(r"(^|/)(utils?|helpers?|managers?|misc|common)(\.py|/)", name):
        yield f"{name}: a name that says nothing"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and re.search(r"(Manager|Helper|Util|Ticket|Student)$", node.name):
            yield f"{name}:{node.lineno} class {node.name}"


RULES: list[Rule] = [commits, transactions_in_services, statuses, clocks, flask_in_rules, imports_of_app, swallowed, sizes, names]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rule(rule: Rule) -> None:
    breaches = [breach for path in source.files() for breach in rule(source.name(path), source.tree(path))]
    assert breaches == []


PLANTED = [
    (commits, "roster/services.py", "db.session.commit()"),
    (transactions_in_services, "roster/services.py", "with transaction():\n    pass"),
    (transactions_in_services, "enrollment/services/places.py", "with transaction():\n    pass"),
    (statuses, "enrollment/services/places.py", "enrollment.status = S.CONFIRMED"),
    (clocks, "roster/queries.py", "today = date.today()"),
    (flask_in_rules, "courses/services.py", "from flask import request"),
    (imports_of_app, "core/web.py", "from app import create_app"),
    (swallowed, "core/jobs/engine.py", "try:\n    wake()\nexcept Exception:\n    pass"),
    (sizes, "core/web.py", "x = 1\n" * 451),
    (sizes, "core/web.py", "def f():\n" + "    x = 1\n" * 62),
    (names, "roster/utils.py", ""),
    (names, "roster/services.py", "class RosterManager: ..."),
]


@pytest.mark.parametrize(("rule", "name", "code"), PLANTED, ids=lambda v: v.__name__ if callable(v) else None)
def test_a_planted_breach_is_caught(rule: Rule, name: str, code: str) -> None:
    assert list(rule(name, ast.parse(code))) != []


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_imports_point_one_way() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [("courses/queries.py", "from roster import models"), ("core/clock.py", "import accounts.models")],
)
def test_an_import_against_the_direction_is_caught(tmp_path: Path, file: str, line: str) -> None:
    for room in (*source.ROOMS, "app.py", "pyproject.toml"):
        origin = ROOT / room
        if origin.is_dir():
            shutil.copytree(origin, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, tmp_path / room)
    with open(tmp_path / file, "a", encoding="utf-8") as planted:
        planted.write(f"\n{line}\n")
    assert lint_imports(tmp_path).returncode != 0


USUAL = {
    "__init__", "models", "states", "services", "queries", "forms", "views", "schemas", "api", "events", "handlers", "jobs", "cli",
}  # fmt: skip
#: Modules that are no layer but a thing of the domain.
DOMAIN_MODULES = {
    "accounts": {"demonstration", "passwords", "roles", "secrets", "sessions", "trail", "values"},
    "courses": {"calendars", "definitions", "plans", "timetable"},
    "enrollment": {"catalogue", "completion", "nomination_files", "places", "preview", "references"},
    "certificates": {
        "composition", "files", "fonts", "numbers", "payload", "press", "rendering", "snapshot", "wording",
    },
    "roster": {"documents", "evidence", "filters", "languages", "names", "search", "sentences"},
}  # fmt: skip


@pytest.mark.parametrize("room", DOMAIN_MODULES)
def test_every_room_uses_the_same_file_names(room: str) -> None:
    found = {path.stem for path in (ROOT / room).iterdir() if path.name != "__pycache__"}
    assert found - USUAL == DOMAIN_MODULES[room], "is there a usual place for it? If not, list it with what it holds"
