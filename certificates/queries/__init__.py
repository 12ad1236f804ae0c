"""Reading certificates, a module per question."""

from certificates.queries.certificates import (
    certificates_of_enrollment,
    certificates_of_person,
    certificates_visible,
    find_by_token,
    find_predecessor,
    find_successor,
    get_certificate,
    own_enrollments,
)
from certificates.queries.checking import breaches, filed_ids
from certificates.queries.deliveries import (
    Candidate,
    candidate_lists,
    candidates,
    certificates_of_delivery,
    certificates_to_archive,
    get_enrollment_in,
    names_of,
    page_of_delivery,
)
from certificates.queries.progress import delivery_of, get_job, open_job
from certificates.queries.register import delivery_codes, list_register
from certificates.queries.taken_back import (
    Proposed,
    disproved,
    find_proposal_shown,
    get_proposal,
    proposals_waiting,
    suspended_on,
    suspensions_of,
)

__all__ = [
    "Candidate",
    "Proposed",
    "breaches",
    "candidate_lists",
    "candidates",
    "certificates_of_delivery",
    "certificates_of_enrollment",
    "certificates_of_person",
    "certificates_to_archive",
    "certificates_visible",
    "delivery_codes",
    "delivery_of",
    "disproved",
    "filed_ids",
    "find_by_token",
    "find_predecessor",
    "find_proposal_shown",
    "find_successor",
    "get_certificate",
    "get_enrollment_in",
    "get_job",
    "get_proposal",
    "list_register",
    "names_of",
    "open_job",
    "own_enrollments",
    "page_of_delivery",
    "proposals_waiting",
    "suspended_on",
    "suspensions_of",
]
