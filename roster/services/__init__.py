"""What is done with the roster: profiles are written, skills granted and withdrawn, everything derived made again."""

from roster.services.exporting import record_export, record_reading
from roster.services.profiles import (
    Profile,
    SpokenLanguage,
    Window,
    change_expert,
    put_expert,
    put_own_profile,
    refresh_document,
)
from roster.services.rebuilding import differences, index_differences, rebuild
from roster.services.skills import follow_certificates, grant_skills, withdraw_skills

__all__ = [
    "Profile",
    "SpokenLanguage",
    "Window",
    "change_expert",
    "differences",
    "follow_certificates",
    "grant_skills",
    "index_differences",
    "put_expert",
    "put_own_profile",
    "rebuild",
    "record_export",
    "record_reading",
    "refresh_document",
    "withdraw_skills",
]
