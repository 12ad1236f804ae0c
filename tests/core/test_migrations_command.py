"""`flask db …` works, though its engine is loaded only when asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.migrations import migration_fault
from tests.databases import make_app


def test_the_commands_migrate(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    runner = app.test_cli_runner()
    with app.app_context():
        assert "never migrated" in (migration_fault() or "")
    for words in (["db", "upgrade"], ["db", "check"], ["db", "current"]):
        result = runner.invoke(args=words)
        assert result.exit_code == 0, result.output
    with app.app_context():
        assert migration_fault() is None


@pytest.mark.parametrize(
    "words",
    [
        "accounts create a@example.org --name A",
        "accounts token a@example.org --name A",
        "check",
        "audit verify",
        "roster rebuild --check",
        "demo load",
    ],
)
def test_without_migration_a_command_says_what_to_do_first(tmp_path: Path, words: str) -> None:
    runner = make_app(tmp_path).test_cli_runner()
    result = runner.invoke(args=words.split())
    assert (result.exit_code, result.output.splitlines()[0][:35]) == (
        1,
        "Error: Run flask db upgrade first: ",
    )
    assert runner.invoke(args=[*words.split()[:2], "--help"]).exit_code == 0
