"""The rules of docs/architecture.md, each held here. Every guard is also shown to catch a
planted breach."""

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

LONGEST_FILE = 500
LONGEST_FUNCTION = 60

Rule = Callable[[str, ast.Module], Iterator[str]]


#: Where requests, commands and jobs come in. Every other file of a package knows no web and opens
#: no transaction.
EDGES = {"api", "cli", "forms", "jobs", "schemas", "views"}


def is_rule(name: str) -> bool:
    package, _, remainder = name.partition("/")
    return (
        package in source.PACKAGES[1:-1]
        and re.split(r"[/.]", remainder)[0] not in EDGES
        and name != "accounts/sessions.py"
    )


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of all that is imported; `from a import b` gives a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def commits(name: str, tree: ast.Module) -> Iterator[str]:
    """Only core/database.py commits: services compose, and what must happen after a commit
    happens after all of it."""
    if name == "core/database.py":
        return
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("commit", "begin_nested")
        ):
            yield (
                f"{name}:{node.lineno} calls .{node.func.attr}(); open `with transaction():` at "
                "the edge instead"
            )


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def transactions_in_rules(name: str, tree: ast.Module) -> Iterator[str]:
    """Services never open a transaction, under whatever name, so they compose."""
    if not is_rule(name):
        return
    for node in calls(tree):
        called = node.func
        if "transaction" in (getattr(called, "id", None), getattr(called, "attr", None)):
            yield (
                f"{name}:{node.lineno} opens a transaction; the edge (view, API, command, job) does"
            )
    for line, what in imported(tree):
        if what == "core.database.transaction":
            yield f"{name}:{line} imports transaction; the edge (view, API, command, job) opens it"


#: The models that have a lifecycle: made with its first status or with none.
LIVING = {"Certificate", "Delivery", "Enrollment", "Expert"}


def statuses(name: str, tree: ast.Module) -> Iterator[str]:
    """Only the machine assigns a status: by assignment, setattr or a statement of SQL."""
    if name == "core/lifecycles.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt) and (
            _assigns_status(node) or (isinstance(node, ast.Call) and _writes_status(node))
        ):
            yield f"{name}:{node.lineno} assigns a status; use Machine.fire"


def _assigns_status(node: ast.AST) -> bool:
    """Any target: of `=`, `+=`, an annotation, a loop, alone or among others."""
    if (
        not isinstance(node, ast.Attribute)
        or node.attr != "status"
        or not isinstance(node.ctx, ast.Store)
    ):
        return False
    return ast.unparse(node.value) != "refusal"  # a refusal's HTTP status is no lifecycle


def _writes_status(call: ast.Call) -> bool:
    called = ast.unparse(call.func).rpartition(".")[2]
    if called in LIVING:
        return any(
            keyword.arg == "status" and not ast.unparse(keyword.value).endswith(".initial")
            for keyword in call.keywords
        )
    if called in ("setattr", "__setattr__"):
        return any(_is_status(argument) for argument in call.args)
    if called not in ("values", "update", "update_all", "execute", "bulk_update_mappings"):
        return False
    keys = [key for node in ast.walk(call) if isinstance(node, ast.Dict) for key in node.keys]
    return any(keyword.arg == "status" for keyword in call.keywords) or any(
        _is_status(key) for key in keys
    )


def _is_status(node: ast.AST | None) -> bool:
    """`"status"` or `Enrollment.status`."""
    return "status" in (getattr(node, "value", None), getattr(node, "attr", None))


MACHINE_CLOCKS = re.compile(
    r"([\w.]+\.)?(datetime|date|dt)\.(now|utcnow|today)|(?!clock\.)[\w.]+\.(utcnow|today)\(\)|time\.(time|time_ns|localtime|gmtime|ctime)"
)


def clocks(name: str, tree: ast.Module) -> Iterator[str]:
    """Rules ask core.clock: tests freeze it and demonstrations set it. (time.monotonic only
    measures how long.)"""
    if name == "core/clock.py":
        return
    readings = [
        (n.lineno, ast.unparse(n))
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute | ast.Call)
    ]
    for line, what in readings + list(imported(tree)):
        if MACHINE_CLOCKS.fullmatch(what):
            yield f"{name}:{line} reads the machine's clock ({what}); use core.clock"


