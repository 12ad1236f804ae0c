"""The personal data of enrollments and nominations: why each item is kept, who reads it, for how
long."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from core.personal import Datum

PERSONAL = (
    Datum(
        _l("What an organization wrote when it nominated you"),
        _l("To answer the organization"),
        _l("That organization, coordinators, administrators"),
        _l("As long as the enrollment"),
        """nomination.identifier nomination.identifier_issuer nomination.identifier_kind
        nomination.given_name
        nomination.family_name nomination.email nomination.country nomination.nationalities
        nomination.gender nomination.birth_date nomination.created_at""",
    ),
    Datum(
        _l("Rows of a nomination file that are still to be corrected"),
        _l("To let the one who gave the file go on later"),
        _l("Only the one who gave the file"),
        _l("Until they are nominated or deleted, 30 days at most"),
        "nomination_draft.content nomination_draft.rows nomination_draft.kept_at",
    ),
    Datum(
        _l("What an organization says of people in a long list of nominations"),
        _l("To enter them some at a time, and to give the rows back if the list is refused"),
        _l("No one; rows given back, only the one who gave the file"),
        _l("Until the last one is entered, minutes as a rule"),
        """nomination_list.nominees nomination_list.sheet nomination_list.stage
        nomination_list.line nomination_list.size nomination_list.created_at""",
    ),
    Datum(
        _l("Category, rank, organization"),
        _l("To give places fairly, and to find experts for missions"),
        _l(
            "Trainers of the delivery, the organization that nominated you, coordinators, roster "
            "staff, administrators"
        ),
        _l("As long as the enrollment or profile"),
        """enrollment.category enrollment.subcategory enrollment.rank enrollment.rank_code
        enrollment.organization
        enrollment.name_on_certificate""",
    ),
    Datum(
        _l("Needs (access, diet, health)"),
        _l("To arrange rooms and meals for you. They are not shown where your place is decided"),
        _l(
            "Yourself; once you have a place, trainers of the delivery, coordinators, "
            "administrators. The organization that nominated you sees what it wrote itself"
        ),
        _l("Until 30 days after the last session"),
        "enrollment.needs",
    ),
    Datum(
        _l("Your enrollments: what was decided, when and why"),
        _l("To give places and to tell you how your application stands"),
        _l(
            "Yourself, trainers of the delivery, coordinators, administrators, the nominating "
            "organization"
        ),
        _l("As long as the enrollment"),
        """enrollment.status enrollment.stood_as enrollment.line enrollment.roster_consent
        enrollment.reason
        enrollment.created_at""",
    ),
    Datum(
        _l("Whether you are someone known here already"),
        _l("To keep the records of two people apart"),
        _l("Coordinators, administrators"),
        _l("As long as the enrollment"),
        """identity_question.is_about_people identity_question.status identity_question.agrees
        identity_question.differs identity_question.reason identity_question.asked_at
        identity_question.decided_at nomination.doubts""",
    ),
)
