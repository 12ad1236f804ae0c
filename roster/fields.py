"""Personal data of experts: for each item the reason, the readers and the retention, and for plain
fields also where they appear."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from core.personal import Datum, Field

#: Plain fields of `Expert`, read and written by the person and by roster staff (people.fields.OWN,
#: ROSTER).
EXPERT: tuple[Field, ...] = ()

PERSONAL: tuple[Datum | Field, ...] = (
    Datum(
        _l("Roster profile: category, rank, organization, languages, availability, skills"),
        _l("To be found for missions"),
        _l("Yourself; with your consent also roster staff and administrators"),
        _l("As long as you have a profile; skills that ended stay as history"),
        """expert.category expert.subcategory expert.rank expert.rank_code expert.organization
        expert.expertise expert.status
        expert.created_at expert.updated_at admission.field admission.how admission.admitted_at
        admission.ended_at admission.end_reason availability.starts_on availability.ends_on
        expert_language.language expert_language.framework expert_language.level
        expert_language.step expert_skill.level expert_skill.level_rank expert_skill.valid_from
        expert_skill.valid_until expert_skill.recorded_at expert_skill.withdrawn_at
        expert_search.office_id expert_search.sort_name expert_search.tokens expert_search.names""",
    ),
    *EXPERT,
    Datum(
        _l("What roster staff wrote about you before you answered"),
        _l("To ask you whether you want a profile"),
        _l("Only you"),
        _l(
            "Until you answer, 90 days at most. If you say no, only an unreadable fingerprint is "
            "kept, for two years, so that you are not asked again"
        ),
        """expert_proposal.digest expert_proposal.token_digest expert_proposal.identifier_key
        expert_proposal.email_key
        expert_proposal.identity expert_proposal.values expert_proposal.at
        expert_proposal.refused_at""",
    ),
)
