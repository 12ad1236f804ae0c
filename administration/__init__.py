"""The work of administrators: mail, background jobs and the audit trail; and pages about the
application."""
