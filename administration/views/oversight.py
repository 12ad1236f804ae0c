"""Pages of mail, the audit trail and background jobs."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from accounts.demonstration import is_demonstration_here
from accounts.queries import find_person_by_email
from administration import queries, services, trail
from administration.queries import PER_READ
from administration.views.blueprint import pages
from core import exports, readings
from core.audit import AuditEntry
from core.database import transaction
from core.forms import parse_int
from core.mail import Mail, MailState, standing
from core.paging import pages_of
from core.settings import settings_of
from core.web import current_actor, requires, see_other, signed_in
from people.permissions import Permission
from people.queries import names_of


@pages.get("/administration")
@requires(Permission.ACCOUNT_MANAGE)
def overview() -> Any:
    """The state of everything that administrators look after."""
    return render_template(
        "administration/overview.html",
        jobs=queries.job_overview(current_actor()),
        sends_mail=bool(settings_of().mail_url),
    )


@pages.get("/administration/mail")
@requires(Permission.MAIL_READ)
def mail() -> Any:
    """All messages and their state, and problems with sending."""
    actor, fault = current_actor(), standing()
    counts = queries.count_mail(actor)
    chosen = request.args.get("state", "")
    context = {
        "mail": queries.list_mail(actor, state=chosen, after=request.args.get("after")),
        "fault": fault,
        "why": _WHY.get(fault.step) if fault else None,
        "counts": sorted(counts.items()),
        "chosen": chosen,
        "query": {"state": chosen} if chosen else {},
        "may_retry": actor.can(Permission.JOB_MANAGE)
        and any(counts.get(state) for state in _TO_TRY),
        "shown_by": "administration.message",
        "sends": bool(settings_of().mail_url) and not is_demonstration_here(),
    }
    return render_template("administration/mail.html", **context)


_TO_TRY = (MailState.QUEUED, MailState.REFUSED, MailState.UNDELIVERED)

#: Why nothing is sent, and what to do, by the server's refusal.
_WHY = {
    "greeting": _l(
        "The mail server refuses our connection. Check the address in MAIL_URL, and that it lets "
        "this machine in."
    ),
    "certificate": _l(
        "The certificate of the mail server cannot be trusted. Renew it, or correct the host in "
        "MAIL_URL."
    ),
    "encryption": _l(
        "The mail server does not encrypt as MAIL_URL asks. Nothing is sent in clear text."
    ),
    "sign_in": _l("The mail server refuses our user name or password. Correct them in MAIL_URL."),
    "sender": _l(
        "The mail server refuses our sender. Correct MAIL_FROM, or allow it on the server."
    ),
    "away": _l("The mail server cannot be reached, or takes no messages at present."),
}


@pages.post("/administration/mail/retry")
@requires(Permission.JOB_MANAGE)
def retry_mail() -> Any:
    """Retries all refused and abandoned messages, and contacts the server at once."""
    with transaction():
        services.retry_mail(current_actor())
    flash(
        _("Everything that waits is tried now, and what was refused or given up is tried again."),
        "ok",
    )
    return see_other(url_for("administration.mail"))


@pages.get("/administration/mail/<int:mail_id>")
@requires(Permission.MAIL_READ)
def message(mail_id: int) -> Any:
    """One message. The text of a message with a sign-in link is deleted once it is sent."""
    return _letter(_opened(mail_id), back="administration.mail")


@pages.get("/mail")
@signed_in
def messages() -> Any:
    """In a demonstration its people can read the mail that was never sent; elsewhere the address
    does not exist."""
    _require_demonstration_person()
    page = queries.list_mail(current_actor(), kept_only=True, after=request.args.get("after"))
    return render_template(
        "administration/mail.html",
        mail=page,
        shown_by="administration.kept_message",
        sends=bool(settings_of().mail_url),
    )


@pages.get("/mail/<int:mail_id>")
@signed_in
def kept_message(mail_id: int) -> Any:
    """One stored message."""
    _require_demonstration_person()
    return _letter(_opened(mail_id, kept_only=True), back="administration.messages")


def _letter(message: Mail, back: str) -> str:
    return render_template(
        "administration/message.html", message=message, back=back, site=settings_of().public_url
    )


def _opened(mail_id: int, *, kept_only: bool = False) -> Mail:
    """The message. Reading one that signs someone in is recorded: its reader could act as that
    person."""
    message = queries.get_mail(current_actor(), mail_id, kept_only=kept_only)
    if message.is_secret and message.state is MailState.KEPT:
        readings.record(lambda: services.note_mail_read(current_actor(), mail_id))
    return queries.get_mail(current_actor(), mail_id, kept_only=kept_only)


def _require_demonstration_person() -> None:
    if not is_demonstration_here() or not (
        current_actor().is_demonstration or current_actor().can(Permission.MAIL_READ)
    ):
        abort(404)


@pages.get("/administration/audit")
@requires(Permission.AUDIT_READ)
def audit_trail() -> Any:
    """Who did what, when."""
    criteria, typed = _audit_filter()
    page = queries.audit_entries(current_actor(), criteria, after=request.args.get("after"))
    context = {
        "entries": page,
        "rows": _in_words(page.items),
        "actions": sorted(
            ((key, str(words)) for key, words in trail.actions().items()), key=lambda pair: pair[1]
        ),
        "typed": typed,
        "query": {key: value for key, value in typed.items() if value},
        "waiting": readings.waiting(),
    }
    return render_template("administration/audit.html", **context)


@pages.get("/administration/audit.csv")
@requires(Permission.AUDIT_READ)
def audit_export() -> Any:
    """The same list as a file."""
    (criteria, _typed), actor = _audit_filter(), current_actor()
    read = pages_of(
        lambda after: queries.audit_entries(actor, criteria, after=after, limit=PER_READ)
    )
    rows = (
        (
            row["number"],
            row["at"],
            row["actor_id"],
            row["who"],
            row["action"],
            row["what"],
            row["subject"],
            row["facts"],
        )
        for entries in read
        for row in _in_words(entries)
    )
    header = [
        _("Number"),
        _("When (UTC)"),
        _("Person number"),
        _("Who"),
        _("Action"),
        _("What"),
        _("Subject"),
        _("Details"),
    ]
    return exports.download(actor, "audit", "audit-trail", header, rows)


def _audit_filter() -> tuple[queries.AuditFilter, dict[str, str]]:
    """The filter in the address. An unknown person matches nothing rather than everything."""
    typed = {name: request.args.get(name, "").strip() for name in ("action", "subject", "person")}
    actor_id = None
    if typed["person"]:
        person = find_person_by_email(typed["person"])
        actor_id = person.id if person else parse_int(typed["person"]) or 0
    return queries.AuditFilter(typed["action"], typed["subject"].replace(" ", ""), actor_id), typed


def _in_words(entries: list[AuditEntry]) -> list[dict[str, Any]]:
    names = names_of(entry.actor_id for entry in entries)
    return [
        {
            "number": entry.number,
            "at": entry.at,
            "actor_id": entry.actor_id,
            "who": names.get(entry.actor_id or 0)
            or (_("The application") if '"actor":"system"' in entry.body else _("Not signed in")),
            "action": entry.action,
            "what": trail.action_words(entry.action),
            "subject": entry.subject,
            "subject_words": trail.subject_words(entry.subject),
            "facts": trail.facts_words(queries.audit_facts(entry)),
        }
        for entry in entries
    ]


@pages.get("/administration/jobs")
@requires(Permission.JOB_READ)
def background_jobs() -> Any:
    """Jobs that wait, run and were abandoned."""
    page = queries.list_jobs(current_actor(), after=request.args.get("after"))
    return render_template(
        "administration/jobs.html", jobs=page, overview=queries.job_overview(current_actor())
    )


@pages.post("/administration/jobs/<int:job_id>/retry")
@requires(Permission.JOB_MANAGE)
def retry_job(job_id: int) -> Any:
    """Restarts an abandoned job."""
    with transaction():
        is_started = services.retry_job(current_actor(), job_id)
    flash(_("The job starts again."), "ok") if is_started else flash(
        _("This job is not given up; nothing was done."), "warn"
    )
    return see_other(url_for("administration.background_jobs"))
