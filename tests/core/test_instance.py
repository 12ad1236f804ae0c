"""The instance folder and everything in it are private, under whatever umask the process was
started."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core import instance
from core.settings import DOCUMENTED, ROOT, SettingsError
from tests.databases import make_app


def modes(folder: Path) -> dict[str, int]:
    return {
        str(p.relative_to(folder)): stat.S_IMODE(p.lstat().st_mode)
        for p in folder.rglob("*")
        if not p.is_symlink()
    }


def start(folder: Path, *words: str, mask: int = 0o022) -> subprocess.CompletedProcess[str]:
    """A process of its own, with the umask that systemd gives."""
    environment = {name: value for name, value in os.environ.items() if name not in DOCUMENTED}
    environ = environment | {"INSTANCE_PATH": str(folder), "DEMO": "0", "FLASK_APP": "app"}
    command = [sys.executable, "-m", "flask", *words]
    return subprocess.run(
        command, cwd=ROOT, env=environ, umask=mask, capture_output=True, text=True, check=False
    )


@pytest.mark.long
def test_what_a_start_makes_is_private_under_systemds_umask(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "instance"
    assert start(folder, "db", "upgrade").returncode == 0
    assert (
        start(
            folder, "accounts", "create", "a@example.org", "--name", "A", "--role", "administrator"
        ).returncode
        == 0
    )
    modes_found = modes(folder)
    assert {
        "rostrum.db",
        "secret_key",
        "audit",
        "audit/checkpoints.jsonl",
        "audit/checkpoint_key",
    } <= modes_found.keys()
    assert [name for name, mode in modes_found.items() if mode & 0o077] == []
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.long
def test_a_start_tightens_what_is_open_and_says_so(tmp_path: Path) -> None:
    start(tmp_path, "db", "upgrade")
    tmp_path.chmod(0o755)
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.write_text("not ours")
    outside.chmod(0o644)
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "files" / "certificates" / "2026").mkdir(parents=True, mode=0o755)
    for name in ("secret_key", "rostrum.db", "files/certificates/2026/a.pdf"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    done = start(tmp_path, "audit", "verify")
    assert done.returncode == 0
    assert "others could read these" in done.stderr and "secret_key" in done.stderr
    assert f"Note: others could open {tmp_path}, and no longer can." in done.stderr
    assert [name for name, mode in modes(tmp_path).items() if mode & 0o077] == []
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644, "what a link leads to is not ours"
    assert "Note" not in start(tmp_path, "audit", "verify").stderr


def test_a_folder_that_alone_was_open_is_named_too(tmp_path: Path) -> None:
    tmp_path.joinpath("secret_key").touch(mode=0o600)
    os.chmod(tmp_path, 0o755)
    assert instance.make_private(tmp_path) == [f"others could open {tmp_path}, and no longer can"]
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert instance.make_private(tmp_path) == []


def test_it_refuses_what_it_cannot_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of someone else that all may read (the tests may run as root, who can close
    everything)."""

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", forbidden)
    tmp_path.joinpath("secret_key").touch(mode=0o600)
    os.chmod(tmp_path, 0o755)
    with pytest.raises(SettingsError, match="is open to others and belongs to someone else"):
        instance.make_private(tmp_path)
    os.chmod(tmp_path, 0o700)
    os.chmod(tmp_path / "secret_key", 0o644)
    assert instance.make_private(tmp_path) == [], "out of reach in a folder that is closed"


def test_a_shared_folder_is_no_instance(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o1777)
    with pytest.raises(SettingsError, match="shared by all"):
        make_app(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777
