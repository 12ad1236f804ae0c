"""The container and the units, as far as a machine without Docker can tell: the Dockerfile's own
steps run in a folder, by a user without rights, on a root that no one can write to; the files
name what exists."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from core.settings import DOCUMENTED, ROOT
from tests.guards.test_papers import tracked

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
#: What the image has and this test's folder stands for.
FOLDER, NOBODY = "/opt/rostrum", "65534"
POWERLESS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
AS_NOBODY = ["--clear-groups", f"--regid={NOBODY}", f"--reuid={NOBODY}"]
#: A private view of the disks on which only the two folders named first can be written to.
READ_ONLY = (
    'mount --make-rprivate / && mount --bind "$1" "$1" && mount --bind "$2" "$2" && mount -o '
    'remount,ro,bind / && shift 2 && exec "$@"'
)


def instructions(name: str) -> list[str]:
    """The arguments of every such instruction of the Dockerfile, comments and continued lines
    taken out."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE, flags=re.M).replace("\\\n", " ")
    return [
        line.split(None, 1)[1].strip() for line in text.splitlines() if line.startswith(f"{name} ")
    ]


def environment() -> dict[str, str]:
    return {
        name: value
        for line in instructions("ENV")
        for name, value in (word.split("=", 1) for word in shlex.split(line))
    }


@dataclass(frozen=True)
class Image:
    """A folder made by the Dockerfile's steps, and the one that its volume would be."""

    folder: Path
    instance: Path
    environ: dict[str, str]
    without_rights: list[str]

    def command(self, *words: str) -> list[str]:
        """Without rights and, where this machine lets us, on a root that is mounted read-only."""
        return (
            [*self._read_only_root(), *self.without_rights, *words]
            if self.without_rights
            else list(words)
        )

    def _read_only_root(self) -> list[str]:
        fence = [
            "unshare",
            "--mount",
            "sh",
            "-c",
            READ_ONLY,
            "sh",
            str(self.instance),
            self.environ["TMPDIR"],
        ]
        works = subprocess.run([*fence, "true"], capture_output=True, check=False).returncode == 0
        return fence if works else []

    def run(self, *words: str, **settings: str) -> str:
        environ = self.environ | settings
        done = subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=110,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with tempfile.TemporaryDirectory(prefix="rostrum-image-") as home:
        os.chmod(home, 0o755)
        folder, instance, temporary = (Path(home, name) for name in ("opt", "instance", "tmp"))
        for folder_, mode in ((folder, 0o755), (instance, 0o700), (temporary, 0o777)):
            folder_.mkdir()
            folder_.chmod(mode)
        without_rights = _without_rights()
        if AS_NOBODY[-1] in without_rights:
            os.chown(instance, int(NOBODY), int(NOBODY))
        _copy(folder)
        _build(folder)
        for path in [folder, *folder.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o555 | 0o444)
        yield Image(folder, instance, _environ(folder, instance, temporary), without_rights)
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)


def _without_rights() -> list[str]:
    """How a command loses root's rights: as another user or, where that one may not read this
    Python, as root without any."""
    if os.geteuid() != 0:
        return []
    question = f"import sys; sys.exit(sys.base_prefix != {sys.base_prefix!r})"
    result = subprocess.run(
        [*POWERLESS, *AS_NOBODY, sys.executable, "-c", question], capture_output=True, check=False
    )
    return POWERLESS if result.returncode else [*POWERLESS, *AS_NOBODY]


def _copy(folder: Path) -> None:
    """`COPY . .` of what git keeps, less what .dockerignore names. The environment is this one:
    installing takes minutes."""
    for name in sent(tracked()):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)


def sent(names: list[str]) -> list[str]:
    patterns = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    patterns = [pattern.removeprefix("**/") for pattern in patterns]
    return [
        name
        for name in names
        if not any(fnmatch(part, pattern) for part in name.split("/") for pattern in patterns)
    ]


def _build(folder: Path) -> None:
    """Every RUN that works on the sources."""
    for step in instructions("RUN"):
        if "apt-get" not in step and "pip install" not in step:
            subprocess.run(
                ["sh", "-c", step], cwd=folder, check=True, capture_output=True, timeout=110
            )


