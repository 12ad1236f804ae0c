"""Changes to certificates: requesting, issuing, correcting, suspending, revoking, storing files."""

from certificates.services.ending import reissue
from certificates.services.filing import record_file, refile
from certificates.services.issuing import issue, specimen
from certificates.services.names import correct_names
from certificates.services.requesting import JOB_KIND, request_again, request_issue
from certificates.services.revoking import (
    confirm_revocation,
    decline_revocation,
    needs_second_person,
    revoke,
)
from certificates.services.standing import find_proposal, steps
from certificates.services.suspending import lift, suspend

__all__ = [
    "JOB_KIND",
    "confirm_revocation",
    "correct_names",
    "decline_revocation",
    "find_proposal",
    "issue",
    "lift",
    "needs_second_person",
    "record_file",
    "refile",
    "reissue",
    "request_again",
    "request_issue",
    "revoke",
    "specimen",
    "steps",
    "suspend",
]
