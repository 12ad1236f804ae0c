"""Events of this package."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from core.events import Event


@dataclass(frozen=True)
class ExpertRecorded(Event):
    """A person now has a roster profile."""

    name = "expert.recorded"
    label = _l("Expert profile made")
    subject = ("expert", "expert_id")
    expert_id: int
    person_id: int


@dataclass(frozen=True)
class ExpertChanged(Event):
    name = "expert.changed"
    label = _l("Expert profile changed")
    subject = ("expert", "expert_id")
    expert_id: int
    changed: tuple[str, ...]


@dataclass(frozen=True)
class ExpertAdmitted(Event):
    """An expert was admitted to the roster, or in another field too (`was` already admitted)."""

    name = "expert.admitted"
    label = _l("Admitted to the roster")
    subject = ("expert", "expert_id")
    expert_id: int
    office_id: int | None
    was: str
    how: str


@dataclass(frozen=True)
class ExpertLeft(Event):
    name = "expert.left"
    label = _l("Left the roster")
    subject = ("expert", "expert_id")
    expert_id: int
    because: str


@dataclass(frozen=True)
class ExpertReturned(Event):
    """Someone who had left consented again, and awaits admission."""

    name = "expert.returned"
    label = _l("Waiting for admission again")
    subject = ("expert", "expert_id")
    expert_id: int


@dataclass(frozen=True)
class ExpertProposed(Event):
    """Roster staff want a profile of someone who has not consented. The trail records the same for
    any person."""

    name = "expert.proposed"
    label = _l("Person asked about a roster profile")
    subject = ("proposal", "proposal_id")
    proposal_id: int


@dataclass(frozen=True)
class ProposalAnswered(Event):
    name = "proposal.answered"
    label = _l("Question about a roster profile answered")
    subject = ("proposal", "proposal_id")
    proposal_id: int
    is_accepted: bool


@dataclass(frozen=True)
class ProposalsForgotten(Event):
    name = "proposals.forgotten"
    label = _l("Questions about roster profiles deleted")
    subject = ("roster", "scope")
    scope: str
    count: int


@dataclass(frozen=True)
class SkillGranted(Event):
    """A certificate proved a skill."""

    name = "skill.granted"
    label = _l("Skill granted")
    subject = ("expert", "expert_id")
    expert_id: int
    skill_id: int
    level: str
    certificate_id: int


@dataclass(frozen=True)
class SkillWithdrawn(Event):
    """The certificate behind a skill ended or is suspended; the row stays as history. The roster
    does not record why."""

    name = "skill.withdrawn"
    label = _l("Skill withdrawn")
    subject = ("expert", "expert_id")
    expert_id: int
    skill_id: int
    certificate_id: int


@dataclass(frozen=True)
class ExpertRead(Event):
    """Staff read someone's profile."""

    name = "expert.read"
    label = _l("Expert profile read")
    subject = ("expert", "expert_id")
    expert_id: int


@dataclass(frozen=True)
class RosterExported(Event):
    """Someone exported rows of the roster; `filters` lists the filters used, never a name that was
    typed."""

    name = "roster.exported"
    label = _l("Roster list exported")
    subject = ("person", "exported_by")
    exported_by: int
    filters: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class RosterRebuilt(Event):
    """Skills and search documents were rebuilt from their evidence; `differences` lists what was
    repaired."""

    name = "roster.rebuilt"
    label = _l("Roster rebuilt from its evidence")
    subject = ("roster", "scope")
    scope: str
    differences: tuple[str, ...]
