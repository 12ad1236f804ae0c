"""What every kind of store promises, held against the folder and against another kind, with
which certificates are issued, read, checked and copied as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from certificates import files, queries
from core import storage
from core.backups import making
from core.settings import SettingsError, read_settings
from core.storage import Folder, Storage
from tests.certificates import makers


class InMemory:
    """Another kind: nothing of it lies on a disk."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, key: str, data: bytes) -> None:
        self.files[storage.checked(key)] = data

    def get(self, key: str) -> bytes:
        try:
            return self.files[storage.checked(key)]
        except KeyError:
            raise FileNotFoundError(key) from None

    def delete(self, key: str) -> None:
        self.files.pop(storage.checked(key), None)

    def url(self, key: str) -> str | None:
        return f"https://files.example.org/{storage.checked(key)}"

    def keys(self, prefix: str) -> Iterator[str]:
        return (key for key in sorted(self.files) if not prefix or key.startswith(f"{prefix}/"))

    def strays(self) -> Iterator[str]:
        return iter(())

    def probe(self, data: bytes) -> None:
        return


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return Folder(tmp_path / "files") if request.param == "folder" else InMemory()


def test_what_is_put_is_got_and_the_last_one_counts(store: Storage) -> None:
    store.put("bulk/a.pdf", b"first")
    store.put("bulk/a.pdf", b"second")
    assert store.get("bulk/a.pdf") == b"second"


def test_what_is_not_there_is_not_found(store: Storage) -> None:
    for key in ("bulk/a.pdf", "bulk"):
        with pytest.raises(FileNotFoundError):
            store.get(key)


def test_what_is_deleted_is_gone_and_may_be_deleted_again(store: Storage) -> None:
    store.put("bulk/a.pdf", b"a")
    for _ in range(2):
        store.delete("bulk/a.pdf")
        assert list(store.keys("")) == []


def test_keys_are_those_below_a_folder(store: Storage) -> None:
    for key in ("numbers/a", "bulk/b", "bulk/a", "bulkier"):
        store.put(key, b"x")
    assert sorted(store.keys("")) == ["bulk/a", "bulk/b", "bulkier", "numbers/a"]
    assert sorted(store.keys("bulk")) == ["bulk/a", "bulk/b"]
    assert list(store.keys("elsewhere")) == []
    assert list(store.strays()) == []


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../secret", "a/../b", "A", ".hidden", "a//b"])
def test_what_is_no_key_is_refused(store: Storage, key: str) -> None:
    for act in (lambda: store.put(key, b"x"), lambda: store.get(key), lambda: store.delete(key)):
        with pytest.raises(ValueError, match="not a storage key"):
            act()


def test_a_probe_leaves_nothing(store: Storage) -> None:
    store.probe(b"x" * 1000)
    assert list(store.keys("")) == []


def test_the_address_of_a_file_is_said_where_there_is_one(store: Storage) -> None:
    store.put("bulk/a.pdf", b"a")
    assert store.url("bulk/a.pdf") == (
        None if isinstance(store, Folder) else "https://files.example.org/bulk/a.pdf"
    )


def test_certificates_are_issued_read_checked_and_copied_from_another_kind(
    context: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    memory = InMemory()
    monkeypatch.setitem(context.extensions, "storage", memory)
    certificates = makers.issued(makers.finished_delivery(2))
    assert all(
        files.read(certificate) == memory.files[certificate.file_key]
        for certificate in certificates
    )
    memory.put(certificates[0].file_key, b"damaged")
    assert files.read(certificates[0]).startswith(b"%PDF-") and memory.files[
        certificates[0].file_key
    ].startswith(b"%PDF-")
    assert list(queries.breaches()) == []
    facts = making.make(tmp_path / "copy", with_keys=False)
    assert (facts["files"], facts["lacking"]) == (len(memory.files), [])
    assert context.test_client().get("/readyz").status_code == 200


def test_an_unknown_kind_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="STORAGE_URL must begin"):
        read_settings({"INSTANCE_PATH": str(tmp_path), "STORAGE_URL": "s3://bucket"})
