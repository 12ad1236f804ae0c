"""Events of this package."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from core.events import Event


@dataclass(frozen=True)
class PersonRecorded(Event):
    name = "person.recorded"
    label = _l("Person recorded")
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class MergeProposed(Event):
    name = "merge.proposed"
    label = _l("Merge of two records proposed")
    subject = ("merge", "merge_id")
    merge_id: int
    keep_id: int
    merged_id: int


@dataclass(frozen=True)
class MergeDeclined(Event):
    name = "merge.declined"
    label = _l("Merge of two records declined")
    subject = ("merge", "merge_id")
    merge_id: int
    keep_id: int
    merged_id: int


@dataclass(frozen=True)
class MergeConfirmed(Event):
    """Two records are now one person: `merged_id` points to `keep_id`."""

    name = "merge.confirmed"
    label = _l("Two records merged")
    subject = ("merge", "merge_id")
    merge_id: int
    keep_id: int
    merged_id: int


@dataclass(frozen=True)
class MergeUndone(Event):
    """The two are separate people again; what was recorded for the merged record returns to it."""

    name = "merge.undone"
    label = _l("Merge of two records undone")
    subject = ("merge", "merge_id")
    merge_id: int
    keep_id: int
    merged_id: int


@dataclass(frozen=True)
class PersonChanged(Event):
    name = "person.changed"
    label = _l("Person’s data changed")
    subject = ("person", "person_id")
    person_id: int
    changed: tuple[str, ...]


@dataclass(frozen=True)
class OrganizationRecorded(Event):
    name = "organization.recorded"
    label = _l("Organization recorded")
    subject = ("organization", "organization_id")
    organization_id: int
    code: str


@dataclass(frozen=True)
class OrganizationChanged(Event):
    name = "organization.changed"
    label = _l("Organization changed")
    subject = ("organization", "organization_id")
    organization_id: int
    changed: tuple[str, ...]


@dataclass(frozen=True)
class EmblemChanged(Event):
    """The centre's certificates show another emblem from now on; `sha256` is empty for none."""

    name = "organization.emblem_changed"
    label = _l("Emblem of an organization changed")
    subject = ("organization", "organization_id")
    organization_id: int
    sha256: str


@dataclass(frozen=True)
class ConsentGiven(Event):
    """A person consented, or a consent on paper was recorded. `counts` False: stored, but without
    effect until the person confirms it."""

    name = "consent.given"
    label = _l("Consent given")
    subject = ("person", "person_id")
    person_id: int
    purpose: str
    how: str
    version: str
    counts: bool


@dataclass(frozen=True)
class ConsentWithdrawn(Event):
    """A person refused or withdrew consent."""

    name = "consent.withdrawn"
    label = _l("Consent refused or withdrawn")
    subject = ("person", "person_id")
    person_id: int
    purpose: str
    how: str
    version: str


@dataclass(frozen=True)
class ConsentAsked(Event):
    """A person without an answer was asked for consent."""

    name = "consent.asked"
    label = _l("Asked for consent")
    subject = ("person", "person_id")
    person_id: int
    purpose: str
