"""Writes the generated pages of docs/ (permissions, lifecycles, settings) from the code: `make docs`."""

from __future__ import annotations

from pathlib import Path

from accounts.roles import ROLES, Role
from certificates.states import CERTIFICATE
from core.lifecycles import Machine
from core.mail.settling import MAIL
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
        "What each role may do, and how far: *everywhere*, in the *organization* you nominate for, in your *centre*,",
        "in your roster *office*, in your own *deliveries*, or about your*self*. Trainers, coordinators and roster staff",
        "hold their roles within a body; what they may do *everywhere* belongs to no body.",
        "Everyone who is signed in is a participant. The matrix is `accounts/roles.py`.",
        "",
        "| permission | " + " | ".join(Role) + " |",
        "|---|" + "---|" * len(Role),
    ]
    for permission in Permission:
        cells = [ROLES[role].get(permission, "") for role in Role]
        lines.append(f"| `{permission}` | " + " | ".join(str(getattr(cell, "value", cell)) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def lifecycles() -> str:
    """Every transition table, with a picture."""
    parts = [HEADER + "# Lifecycles\n", "Only the machine assigns a status (`core/lifecycles.py`).\n"]
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
    picture = ["", "```mermaid", "stateDiagram-v2", *(f"    [*] --> {first}" for first in sorted(machine.firsts))]
    for step in machine.transitions.values():
        sources = sorted(step.sources)
        asked = f"`{step.permission}`" if step.permission else "follows from a rule"
        lines.append(f"| {step.name} | {', '.join(sources)} | {step.target} | {asked} |")
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
        "All come from the environment and all are optional. A misspelt or unsafe one stops the start.",
        "",
        "| setting | what it does |",
        "|---|---|",
    ]
    return "\n".join([*lines, *(f"| `{name}` | {meaning} |" for name, meaning in DOCUMENTED.items())]) + "\n"


PAGES = {"permissions.md": permissions, "lifecycles.md": lifecycles, "settings.md": settings}


def main() -> None:
    for name, write in PAGES.items():
        Path(ROOT, "docs", name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
