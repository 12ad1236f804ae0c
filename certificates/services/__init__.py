"""What is done with certificates: asked for, issued, corrected, revoked, filed."""

from certificates.services.ending import reissue, revoke
from certificates.services.filing import record_file, refile
from certificates.services.issuing import issue, specimen
from certificates.services.names import correct_names
from certificates.services.requesting import JOB_KIND, request_issue

__all__ = ["JOB_KIND", "correct_names", "issue", "record_file", "refile", "reissue", "request_issue", "revoke", "specimen"]
