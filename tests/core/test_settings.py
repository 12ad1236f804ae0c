"""Settings: all optional, and an unsafe or misspelt one stops the start with one clear sentence."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from core.settings import Settings, SettingsError, kept_secret, read_settings


def read(tmp_path: Path, **variables: str) -> Settings:
    return read_settings({"INSTANCE_PATH": str(tmp_path), **variables})


def test_nothing_is_needed(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path / 'rostrum.db'}"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.demo
    assert settings.is_local


def test_the_secret_key_is_made_once_and_kept_to_oneself(tmp_path: Path) -> None:
    first = read(tmp_path).secret_key
    assert len(first) >= 48
    assert read(tmp_path).secret_key == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize("place", ["a folder", "a broken link", "no text"])
def test_a_key_that_cannot_be_read_is_named(tmp_path: Path, place: str) -> None:
    path = tmp_path / "secret_key"
    if place == "a folder":
        path.mkdir()
    elif place == "a broken link":
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.write_bytes(b"\xff\x00")
    with pytest.raises(SettingsError, match="secret_key cannot be read"):
        read(tmp_path)


def test_two_processes_that_start_together_agree_on_the_key(tmp_path: Path) -> None:
    first = kept_secret(tmp_path / "key", lambda: "one")
    assert kept_secret(tmp_path / "key", lambda: "two") == first == "one"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"DATABSE_URL": "sqlite:///x.db"}, "did you mean DATABASE_URL"),
        ({"DATABASE_URI": "sqlite:///x.db"}, "did you mean DATABASE_URL"),
        ({"PUBLIC_ULR": "http://localhost"}, "did you mean PUBLIC_URL"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL must begin"),
        ({"PORT": "eighty"}, "PORT must be a whole number"),
        ({"PORT": "70000"}, "PORT must be a whole number"),
        ({"DEMO": "yes"}, "DEMO must be 0 or 1"),
        ({"SECRET_KEY": "short"}, "at least 32"),
        ({"PUBLIC_URL": "training.example.org"}, "PUBLIC_URL must look like"),
        ({"PUBLIC_URL": "https://x.org/app"}, "PUBLIC_URL must look like"),
        ({"MAIL_URL": "mail.example.org"}, "MAIL_URL must look like"),
        ({"JOBS_URL": "amqp://x"}, "JOBS_URL must look like"),
        ({"STORAGE_URL": "s3://bucket"}, "STORAGE_URL must begin"),
        ({"NOW": "tomorrow"}, "NOW must look like"),
        ({"CHECKPOINT_URL": "http://archive.example.org/"}, "CHECKPOINT_URL must begin with https"),
        ({"CHECKPOINT_URL": "archive.example.org"}, "CHECKPOINT_URL must look like"),
        ({"CHECKPOINT_URL": "ftp://archive.example.org"}, "CHECKPOINT_URL must look like"),
        ({"CHECKPOINT_MAIL": "archive"}, "CHECKPOINT_MAIL must be an email address"),
        (
            {"CHECKPOINT_MAIL": "a@example.org, b@example.org"},
            "CHECKPOINT_MAIL must be an email address",
        ),
        (
            {"NOW": "2027-03-08T09:00:00Z", "PUBLIC_URL": "https://training.example.org"},
            "NOW sets the clock",
        ),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_sentence(
    tmp_path: Path, variables: dict[str, str], words: str
) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        read(tmp_path, **variables)
    assert "\n" not in str(caught.value)


def test_other_programs_variables_are_none_of_our_business(tmp_path: Path) -> None:
    foreign = {
        "HOSTNAME": "box",
        "HOME": "/root",
        "PYTHONPATH": ".",
        "POSTGRES_DB": "x",
        "MAILTO": "a@example.org",
        "PORTS": "1",
    }
    assert read(tmp_path, **foreign) == read(tmp_path)


@pytest.mark.parametrize(
    ("host", "public", "is_local"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000", True),
        ("127.0.0.1", "http://localhost:8000", True),
        ("0.0.0.0", "http://127.0.0.1:8000", False),
        ("127.0.0.1", "https://training.example.org", False),
    ],
)
def test_demonstration_sign_ins_are_for_this_machine_only(
    tmp_path: Path, host: str, public: str, is_local: bool
) -> None:
    assert read(tmp_path, HOST=host, PUBLIC_URL=public).is_local is is_local


def test_secrets_do_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    settings = read(
        tmp_path, MAIL_URL="smtp://user:swordfish@mail.example.org", SECRET_KEY="k" * 40
    )
    assert "swordfish" not in repr(settings)
    assert "k" * 40 not in repr(settings)


def test_the_clock_may_be_set_on_this_machine(tmp_path: Path) -> None:
    assert read(tmp_path, NOW="2027-03-08T09:00:00Z").now.isoformat() == "2027-03-08T09:00:00+00:00"
