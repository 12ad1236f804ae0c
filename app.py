"""Rostrum: `create_app()` and the table of contents. Whatever the application consists of is listed here, nothing
registers itself on import."""

from __future__ import annotations

import gc

gc.disable()  # nothing that is loaded below ever dies: looking for it again and again takes an eighth of the start

# isort: split
import os
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

import click
from flask import Flask, url_for
from flask.cli import AppGroup
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import SQLAlchemyError

import accounts.api
import accounts.cli
import accounts.demonstration
import accounts.handlers
import accounts.jobs
import accounts.queries.checking
import accounts.sessions
import accounts.views
import certificates.api
import certificates.cli
import certificates.handlers
import certificates.jobs
import certificates.queries
import certificates.views
import core.docs
import courses.api
import courses.cli
import courses.handlers
import courses.views
import enrollment.api
import enrollment.cli
import enrollment.handlers
import enrollment.jobs
import enrollment.queries
import enrollment.services
import enrollment.views
import roster.api
import roster.cli
import roster.handlers
import roster.jobs
import roster.queries
import roster.views
from accounts.events import (
    AddressConfirmed,
    ConsentGiven,
    ConsentWithdrawn,
    MergeConfirmed,
    MergeUndone,
    OrganizationChanged,
    PersonChanged,
)
from accounts.roles import Permission as P
from certificates import layouts
from certificates.events import (
    CertificateIssued,
    CertificateLifted,
    CertificateRevoked,
    CertificateSuperseded,
    CertificateSuspended,
)
from certificates.fonts import unprintable
from certificates.numbers import SERIES
from certificates.rendering import check_system_libraries
from certificates.views.panel import certificate_panel, certificate_reviews
from core import (
    audit,
    audit_cli,
    backup_cli,
    backups,
    checking,
    clock,
    database,
    events,
    i18n,
    mail,
    migrations,
    numbering,
    once,
    ports,
    printing,
    proofs,
    readings,
    serving,
    storage,
    web,
    words,
)
from core.backups import FiledIn
from core.health import health
from core.instance import make_private
from core.jobs import engine, running, worker
from core.policy import Actor
from core.settings import ROOT, read_settings
from courses.events import DeliveryCancelled, DeliveryChanged, DeliveryCutShort, DeliveryMoved
from demonstration.cli import demo_cli
from enrollment.events import EnrollmentReassigned, EnrollmentResult

gc.freeze()
gc.enable()

BLUEPRINTS = [
    health,
    accounts.views.pages,
    courses.views.pages,
    enrollment.views.pages,
    certificates.views.pages,
    roster.views.pages,
    accounts.api.routes,
    courses.api.routes,
    enrollment.api.routes,
    certificates.api.routes,
    roster.api.routes,
    core.docs.pages,
]

#: Who reacts to what, in the transaction of the fact itself.
SUBSCRIBERS: events.Subscribers = {
    OrganizationChanged: [courses.handlers.keep_kinds, roster.handlers.keep_kind],
    DeliveryCancelled: [enrollment.handlers.end_enrollments],
    DeliveryChanged: [enrollment.handlers.fit_places],
    DeliveryMoved: [enrollment.handlers.tell_of_move],
    DeliveryCutShort: [enrollment.handlers.cut_sessions],
    EnrollmentResult: [certificates.handlers.open_review],
    CertificateIssued: [roster.handlers.grant_skills],
    CertificateLifted: [roster.handlers.grant_skills],
    CertificateRevoked: [roster.handlers.withdraw_skills],
    CertificateSuspended: [roster.handlers.withdraw_skills],
    CertificateSuperseded: [roster.handlers.withdraw_skills],
    AddressConfirmed: [enrollment.handlers.count_applications],
    MergeConfirmed: [
        accounts.handlers.carry_refusal,
        enrollment.handlers.move_enrollments,
        certificates.handlers.follow_enrollments,
        roster.handlers.move_skills,
    ],
    MergeUndone: [
        accounts.handlers.take_refusal_back,
        enrollment.handlers.move_enrollments_back,
        certificates.handlers.follow_enrollments,
        roster.handlers.move_skills,
    ],
    EnrollmentReassigned: [certificates.handlers.follow_enrollment, roster.handlers.move_skills_of],
    PersonChanged: [roster.handlers.refresh_profile, enrollment.handlers.ask_about_change],
    ConsentGiven: [roster.handlers.keep_given_consent],
    ConsentWithdrawn: [roster.handlers.keep_withdrawn_consent],
}

#: Who answers what a package to the left asks and may not look up itself.
ANSWERS: ports.Answers = {
    printing.unprintable: unprintable,
    printing.layouts: layouts.titles,
    proofs.disproved: certificates.queries.disproved,
}

JOBS: Mapping[str, running.JobFunction] = {
    "certificates.issue": certificates.jobs.issue_all,
    "certificates.render": certificates.jobs.render_one,
    "accounts.forget": accounts.jobs.forget_ended,
    "accounts.compare": accounts.jobs.compare,
    "audit.checkpoint": audit_cli.checkpoint_job,
    "audit.deliver": audit_cli.deliver,
    "answers.forget": once.forget_old,
    "enrollment.forget": enrollment.jobs.forget_old_drafts,
    "enrollment.lapse": enrollment.jobs.lapse,
    "enrollment.compare": enrollment.jobs.compare,
    "roster.forget": roster.jobs.forget_old_proposals,
}

#: Lanes of work that do not wait for one another. Links that someone waits for have a lane of their own and go first in the other
#: one. A server may be silent for minutes and hold up both, so spare lanes take the links that have waited some seconds.
LANES = [
    running.Lane("links", (mail.LINKS,), mail.carry),
    running.Lane("mail", (mail.LINKS, mail.BULK), mail.carry),
    *(running.Lane(f"spare-{n}", (mail.LINKS,), partial(mail.carry, left_for=3.0 + n / 2)) for n in range(4)),
]