def days_of_no_place(name: str, tree: ast.Module) -> Iterator[str]:
    """A certificate is dated by the calendar of its course, on every page and in every filter."""
    if not name.startswith("certificates/"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "clock.today":
            yield f"{name}:{node.lineno} takes the day of UTC; use Certificate.today or today_in"


WEB = {"flask", "flask_login", "flask_wtf", "werkzeug", "wtforms"}


def web_in_rules(name: str, tree: ast.Module) -> Iterator[str]:
    """Rules know no web: they are called by pages, API, commands and jobs alike."""
    if not is_rule(name):
        return
    for line, what in imported(tree):
        if what.split(".")[0] in WEB or what.startswith(("core.web", "core.forms", "core.visits")):
            yield f"{name}:{line} imports {what}"


def queries_in_doors(name: str, tree: ast.Module) -> Iterator[str]:
    """Views and API run no query: what a page shows is read in `queries`, and what an act needs
    in `services`."""
    if is_door(name):
        yield from asks_database(name, tree)


def is_door(name: str) -> bool:
    package, _, remainder = name.partition("/")
    return package in source.PACKAGES[1:-1] and re.split(r"[/.]", remainder)[0] in {"api", "views"}


#: What the edge takes of the database: it opens the transaction.
OF_THE_EDGE = {"core.database.transaction", "core.database.settings_of"}


def asks_database(name: str, tree: ast.Module) -> Iterator[str]:
    for line, what in imported(tree):
        if (
            what.split(".")[0] == "sqlalchemy"
            or (what.startswith("core.database") and what not in OF_THE_EDGE)
            or what in ("core.paging.page", "core.paging.newest")
        ):
            yield f"{name}:{line} imports {what}; ask in queries, decide in services"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node).endswith("db.session"):
            yield (
                f"{name}:{node.lineno} uses {ast.unparse(node)}; ask in queries, decide in services"
            )


_REFUSED = re.compile(r"(errors\.)?(Conflict|NotAllowed)\(")


def acts_in_doors(name: str, tree: ast.Module) -> Iterator[str]:
    """Views and API fire no step, publish no event, write no audit entry, and refuse nothing for
    the state it is in: services do, for all who call them."""
    if not is_door(name):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc and _REFUSED.match(ast.unparse(node.exc)):
            yield f"{name}:{node.lineno} refuses by a rule; let a service do it"
    for call in calls(tree):
        called = ast.unparse(call.func)
        if called.endswith(".fire") or called in ("publish", "events.publish", "audit.record"):
            yield f"{name}:{call.lineno} calls {called}(); let a service do it"


#: What a package may import of a package to its left, beside models, queries, services and events:
#: values and vocabularies that are shared on purpose. docs/architecture.md says the same.
OPEN_TO_OTHERS = {"models", "queries", "services", "events", "ports", "fields"}
SHARED = {
    "people": {"permissions", "personnel", "schemas", "values"},
    "accounts": {"demonstration", "roles", "sessions"},
    "courses": {"schemas", "states", "timetable"},
    "enrollment": {"lacks", "schemas", "states"},
}


def imports_of_packages(name: str, tree: ast.Module) -> Iterator[str]:
    """A package's pages, forms and inner modules are its own. (The demonstration fills all
    packages, as a migration would.)"""
    package = name.partition("/")[0]
    if package not in source.PACKAGES[:-1]:
        return
    for line, what in imported(tree):
        other, _, remainder = what.partition(".")
        if (
            other in source.PACKAGES[1:]
            and other != package
            and remainder.split(".")[0] not in OPEN_TO_OTHERS | SHARED.get(other, set())
        ):
            yield f"{name}:{line} imports {what}, which is {other}'s own"


def imports_of_app(name: str, tree: ast.Module) -> Iterator[str]:
    """app.py knows everyone and no one knows it (import-linter sees packages only)."""
    for line, what in imported(tree):
        if name != "app.py" and what.split(".")[0] == "app":
            yield f"{name}:{line} imports app"


