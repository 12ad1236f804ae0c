"""`flask db …` works, though its engine is loaded only when asked for."""

from __future__ import annotations

from pathlib import Path

from core.health import migration_fault
from tests.conftest import make_app


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
