"""What the roster announces."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True)
class ExpertRecorded(Event):
    """A person has a roster profile now."""

    name = "expert.recorded"
    subject = ("expert", "expert_id")
    expert_id: int
    person_id: int


@dataclass(frozen=True)
class ExpertChanged(Event):
    name = "expert.changed"
    subject = ("expert", "expert_id")
    expert_id: int
    changed: tuple[str, ...]


@dataclass(frozen=True)
class ExpertAdmitted(Event):
    """An expert is on the roster now, or admitted in another field as well (`was` admitted)."""

    name = "expert.admitted"
    subject = ("expert", "expert_id")
    expert_id: int
    office_id: int | None
    was: str
    how: str


@dataclass(frozen=True)
class ExpertLeft(Event):
    name = "expert.left"
    subject = ("expert", "expert_id")
    expert_id: int
    because: str


@dataclass(frozen=True)
class ExpertReturned(Event):
    """Someone who left said yes again, and waits for admission."""

    name = "expert.returned"
    subject = ("expert", "expert_id")
    expert_id: int


@dataclass(frozen=True)
class ExpertProposed(Event):
    """Roster staff want a profile of someone who has not said yes. The trail says the same, whatever the person."""

    name = "expert.proposed"
    subject = ("proposal", "proposal_id")
    proposal_id: int


@dataclass(frozen=True)
class ProposalAnswered(Event):
    name = "proposal.answered"
    subject = ("proposal", "proposal_id")
    proposal_id: int
    is_accepted: bool


@dataclass(frozen=True)
class ProposalsForgotten(Event):
    name = "proposals.forgotten"
    subject = ("roster", "scope")
    scope: str
    count: int


@dataclass(frozen=True)
class SkillGranted(Event):
    """A certificate proved a skill."""

    name = "skill.granted"
    subject = ("expert", "expert_id")
    expert_id: int
    skill_id: int
    level: str
    certificate_id: int


@dataclass(frozen=True)
class SkillWithdrawn(Event):
    """The certificate a skill rested on ended or is suspended; the row stays as history. Why is none of the roster's business."""

    name = "skill.withdrawn"
    subject = ("expert", "expert_id")
    expert_id: int
    skill_id: int
    certificate_id: int


@dataclass(frozen=True)
class ExpertRead(Event):
    """Staff read someone's profile."""

    name = "expert.read"
    subject = ("expert", "expert_id")
    expert_id: int


@dataclass(frozen=True)
class RosterExported(Event):
    """Someone took rows of the roster away as a file; `filters` names what was asked, never a name typed."""

    name = "roster.exported"
    subject = ("person", "exported_by")
    exported_by: int
    filters: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class RosterRebuilt(Event):
    """Skills and search documents were made again from their evidence; `differences` says what had to be put right."""

    name = "roster.rebuilt"
    subject = ("roster", "scope")
    scope: str
    differences: tuple[str, ...]