def _environ(folder: Path, instance: Path, temporary: Path) -> dict[str, str]:
    variables = environment()
    assert variables["INSTANCE_PATH"] == "/var/lib/rostrum"
    path = variables["PATH"].replace(FOLDER, str(folder)).replace("$PATH", os.environ["PATH"])
    port = _free_port()
    ours = {
        "INSTANCE_PATH": str(instance),
        "TMPDIR": str(temporary),
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    return variables | {"PATH": path, **ours}


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_the_image_migrates_serves_and_is_healthy(image: Image) -> None:
    image.run("sh", "-c", "! touch app.py && ! touch new && ! touch translations/new")
    image.run("flask", "db", "upgrade")
    assert "no job is late" in image.run("flask", "jobs", "health")
    assert "/sign-in/" in image.run(
        "flask", "accounts", "create", "you@example.org", "--name", "You", "--role", "administrator"
    )
    command = json.loads(instructions("CMD")[-1])
    with running(image, command) as log:
        _await_health(image, log)
        with urllib.request.urlopen(
            f"http://127.0.0.1:{image.environ['PORT']}/readyz", timeout=10
        ) as answer:
            assert answer.read().startswith(b"ready")
    assert {path.name for path in image.instance.iterdir()} >= {"rostrum.db", "audit"}


@contextmanager
def running(image: Image, command: list[str], **settings: str) -> Iterator[Path]:
    """A process of the container, ended as Docker ends it; what it says goes to the file."""
    log = image.instance.parent / f"{command[1]}.log"
    with log.open("ab") as file:
        process = subprocess.Popen(
            image.command(*command),
            cwd=image.folder,
            env=image.environ | settings,
            stdout=file,
            stderr=file,
        )
    try:
        yield log
    finally:
        process.terminate()
        process.wait(timeout=45)


def _await_health(image: Image, log: Path) -> None:
    """By the image's own check."""
    check = json.loads(re.search(r"CMD (\[.*\])", instructions("HEALTHCHECK")[0]).group(1))
    check = [word.replace(":8000/", f":{image.environ['PORT']}/") for word in check]
    ends = time.monotonic() + 60
    while subprocess.run(check, env=image.environ, capture_output=True, check=False).returncode:
        assert time.monotonic() < ends, log.read_text()
        time.sleep(0.3)


def test_the_image_is_not_roots_and_has_what_it_needs() -> None:
    assert instructions("USER") == ["10001:10001"]
    assert all(
        re.fullmatch(r"debian:1[23]-slim( AS build)?", base) for base in instructions("FROM")
    )
    assert "system-packages.sh run" in DOCKERFILE and "--require-hashes" in DOCKERFILE
    assert environment().keys() & DOCUMENTED.keys() == {"INSTANCE_PATH", "HOST", "PORT", "DEMO"}
    last = DOCKERFILE[DOCKERFILE.rindex("FROM ") :]
    for source in re.findall(r"^COPY (?!--from)(\S+)", last, re.M):
        assert (ROOT / source).exists(), source


def test_nothing_private_gets_into_the_image() -> None:
    remaining = sent(
        [
            "app.py",
            ".env",
            "instance/rostrum.db",
            "core/__pycache__/x.pyc",
            "translations/fr/LC_MESSAGES/messages.mo",
        ]
    )
    assert remaining == ["app.py"]


@pytest.mark.long
def test_the_services_work_together(image: Image, postgresql_url: str, redis_url: str) -> None:
    """The commands of compose.yaml, on a PostgreSQL and a Redis of the tests: web and worker are
    two processes."""
    services = COMPOSE["services"]
    settings = {"DATABASE_URL": postgresql_url, "JOBS_URL": redis_url}
    image.run(*services["migrate"]["command"], **settings)
    with (
        running(image, services["web"]["command"], **settings) as log,
        running(image, services["worker"]["command"], **settings) as worker_log,
    ):
        _await_health(image, log)
        image.run(*services["worker"]["healthcheck"]["test"][1:], **settings)
        assert "Traceback" not in worker_log.read_text()


OURS = [name for name, service in COMPOSE["services"].items() if "build" in service]


def test_the_services_are_those_of_the_papers() -> None:
    assert set(COMPOSE["services"]) == {"migrate", "web", "worker", "database", "redis", "mail"}
    assert OURS == ["migrate", "web", "worker"]


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_service_is_closed_and_watched(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
    assert "healthcheck" in service or name == "web"  # the image's own
    assert not service.get("privileged")
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    for volume in service.get("volumes", []):
        assert volume.split(":")[0] in COMPOSE["volumes"]
    assert set(service["networks"]) <= COMPOSE["networks"].keys()
    assert set(service.get("depends_on", {})) <= COMPOSE["services"].keys()


@pytest.mark.parametrize("name", OURS)
def test_our_services_take_settings_and_commands_that_exist(name: str) -> None:
    from app import COMMANDS

    service = COMPOSE["services"][name]
    assert service["environment"].keys() <= DOCUMENTED.keys()
    flask, command = service["command"][:2]
    assert flask == "flask"
    assert command in {command_.name for command_ in COMMANDS}


def test_no_secret_is_in_the_file() -> None:
    for service in COMPOSE["services"].values():
        for setting, value in service["environment"].items() if "environment" in service else ():
            if "PASSWORD" in setting or "@" in str(value):
                assert "${POSTGRES_PASSWORD:?" in value, setting
    assert ".env" in (ROOT / ".gitignore").read_text().split()
    assert ".env" in (ROOT / ".dockerignore").read_text().split()


UNITS = sorted(
    path for path in (ROOT / "deploy").iterdir() if path.suffix in (".socket", ".service")
)
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    for path in UNITS:  # the programs that they start lie here in another folder
        text = path.read_text().replace("/opt/rostrum/.venv/bin/", f"{sys.prefix}/bin/")
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", tmp_path / unit.name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_the_unit_gives_away_little(unit: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
