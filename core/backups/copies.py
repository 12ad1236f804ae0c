"""A copy on disk: its contents, writing it completely or not at all, and proving it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict

from core import checkpoints
from core.backups import BackupError, filed_in, reading
from core.backups.reading import Contents

MANIFEST, SUMS, FILES, TRAIL, KEYS = "manifest.json", "SHA256SUMS", "files", "audit", "keys"
FORMAT = 1
UNFINISHED = ".unfinished-"
CHUNK = 1 << 20


@contextmanager
def whole_or_nothing(target: Path) -> Iterator[Path]:
    """A folder beside `target` that is renamed to it in one step at the end. If the process is
    killed before, its name shows that it is incomplete."""
    if target.is_symlink() or (
        target.exists() and not (target.is_dir() and not any(target.iterdir()))
    ):
        raise BackupError(f"{target} exists already: a backup never overwrites anything.")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix=f"{target.name}{UNFINISHED}", dir=target.parent))
    try:
        yield folder
        for created, _, _ in os.walk(folder):
            _force(Path(created))
        os.rename(folder, target)
        _force(target.parent)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def write(path: Path, data: bytes) -> None:
    """Writes a private file durably."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _force(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def names(folder: Path) -> list[str]:
    """All files of a copy except manifest and sums, by relative name; links and devices are listed
    too."""
    paths = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return sorted({path.relative_to(folder).as_posix() for path in paths} - {MANIFEST, SUMS})