def imports_of_serving(name: str, tree: ast.Module) -> Iterator[str]:
    """How the server runs is its own business; what waits says so with core.waiting."""
    for line, what in imported(tree):
        if (
            what.startswith("core.serving")
            and name != "app.py"
            and not name.startswith("core/serving/")
        ):
            yield f"{name}:{line} imports {what}"


def swallowed(name: str, tree: ast.Module) -> Iterator[str]:
    """No error is swallowed whole."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler) or not all(
            isinstance(b, ast.Pass | ast.Continue) for b in node.body
        ):
            continue
        if node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"):
            yield f"{name}:{node.lineno} swallows every error"


def unread_json(name: str, tree: ast.Module) -> Iterator[str]:
    """JSON from outside is counted before it is read, in one place."""
    is_edge = (
        name.startswith(("core/api/", "core/paging.py", "core/forms.py"))
        or not is_rule(name)
        and not name.startswith("core/")
    )
    if not is_edge or re.split(r"[/.]", name)[1] not in EDGES - {"cli"} | {"paging"}:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (
            node.attr == "get_json"
            or ast.unparse(node) in ("json.loads", "json.load", "request.json")
        ):
            yield (
                f"{name}:{node.lineno} reads JSON with {ast.unparse(node)}; use "
                "core.intake.read_json"
            )
    for line, what in imported(tree):
        if what in ("json.loads", "json.load"):
            yield f"{name}:{line} imports {what}; use core.intake.read_json"


def sizes(name: str, tree: ast.Module) -> Iterator[str]:
    """A tired reader takes in a file at one sitting and a function at one look."""
    last = max((getattr(n, "end_lineno", 0) or 0 for n in ast.walk(tree)), default=0)
    if last > LONGEST_FILE:
        yield f"{name} has {last} lines; make it a package named by use case"
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef)
            and (node.end_lineno or 0) - node.lineno > LONGEST_FUNCTION
        ):
            yield f"{name}:{node.lineno} {node.name} is longer than {LONGEST_FUNCTION} lines"


def names(name: str, tree: ast.Module) -> Iterator[str]:
    """No room for leftovers, and no word that the field does not use."""
    if re.search(r"(^|/)(utils?|helpers?|managers?|misc|common)(\.py|/)", name):
        yield f"{name}: a name that says nothing"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and re.search(
            r"(Manager|Helper|Util|Ticket|Student)$", node.name
        ):
            yield f"{name}:{node.lineno} class {node.name}"


def normalising(name: str, tree: ast.Module) -> Iterator[str]:
    """Only core/text.py normalises text: without its limit, hostile text takes quadratic time."""
    if name == "core/text.py":
        return
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "normalize"
            and ast.unparse(node.value) == "unicodedata"
        ):
            yield f"{name}:{node.lineno} normalises; use core.text.normalized"
    for line, what in imported(tree):
        if what == "unicodedata.normalize":
            yield f"{name}:{line} imports normalize; use core.text.normalized"


def buffered(name: str, tree: ast.Module) -> Iterator[str]:
    """A result is read in parts only if the statement says so: PostgreSQL has sent all of it
    before a result could."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "yield_per"
        ):
            yield (
                f"{name}:{node.lineno} reads all of a result first; use "
                "execution_options(yield_per=…)"
            )


def read_whole(name: str, tree: ast.Module) -> Iterator[str]:
    """Checks go through whole tables, so they read them in parts, however large they are."""
    checks = [tree] if name.endswith("/checking.py") else functions_named("breaches", tree)
    in_parts = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.For) and ast.unparse(node.iter).startswith(PARTS)
        for inner in ast.walk(node)
    }
    for node in (node for check in checks for node in ast.walk(check)):
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).startswith("db.session.")
            and node not in in_parts
        ):
            yield f"{name}:{node.lineno} may read a whole table at once; use streamed(…)"


def impatient(name: str, tree: ast.Module) -> Iterator[str]:
    """A job of many transactions gives way to people between them."""
    if not name.endswith("jobs.py"):
        return
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.For)
            and "with transaction()" in ast.unparse(node)
            and not ast.unparse(node.iter).startswith("progress.each(")
        ):
            yield f"{name}:{node.lineno} gives no way to people; go through progress.each(…)"


PARTS = ("in_thousands(", "id_ranges(")


