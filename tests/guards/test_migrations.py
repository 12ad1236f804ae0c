"""The migrations make exactly the tables of the models, up and down, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from core.database import db
from core.migrations import downgrade, upgrade
from core.schema import compare_type, include_object
from core.settings import ROOT
from tests.conftest import make_app

pytestmark = pytest.mark.both_databases


@pytest.fixture
def empty_app(database, tmp_path: Path, request: pytest.FixtureRequest):
    """An application on an empty database, of the same kind as `database`."""
    url = None
    if not database.app.extensions["settings"].is_sqlite:
        with database.app.app_context(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("DROP DATABASE IF EXISTS migrations")
            connection.exec_driver_sql("CREATE DATABASE migrations")
            url = db.engine.url.set(database="migrations").render_as_string(hide_password=False)
    app = make_app(tmp_path, url)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return ScriptDirectory.from_config(config)


def tables() -> set[str]:
    return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}


def differences() -> list:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": include_object, "compare_type": compare_type, "target_metadata": db.metadata}
        )
        return compare_metadata(context, db.metadata)


def test_there_is_one_head_and_the_file_names_it() -> None:
    assert (ROOT / "migrations" / "HEAD").read_text().strip() == scripts().get_current_head()


def test_head_equals_the_models(empty_app: Flask) -> None:
    upgrade()
    assert differences() == []


def test_a_difference_would_be_found(empty_app: Flask) -> None:
    upgrade()
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.exec_driver_sql("ALTER TABLE person ADD COLUMN nickname VARCHAR(20)")
        connection.commit()
    assert "nickname" in str(differences())


def test_each_revision_goes_up_and_comes_down(empty_app: Flask) -> None:
    revisions = [script.revision for script in scripts().walk_revisions()][::-1]
    before: set[str] = tables()
    for revision in revisions:
        upgrade(revision=revision)
        assert tables() > before or len(revisions) > 1
        downgrade(revision="-1")
        assert tables() == before, revision
        upgrade(revision=revision)
        before = tables()


def test_going_down_leaves_nothing_behind(empty_app: Flask) -> None:
    upgrade()
    downgrade(revision="base")
    assert tables() == set()
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect() as connection:
            left = connection.exec_driver_sql("SELECT proname FROM pg_proc WHERE proname LIKE 'audit%%'").all()
        assert left == []
