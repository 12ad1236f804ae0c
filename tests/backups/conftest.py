"""A machine of each kind, with a database that may be lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.backups.makers import Machine
from tests.postgresql import copied_database, new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def new_machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Machine]]:
    """`new_machine(name)` makes another one, with an empty database of its own."""
    is_postgresql = request.param == "postgresql"
    migrated = request.getfixturevalue("migrated_postgresql") if is_postgresql else None
    with ExitStack() as stack:

        def make(name: str, *, is_migrated: bool = True) -> Machine:
            database = copied_database if is_migrated else new_database
            url = stack.enter_context(database(migrated)) if migrated else None
            machine = Machine(tmp_path / name, url, is_migrated=is_migrated)
            stack.callback(machine.forget_connections)
            return machine

        yield make


@pytest.fixture
def machine(new_machine: Callable[..., Machine]) -> Machine:
    return new_machine("lost")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where the copy goes."""
    return tmp_path / "copies" / "monday"