def functions_named(start: str, tree: ast.Module) -> list[ast.AST]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.lstrip("_").startswith(start)
    ]


RULES: list[Rule] = [
    commits,
    transactions_in_rules,
    statuses,
    clocks,
    days_of_no_place,
    web_in_rules,
    queries_in_doors,
    acts_in_doors,
    imports_of_packages,
    imports_of_app,
    imports_of_serving,
    swallowed,
    unread_json,
    sizes,
    names,
    normalising,
    buffered,
    read_whole,
    impatient,
]


SILENCED = re.compile(
    r"#\s*(noqa|type: ignore|nosec|pragma)\b(: ?[A-Z0-9, ]+|\[[a-z-, ]+\])?(?P<reason>.*)"
)


def silenced(name: str, text: str) -> Iterator[str]:
    """A check that is silenced says why beside it."""
    for number, line in enumerate(text.splitlines(), 1):
        match = SILENCED.search(line)
        if match and not re.search(r"[a-z]{2}", match["reason"]):
            yield f"{name}:{number} silences a check without a reason"


def test_what_is_silenced_says_why() -> None:
    places = [
        *source.files(),
        *(source.ROOT / "tests").rglob("*.py"),
        *(source.ROOT / "scripts").rglob("*.py"),
    ]
    assert [
        breach
        for path in places
        for breach in silenced(source.name(path), path.read_text(encoding="utf-8"))
    ] == []


@pytest.mark.parametrize(
    ("line", "is_caught"),
    [
        ("x = y  # " + "noqa: S105", True),
        ("x = y  # " + "type: ignore[attr-defined]", True),
        ("x = y  # " + "type: ignore", True),
        ("x = y  # " + "noqa: S105 -- shown on the page", False),
        ("x = y  # " + "type: ignore[attr-defined]  # a proxy", False),
    ],
)
def test_a_check_silenced_without_a_reason_is_caught(line: str, is_caught: bool) -> None:
    assert bool(list(silenced("core/x.py", line))) is is_caught


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_its_rule(rule: Rule) -> None:
    breaches = [
        breach for path in source.files() for breach in rule(source.name(path), source.tree(path))
    ]
    assert breaches == []


