"""Shapes of the roster's API."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints
from typing_extensions import Annotated

from accounts.models import Gender, PersonnelCategory
from core.api import Answer, Country, Language, ListQuery, Name, Schema
from courses.models import SkillLevel
from roster.models import Expert, ExpertSkill, LanguageFramework, SkillStatus
from roster.services import Profile, SpokenLanguage, Window
