"""Two machines for a drill: one that is lost, and one that is empty."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from click.testing import Result

from certificates.models import Certificate
from core import checkpoints, clock
from core.database import db
from tests.certificates import makers
from tests.databases import NOW, make_app, migrated_app


class Machine:
    """An installation with files and keys of its own, and the database at `url` or a new file."""

    def __init__(
        self, folder: Path, url: str | None = None, *, is_migrated: bool = True, **environ: str
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.url, self.environ = folder, url, environ
        self.app = (migrated_app if is_migrated else make_app)(folder, url, **environ)
        clock.travel(self.app, NOW)

    def run(self, *words: Any, **more: Any) -> Result:
        result = self.app.test_cli_runner().invoke(args=[str(word) for word in words], **more)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    def well(self, *words: Any, **more: Any) -> str:
        result = self.run(*words, **more)
        assert result.exit_code == 0, result.output
        return result.output

    def refused(self, *words: Any) -> str:
        result = self.run(*words)
        assert result.exit_code == 1, result.output
        return result.output

    def issue(self, people: int) -> list[str]:
        """Numbers of new certificates, with their files."""
        with self.app.app_context():
            numbers = [
                certificate.number
                for certificate in makers.issued(makers.finished_delivery(people))
            ]
            db.session.remove()
            return numbers

    def issue_without_files(self, people: int) -> list[str]:
        from certificates import services
        from core.database import transaction
        from core.policy import SYSTEM

        with self.app.app_context():
            delivery = makers.finished_delivery(people)
            numbers = []
            for enrollment in makers.enrollments(delivery):
                with transaction():
                    numbers.append(
                        services.issue(
                            SYSTEM, db.session.get_one(makers.Enrollment, makers.key(enrollment))
                        ).number
                    )
            db.session.remove()
            return numbers

    def numbers(self) -> list[str]:
        with self.app.app_context():
            stored = list(
                db.session.scalars(sa.select(Certificate.number).order_by(Certificate.id))
            )
            db.session.remove()
            return stored

    def counts(self) -> dict[str, int]:
        with self.app.app_context():
            tables = sa.inspect(db.engine).get_table_names()
            with db.engine.connect() as connection:
                return {
                    t: connection.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one()
                    for t in sorted(tables)
                }

    def head(self) -> tuple[int, str]:
        with self.app.app_context():
            newest = checkpoints.head()
            db.session.remove()
            return newest

    def checkpoint(self) -> None:
        self.well("audit", "checkpoint")

    def forget_connections(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def lose_database(self) -> None:
        """A disk that failed: an empty database in its place."""
        self.forget_connections()
        if self.url is None:
            for path in self.folder.glob("rostrum.db*"):
                path.unlink()
            return
        with self.app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")

    def lose_files(self) -> None:
        shutil.rmtree(self.folder / "files", ignore_errors=True)

    def lose_trail(self) -> None:
        shutil.rmtree(self.folder / "audit", ignore_errors=True)

    def lose_everything(self) -> None:
        self.lose_database()
        self.lose_files()
        self.lose_trail()