PLANTED = [
    (normalising, "roster/queries.py", "unicodedata.normalize('NFC', text)"),
    (normalising, "roster/queries.py", "from unicodedata import normalize"),
    (commits, "roster/services.py", "db.session.commit()"),
    (transactions_in_rules, "roster/services.py", "with transaction():\n    pass"),
    (
        transactions_in_rules,
        "enrollment/services/places.py",
        "with database.transaction():\n    pass",
    ),
    (
        transactions_in_rules,
        "enrollment/places.py",
        "from core.database import transaction as unit",
    ),
    (statuses, "enrollment/services/places.py", "enrollment.status = S.CONFIRMED"),
    (
        statuses,
        "enrollment/services/places.py",
        "enrollment.status, enrollment.reason = S.DECLINED, reason",
    ),
    (statuses, "enrollment/services/places.py", "enrollment.status += 'ed'"),
    (statuses, "enrollment/services/places.py", "enrollment.status: str = S.CONFIRMED"),
    (
        statuses,
        "enrollment/models.py",
        "class Enrollment:\n    def confirm(self):\n        self.status = S.CONFIRMED",
    ),
    (statuses, "enrollment/services/places.py", "setattr(enrollment, 'status', S.CONFIRMED)"),
    (
        statuses,
        "enrollment/services/places.py",
        "object.__setattr__(enrollment, 'status', S.CONFIRMED)",
    ),
    (
        statuses,
        "enrollment/services/places.py",
        "sa.update(Enrollment).where(ours).values(status=S.CONFIRMED)",
    ),
    (
        statuses,
        "enrollment/services/places.py",
        "sa.update(Enrollment).values({'status': S.CONFIRMED})",
    ),
    (statuses, "enrollment/services/places.py", "query.update({Enrollment.status: S.CONFIRMED})"),
    (
        statuses,
        "enrollment/services/places.py",
        "db.session.execute(sa.update(Enrollment), [{'id': 1, 'status': 'confirmed'}])",
    ),
    (
        statuses,
        "enrollment/services/places.py",
        "Enrollment(delivery=delivery, status=S.CONFIRMED)",
    ),
    (clocks, "roster/queries.py", "today = date.today()"),
    (clocks, "roster/queries.py", "today = datetime.date.today()"),
    (clocks, "roster/queries.py", "now = datetime.utcnow()"),
    (clocks, "roster/queries.py", "now = dt.datetime.now(UTC)"),
    (clocks, "roster/queries.py", "from datetime import date as day\ntoday = day.today()"),
    (clocks, "roster/queries.py", "now = time.time()"),
    (clocks, "roster/queries.py", "from time import time"),
    (
        days_of_no_place,
        "certificates/queries.py",
        "found.where(Certificate.valid_until < clock.today())",
    ),
    (web_in_rules, "courses/services.py", "from flask import request"),
    (web_in_rules, "courses/states.py", "import flask"),
    (web_in_rules, "roster/queries.py", "from flask_login import current_user"),
    (web_in_rules, "enrollment/handlers.py", "from core.web import see_other"),
    (web_in_rules, "accounts/models.py", "from werkzeug.security import generate_password_hash"),
    (imports_of_packages, "certificates/api.py", "from enrollment.views import pages"),
    (imports_of_packages, "enrollment/forms/fields.py", "from courses.forms import CourseForm"),
    (imports_of_packages, "roster/services/skills.py", "import certificates.payload"),
    (imports_of_packages, "enrollment/services/places.py", "from courses import views"),
    (queries_in_doors, "enrollment/views/nominate.py", "import sqlalchemy as sa"),
    (queries_in_doors, "enrollment/views/nominate.py", "from sqlalchemy.orm import joinedload"),
    (queries_in_doors, "classroom/api/attendance.py", "from core.database import db, transaction"),
    (queries_in_doors, "roster/api.py", "found = database.db.session.scalar(statement)"),
    (queries_in_doors, "roster/views.py", "from core.paging import page"),
    (queries_in_doors, "roster/views.py", "from core.database import write"),
    (queries_in_doors, "roster/views.py", "import core.database as d"),
    (queries_in_doors, "roster/views.py", "from core import database"),
    (acts_in_doors, "enrollment/views/selection.py", "ENROLLMENT.fire(found, 'approve', actor)"),
    (acts_in_doors, "enrollment/views/mine.py", "raise Conflict('over', 'It is over.')"),
    (acts_in_doors, "roster/api.py", "raise errors.NotAllowed('no')"),
    (acts_in_doors, "roster/api.py", "publish(ExpertChanged(expert.id, ('rank',)), actor)"),
    (
        acts_in_doors,
        "administration/views/oversight.py",
        "audit.record(actor, 'job.retried', 'job:1', {})",
    ),
    (imports_of_app, "core/web/pages.py", "from app import create_app"),
    (imports_of_serving, "core/database.py", "from core.serving.threads import Threads"),
    (swallowed, "core/jobs/engine.py", "try:\n    wake()\nexcept Exception:\n    pass"),
    (unread_json, "core/api/parsing.py", "values = json.loads(raw)"),
    (unread_json, "core/paging.py", "from json import loads as read"),
    (unread_json, "enrollment/views/nominate.py", "rows = json.loads(request.form['rows'])"),
    (unread_json, "courses/api.py", "body = request.get_json()"),
    (unread_json, "roster/views.py", "body = request.json"),
    (buffered, "core/audit.py", "rows = db.session.scalars(statement).yield_per(1000)"),
    (
        read_whole,
        "enrollment/queries/checking.py",
        "def _gaps():\n    for row in db.session.execute(statement): ...",
    ),
    (read_whole, "core/audit.py", "def breaches():\n    rows = list(db.session.scalars(all))"),
    (impatient, "roster/jobs.py", "for i in ids:\n    with transaction():\n        forget(i)"),
    (sizes, "core/clock.py", "x = 1\n" * (LONGEST_FILE + 1)),
    (sizes, "core/clock.py", "def f():\n" + "    x = 1\n" * 62),
    (names, "roster/utils.py", ""),
    (names, "roster/services.py", "class RosterManager: ..."),
]


