"""Changes to the roster: profiles, skills, admissions, and rebuilding what is derived."""

from roster.services.admission import (
    admit,
    admit_several,
    has_experts,
    may_admit,
    take_merge,
    take_no,
    take_yes,
    undo_merge,
)
from roster.services.exporting import record_export, record_reading
from roster.services.profiles import (
    change_expert,
    put_expert,
    put_own_profile,
    reaches,
    refresh_document,
)
from roster.services.proposals import answer_proposal, find_proposal, forget_proposals
from roster.services.rebuilding import Difference, differences, index_differences, rebuild
from roster.services.skills import follow_certificates, grant_skills, withdraw_skills
from roster.services.values import Profile, SpokenLanguage, Window

__all__ = [
    "Difference",
    "Profile",
    "SpokenLanguage",
    "Window",
    "admit",
    "admit_several",
    "answer_proposal",
    "change_expert",
    "differences",
    "find_proposal",
    "follow_certificates",
    "forget_proposals",
    "grant_skills",
    "has_experts",
    "index_differences",
    "may_admit",
    "put_expert",
    "put_own_profile",
    "reaches",
    "rebuild",
    "record_export",
    "record_reading",
    "refresh_document",
    "take_merge",
    "take_no",
    "take_yes",
    "undo_merge",
    "withdraw_skills",
]
