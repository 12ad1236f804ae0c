"""What people announces."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True)
class PersonRecorded(Event):
    name = "person.recorded"
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class MergeProposed(Event):
    name = "merge.proposed"
    subject = ("merge", "merge_id")
    merge_id: int
    keep_id: int
    merged_id: int


@dataclass(frozen=True)
class MergeDeclined(Event):
    name = "merge.declined"
    subject = ("merge", "merge_id")
    merge_id: int
    keep_id: int
    merged_id: int


@dataclass(frozen=True)
class MergeConfirmed(Event):
    """Two records are one person now: `merged_id` leads to `keep_id`."""

    name = "merge.confirmed"
    subject = ("merge", "merge_id")
    merge_id: int
    keep_id: int
    merged_id: int


@dataclass(frozen=True)
class MergeUndone(Event):
    """The two are two people again; what was recorded for the merged record goes back to it."""

    name = "merge.undone"
    subject = ("merge", "merge_id")
    merge_id: int
    keep_id: int
    merged_id: int


@dataclass(frozen=True)
class PersonChanged(Event):
    name = "person.changed"
    subject = ("person", "person_id")
    person_id: int
    changed: tuple[str, ...]


@dataclass(frozen=True)
class OrganizationRecorded(Event):
    name = "organization.recorded"
    subject = ("organization", "organization_id")
    organization_id: int
    code: str


@dataclass(frozen=True)
class OrganizationChanged(Event):
    name = "organization.changed"
    subject = ("organization", "organization_id")
    organization_id: int
    changed: tuple[str, ...]


@dataclass(frozen=True)
class EmblemChanged(Event):
    """Certificates of the centre show another picture from now on; none: `sha256` is empty."""

    name = "organization.emblem_changed"
    subject = ("organization", "organization_id")
    organization_id: int
    sha256: str


@dataclass(frozen=True)
class ConsentGiven(Event):
    """A person said yes, or it was recorded from paper. `counts` False: kept, but not current until the person confirms it."""

    name = "consent.given"
    subject = ("person", "person_id")
    person_id: int
    purpose: str
    how: str
    version: str
    counts: bool


@dataclass(frozen=True)
class ConsentWithdrawn(Event):
    """A person said no, or no longer yes."""

    name = "consent.withdrawn"
    subject = ("person", "person_id")
    person_id: int
    purpose: str
    how: str
    version: str


@dataclass(frozen=True)
class ConsentAsked(Event):
    """A person who has not answered was written to."""

    name = "consent.asked"
    subject = ("person", "person_id")
    person_id: int
    purpose: str