#: kind of job → every so many seconds.
SCHEDULE = {
    "audit.checkpoint": 3600,
    "answers.forget": 86400,
    "accounts.forget": 86400,
    "enrollment.forget": 86400,
    "enrollment.lapse": 900,
    "roster.forget": 86400,
}

#: What `flask check` verifies: each yields a sentence for every breach it finds.
CHECKS: list[checking.Check] = [
    accounts.queries.checking.breaches,
    enrollment.queries.breaches,
    enrollment.queries.breaches_of_identity,
    certificates.queries.breaches,
    roster.queries.breaches,
    storage.breaches,
    numbering.breaches,
    audit.breaches,
    readings.breaches,
    mail.settling.breaches,
    mail.route.breaches,
]

accounts.cli.people_cli.add_command(enrollment.cli.suspects)

COMMANDS: list[AppGroup | Any] = [
    accounts.cli.accounts_cli,
    accounts.cli.people_cli,
    certificates.cli.certificates_cli,
    courses.cli.courses_cli,
    roster.cli.roster_cli,
    demo_cli,
    worker.jobs_cli,
    audit_cli.audit_cli,
    checking.check_command,
    backup_cli.backup_command,
    backup_cli.restore_command,
    migrations.db_cli,
    serving.serve_command,
]

#: Navigation: label, endpoint, permission that shows it (None: everyone).
NAVIGATION = [
    (_l("Courses"), "enrollment.catalogue", None),
    (_l("Deliveries"), "enrollment.deliveries", P.DELIVERY_READ),
    (_l("Nominations"), "enrollment.nominations", P.ENROLLMENT_NOMINATE),
    (_l("People to check"), "enrollment.questions", P.IDENTITY_DECIDE),
    (_l("Certificates"), "certificates.register", P.CERTIFICATE_ISSUE),
    (_l("Roster"), "roster.search", P.ROSTER_SEARCH),
    (_l("Administration"), "accounts.administration", P.ACCOUNT_MANAGE),
]

FOOTER = [
    (_l("Check a certificate"), "certificates.verify_form"),
    (_l("Help"), "accounts.help_page"),
    (_l("Accessibility"), "accounts.accessibility"),
    (_l("Privacy"), "accounts.privacy"),
    (_l("API"), "docs.api_page"),
]


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """The application, set up from `environ` (default: the process's). Raises SettingsError or UndeclaredAccess."""
    settings = read_settings(environ)
    for sentence in make_private(settings.instance_path):
        click.echo(f"Note: {sentence}.", err=True)
    app = Flask("app", root_path=str(ROOT))
    app.extensions["settings"] = settings
    app.extensions["navigation"] = _navigation
    app.extensions["footer_links"] = _footer
    app.extensions["alerts"] = _alerts
    app.extensions["certificate_panel"] = certificate_panel
    app.extensions["certificate_reviews"] = certificate_reviews
    app.extensions["first_start"] = _first_start
    app.extensions["people_to_tell"] = enrollment.queries.count_to_tell  # courses asks, which knows no enrollments
    app.extensions["people_to_ask"] = roster.queries.people_to_ask  # accounts asks, which knows no experts
    app.extensions["system_warnings"] = check_system_libraries
    app.extensions["is_invented"] = accounts.demonstration.is_invented
    app.jinja_env.globals["is_demonstration_here"] = accounts.demonstration.is_demonstration_here
    app.extensions["is_demonstration"] = lambda: settings.demo and settings.is_local
    clock.init_app(app, settings.now)
    database.init_app(app, settings.database_url)
    i18n.init_app(app)
    words.init_app(app)
    web.init_app(app, settings, accounts.sessions.load_actor)
    events.init_app(app, SUBSCRIBERS)
    engine.init_app(app, settings)
    running.init_app(app, JOBS, SCHEDULE, LANES, mail.JOB_KINDS)
    checking.init_app(app, CHECKS)
    ports.init_app(app, ANSWERS)
    numbering.init_app(app, SERIES)
    backups.init_app(app, FiledIn("certificate", "file_key", "sha256"))
    # A restore prepares its database with an application of its own before it takes the place of this one's.
    app.extensions["application_on"] = lambda **changes: create_app({**(os.environ if environ is None else environ), **changes})
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for command in COMMANDS:
        app.cli.add_command(command)
    web.check_access_declared(app)
    return app


def _first_start() -> Iterator[str]:
    from demonstration.first_start import prepare  # only this one start needs the demonstration

    return prepare()


@cache
def _address(endpoint: str) -> str:
    """Of a page without parts in its address: the same in every request, and asked for a dozen times on each page."""
    return url_for(endpoint)


def _navigation(actor: Actor) -> list[web.Link]:
    return [
        web.Link(label, _address(endpoint))
        for label, endpoint, permission in NAVIGATION
        if permission is None or actor.can(permission)
    ]


def _alerts(actor: Actor) -> list[web.Link]:
    """What those who look after the house have to see on every page."""
    if not actor.can(P.MAIL_READ):
        return []
    try:
        fault = mail.standing()
    except SQLAlchemyError:  # the page says by itself that the database is away
        return []
    if fault is None:
        return []
    words = _l("No message goes out: sending has stopped.") if fault.is_stopped else _l("The mail server does not answer.")
    return [web.Link(words, url_for("accounts.mail"))]


def _footer() -> list[web.Link]:
    return [web.Link(label, _address(endpoint)) for label, endpoint in FOOTER]


if __name__ == "__main__":
    serving.main(create_app)
