"""What administrators look after: mail, background jobs, the audit trail; and pages about the
application itself."""
