"""Writes the generated pages of docs/reference (settings, commands, API, permissions,
lifecycles, personal data): `make docs`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from textwrap import fill

import click

from accounts.roles import ROLES, Role
from administration.fields import PERSONAL
from app import COMMANDS, create_app
from certificates.states import CERTIFICATE
from core.lifecycles import Machine
from core.mail.settling import MAIL
from core.migrations import db_cli
from core.openapi import openapi
from core.settings import DOCUMENTED, ROOT
from courses.states import COURSE, DELIVERY
from enrollment.states import ENROLLMENT
from people.permissions import Permission
from roster.states import EXPERT

HEADER = "<!-- Written by `make docs` from the code; a test keeps it true. -->\n\n"


def permissions() -> str:
    """Role × permission, with how far each reaches."""
    lines = [
        HEADER + "# Permissions",
        "",
        "What each role may do, and how far: *everywhere*, in the *organization* you nominate "
        "for, in",
        "your *centre*, in your roster *office*, in your own *deliveries*, or about your*self*. "
        "Trainers,",
        "coordinators and roster staff hold their roles within a body; what they may do "
        "*everywhere*",
        "belongs to no body. Everyone who is signed in is a participant. The matrix is",
        "`accounts/roles.py`.",
        "",
        "| permission | " + " | ".join(Role) + " |",
        "|---|" + "---|" * len(Role),
    ]
    for permission in Permission:
        cells = [ROLES[role].get(permission, "") for role in Role]
        lines.append(
            f"| `{permission}` | "
            + " | ".join(str(getattr(cell, "value", cell)) for cell in cells)
            + " |"
        )
    return "\n".join(lines) + "\n"


def lifecycles() -> str:
    """Every transition table, with a picture."""
    parts = [
        HEADER + "# Lifecycles\n",
        "Only the machine assigns a status (`core/lifecycles.py`).\n",
    ]
    for title, source, machine in (
        ("Course", "courses/states.py", COURSE),
        ("Delivery", "courses/states.py", DELIVERY),
        ("Enrollment", "enrollment/states.py", ENROLLMENT),
        ("Certificate", "certificates/states.py", CERTIFICATE),
        ("Expert", "roster/states.py", EXPERT),
        ("Message", "core/mail/settling.py", MAIL),
    ):
        parts.append(_lifecycle(title, source, machine))
    return "\n".join(parts)


def _lifecycle(title: str, source: str, machine: Machine) -> str:
    lines = [
        f"## {title}",
        "",
        f"`{source}`; begins as {_either(sorted(machine.firsts))}.",
        "",
        "| step | from | to | permission |",
        "|---|---|---|---|",
    ]
    picture = [
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f"    [*] --> {first}" for first in sorted(machine.firsts)),
    ]
    for step in machine.transitions.values():
        sources = sorted(step.sources)
        permission = f"`{step.permission}`" if step.permission else "follows from a rule"
        lines.append(f"| {step.name} | {', '.join(sources)} | {step.target} | {permission} |")
        picture += [f"    {source} --> {step.target}: {step.name}" for source in sources]
    return "\n".join([*lines, *picture, "```", ""])


def _either(words: list[str]) -> str:
    """ "`a`", "`a` or `b`", "`a`, `b` or `c`"."""
    coded = [f"`{word}`" for word in words]
    return " or ".join([", ".join(coded[:-1]), coded[-1]] if len(coded) > 1 else coded)


def settings() -> str:
    """The one table of settings."""
    lines = [
        HEADER + "# Settings",
        "",
        "All come from the environment and all are optional. A misspelt or unsafe one stops the "
        "start.",
        "",
        "| setting | what it does |",
        "|---|---|",
    ]
    return (
        "\n".join([*lines, *(f"| `{name}` | {meaning} |" for name, meaning in DOCUMENTED.items())])
        + "\n"
    )


#: Alembic's own group needs a whole application before it lists anything, and one of its commands
#: is enough.
MIGRATE = (
    "## `flask db upgrade`\n\n```text\nflask db upgrade\n```\n\nMigrates the database to this "
    "version. The other commands of `flask db` are\nAlembic's, for whoever writes a migration."
)


def commands() -> str:
    """Every command of `flask`, from the declarations that parse it."""
    parts = [
        HEADER + "# Commands",
        "`flask` is `.venv/bin/flask`, in the project's folder; beside a systemd service it is\n"
        "`sudo deploy/flask`. Commands read the same [settings](settings.md) as the server. They "
        "exit with 1\n"
        "and one sentence when they are refused. `flask COMMAND --help` says the same as this "
        "page.",
    ]
    for command in sorted(COMMANDS, key=lambda command: str(command.name)):
        parts += [MIGRATE] if command is db_cli else _sections(command, f"flask {command.name}")
    return "\n\n".join(parts) + "\n"


def _sections(command: click.Command, name: str) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield _command(command, name)
        return
    for word, inner in sorted(command.commands.items()):
        yield from _sections(inner, f"{name} {word}")


def _command(command: click.Command, name: str) -> str:
    """Its usage, what it does and its options, as click tells them."""
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    meaning = fill(" ".join((command.help or "").split("\n\n")[0].split()), 100)
    records = [
        parameter.get_help_record(context)
        for parameter in command.params
        if isinstance(parameter, click.Option)
    ]
    options = [
        f"| `{record[0].replace('|', chr(92) + '|')}` | {record[1]} |"
        for record in records
        if record
    ]
    table = ["| option | meaning |\n|---|---|\n" + "\n".join(options)] if options else []
    return "\n\n".join([f"## `{name}`", f"```text\n{usage}\n```", meaning, *table])


def api() -> str:
    """Every operation on one line, from the OpenAPI description."""
    parts = [
        HEADER + "# API",
        "Programs use the same rules as pages. This page lists the operations. Fields, answers "
        "and limits\n"
        "are in the OpenAPI 3.1 description of your instance: `/api/v1/openapi.json`, for people\n"
        "`/api/v1/docs`. To begin, see [how to connect a program](../how-to/connect-a-program.md).",
    ]
    for tag, rows in groupby(sorted(_operations(), key=lambda row: row[0]), key=lambda row: row[0]):
        lines = [
            f"| `{method} {path}` | {summary} | {token} |"
            for _, method, path, summary, token in rows
        ]
        parts.append(
            f"## {tag.capitalize()}\n\n| operation | what it does | token |\n|---|---|---|\n"
            + "\n".join(lines)
        )
    return "\n\n".join(parts) + "\n"


def _operations() -> Iterator[tuple[str, str, str, str, str]]:
    with (
        tempfile.TemporaryDirectory() as folder
    ):  # what is described does not depend on this machine's settings
        description = openapi(
            create_app({"INSTANCE_PATH": folder, "DEMO": "0"}), "https://training.example.org"
        )
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            token = "needed" if operation.get("security") else "not needed"
            yield operation["tags"][0], method.upper(), path, operation["summary"], token


def personal_data() -> str:
    """Every item of personal data with its reason, as the privacy page shows it, and the columns
    that hold it."""
    parts = [
        HEADER + "# Personal data",
        "Every column that holds something of a person, with the reason why it is kept. Each "
        "package\n"
        "declares its own in `fields.py` (`core/personal.py`); the privacy page shows the same.",
    ]
    for datum in PERSONAL:
        columns = fill(
            "Held in: " + ", ".join(f"`{column}`" for column in datum.columns),
            100,
            break_on_hyphens=False,
        )
        facts = [
            f"- Why: {datum.why}",
            f"- Who sees it: {datum.readers}",
            f"- How long: {datum.retention}",
        ]
        parts.append(f"## {datum.what}\n\n" + "\n".join(facts) + f"\n\n{columns}")
    return "\n\n".join(parts) + "\n"


#: file below docs/ → what writes it
PAGES = {
    "reference/settings.md": settings,
    "reference/commands.md": commands,
    "reference/api.md": api,
    "reference/permissions.md": permissions,
    "reference/lifecycles.md": lifecycles,
    "reference/personal-data.md": personal_data,
}


def main() -> None:
    for name, write in PAGES.items():
        Path(ROOT, "docs", name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