@pytest.mark.parametrize(
    ("rule", "name", "code"), PLANTED, ids=lambda v: v.__name__ if callable(v) else None
)
def test_a_planted_breach_is_caught(rule: Rule, name: str, code: str) -> None:
    assert list(rule(name, ast.parse(code))) != []


def test_what_packages_share_is_used_and_named_in_the_papers() -> None:
    shared = {f"{package}.{module}" for package, modules in SHARED.items() for module in modules}
    used = {
        what
        for path in source.files()
        if source.name(path) != "app.py"
        for _, what in imported(source.tree(path))
    }
    assert [
        name for name in shared if not any(f"{what}.".startswith(f"{name}.") for what in used)
    ] == []
    papers = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert [name for name in shared if f"`{name}`" not in papers] == []


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_imports_point_one_way() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("courses/queries.py", "from roster import models"),
        ("core/clock.py", "import accounts.models"),
        ("people/queries/bodies.py", "import accounts.models"),
        ("roster/queries.py", "import administration.queries"),
    ],
)
def test_an_import_against_the_direction_is_caught(tmp_path: Path, file: str, line: str) -> None:
    for package in (*source.PACKAGES, "app.py", "pyproject.toml"):
        origin = ROOT / package
        if origin.is_dir():
            shutil.copytree(
                origin, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(origin, tmp_path / package)
    with open(tmp_path / file, "a", encoding="utf-8") as planted:
        planted.write(f"\n{line}\n")
    assert lint_imports(tmp_path).returncode != 0


USUAL = {
    "__init__",
    "models",
    "states",
    "services",
    "queries",
    "forms",
    "views",
    "schemas",
    "api",
    "events",
    "handlers",
    "jobs",
    "cli",
    "ports",
}
#: Modules that are no layer but a thing of the domain.
DOMAIN_MODULES = {
    "people": {"consent_texts", "name_rules", "permissions", "personnel", "values"},
    "accounts": {"common_passwords", "demonstration", "passwords", "roles", "secrets", "sessions"},
    "administration": {"trail"},
    "courses": {"calendars", "definitions", "plans", "timetable"},
    "enrollment": {
        "catalogue",
        "lacks",
        "needs",
        "nomination_files",
        "places",
        "prerequisites",
        "preview",
        "references",
    },
    "classroom": {"completion", "participation"},
    "certificates": {
        "composition",
        "files",
        "fonts",
        "layouts",
        "numbers",
        "payload",
        "press",
        "rendering",
        "reviews",
        "snapshot",
        "wording",
    },
    "roster": {"documents", "evidence", "filters", "languages", "search", "sentences"},
}


@pytest.mark.parametrize("package", DOMAIN_MODULES)
def test_every_package_uses_the_same_file_names(package: str) -> None:
    stems = {path.stem for path in (ROOT / package).iterdir() if path.name != "__pycache__"}
    assert stems - USUAL - {"fields"} == DOMAIN_MODULES[package], (
        "is there a usual place for it? If not, list it with what it holds"
    )


def strays(files: set[str], imports: set[str]) -> list[str]:
    """Files inside a package's packages that are not a use case of theirs: deeper ones, another
    layer's, or no one's."""
    faults = []
    for name in files:
        parts = name.removesuffix(".py").split("/")
        if len(parts) < 3 or parts[-1] == "__init__":
            continue
        module = ".".join(parts)
        if (
            len(parts) > 3
            or parts[-1] in USUAL
            or not any(f"{what}.".startswith(f"{module}.") for what in imports)
        ):
            faults.append(name)
    return faults


def test_packages_hold_their_use_cases_only() -> None:
    imports = {what for path in source.files() for _, what in imported(source.tree(path))}
    assert strays({source.name(path) for path in source.files()}, imports) == []


@pytest.mark.parametrize(
    "file",
    [
        "roster/services/forgotten.py",
        "roster/services/views.py",
        "enrollment/services/places/taking.py",
    ],
)
def test_a_stray_file_in_a_package_is_caught(file: str) -> None:
    imports = {
        "roster.services.views",
        "roster.services.skills.grant",
        "enrollment.services.places.taking",
    }
    assert strays({"roster/services/skills.py", "roster/services/__init__.py", file}, imports) == [
        file
    ]