def seal(folder: Path, facts: dict[str, Any]) -> None:
    """Writes the sums and, last of all, the signed manifest."""
    for name in names(folder):
        (folder / name).chmod(0o600)
    sums = "".join(f"{digest_of(folder / name)}  {name}\n" for name in names(folder)).encode()
    write(folder / SUMS, sums)
    manifest = {
        **facts,
        "format": FORMAT,
        "sums": hashlib.sha256(sums).hexdigest(),
        "public_key": checkpoints.public_hex(),
    }
    manifest["signature"] = checkpoints.sign(checkpoints.canonical(manifest).encode())
    write(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n")


class Copy:
    """A copy to be used. Opening it reads the manifest; `prove` reads everything."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.manifest = _manifest(folder)
        self.kind: str = self.manifest["kind"]
        self.sums: dict[str, str] = {}
        self.contents: Contents | None = None

    @property
    def database(self) -> Path:
        return self.folder / reading.NAMES[self.kind]

    @property
    def head(self) -> tuple[int, str]:
        return self.manifest["audit"]["number"], self.manifest["audit"]["digest"]

    @property
    def has_keys(self) -> bool:
        return f"{KEYS}/{checkpoints.KEY}" in self.sums

    @property
    def digest(self) -> str:
        return digest_of(self.folder / MANIFEST)

    def stored(self) -> dict[str, str]:
        """Key and SHA-256 of each stored file in the copy."""
        return {
            name.removeprefix(f"{FILES}/"): digest
            for name, digest in self.sums.items()
            if name.startswith(f"{FILES}/")
        }

    def read(self, name: str) -> bytes:
        """A file of the copy, proved again while it is read."""
        data = (self.folder / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != self.sums[name]:
            raise BackupError(f"{name} of the copy has changed since it was proven")
        return data

    def prove(self, entry_numbers: set[int] | None = None) -> list[str]:
        """All faults of the copy, as sentences. `entry_numbers`: audit entries whose digests are
        needed."""
        faults = list(self._sealed())
        if faults:
            return faults
        lines = self.lines()
        all_numbers = (entry_numbers or set()) | {
            point.number for _, point in lines if point is not None
        }
        try:
            self.contents = reading.read(self.kind, self.database, filed_in(), all_numbers)
        except BackupError as error:
            return [str(error)]
        return [
            *self.contents.faults,
            *self._unlike(self.contents),
            *self._trail(self.contents, lines),
        ]

    def lines(self) -> checkpoints.Lines:
        file = self.folder / TRAIL / checkpoints.FILE
        return checkpoints.read(file) if file.is_file() else []

    def _sealed(self) -> Iterator[str]:
        """Checks the manifest's signature, the sums, and every file."""
        try:
            data = (self.folder / SUMS).read_bytes()
        except OSError:
            data = b""
        if hashlib.sha256(data).hexdigest() != self.manifest["sums"]:
            yield f"{SUMS} is missing or was changed"
            return
        if not is_signed(self.manifest, checkpoints.read_public_key(self.manifest["public_key"])):
            yield f"{MANIFEST} was changed"
            return
        self.sums = {
            name: digest
            for digest, _, name in (line.partition("  ") for line in data.decode().splitlines())
        }
        present = names(self.folder)
        yield from (
            f"{name} does not belong to the copy" for name in present if name not in self.sums
        )
        for name, digest in self.sums.items():
            path = self.folder / name
            if ".." in Path(name).parts or Path(name).is_absolute() or name not in present:
                yield f"{name} is missing"
            elif path.is_symlink() or not path.is_file():
                yield f"{name} is no file"
            elif digest_of(path) != digest:
                yield f"{name} was changed"

    def _unlike(self, contents: Contents) -> Iterator[str]:
        """Compares the snapshot with the manifest, and rows with files."""
        manifest = self.manifest
        if contents.revision != manifest["revision"]:
            yield (
                f"its database is at revision {contents.revision or 'none'}, "
                f"not {manifest['revision']}"
            )
        for table in sorted(manifest["tables"].keys() | contents.tables.keys()):
            if manifest["tables"].get(table) != contents.tables.get(table):
                yield (
                    f"{table} has {contents.tables.get(table, 0)} rows, not "
                    f"{manifest['tables'].get(table, 0)}"
                )
        if contents.head != self.head:
            yield f"its audit trail ends at {contents.head[0]}, not at {self.head[0]}"
        if contents.counters != manifest["numbers"]:
            yield "its numbers are not those of the manifest"
        stored = self.stored()
        for key, digest in sorted(contents.filed.items()):
            if stored.get(key) != digest and key not in manifest["lacking"]:
                yield f"the file {key} is missing or is not the one that its row names"

    def _trail(self, contents: Contents, lines: checkpoints.Lines) -> Iterator[str]:
        """Compares the copy's checkpoints with its chain; those signed after the snapshot are not
        in it yet."""
        public = checkpoints.read_public_key(self.manifest["public_key"])
        known = [
            (line_number, point)
            for line_number, point in lines
            if point is None or point.number <= contents.chain.length
        ]
        for sentence in checkpoints.faults(known, public, contents.chain, checkpoints.FILE):
            if sentence not in self.manifest["trail_faults"]:
                yield sentence


def is_signed(manifest: dict[str, Any], public: Ed25519PublicKey) -> bool:
    text = checkpoints.canonical(
        {name: value for name, value in manifest.items() if name != "signature"}
    )
    try:
        public.verify(bytes.fromhex(manifest["signature"]), text.encode())
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True


class _End(BaseModel):
    number: int
    digest: str


class _Shape(BaseModel):
    """The required structure of a manifest, so that a damaged one is reported and breaks nothing
    else."""

    model_config = ConfigDict(strict=True)
    format: int
    kind: str
    made_at: str
    revision: str
    tables: dict[str, int]
    numbers: dict[str, int]
    audit: _End
    files: int
    lacking: list[str]
    left_out: list[str] = []  # missing in older copies
    trail_faults: list[str]
    sums: str
    public_key: str
    signature: str


def _manifest(folder: Path) -> dict[str, Any]:
    if not (folder / MANIFEST).is_file():
        hint = " (it was interrupted)" if UNFINISHED in folder.name else ""
        raise BackupError(f"{folder} is no whole copy{hint}: it has no {MANIFEST}")
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        _Shape.model_validate(manifest)
        datetime.fromisoformat(manifest["made_at"])
        checkpoints.read_public_key(manifest["public_key"])
    except (ValueError, RecursionError) as error:
        raise BackupError(f"{MANIFEST} is damaged") from error
    if manifest["format"] != FORMAT or manifest["kind"] not in reading.NAMES:
        raise BackupError(
            f"the copy has format {manifest['format']}, which this version does not know"
        )
    return manifest
