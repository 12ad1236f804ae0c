"""Rostrum: `create_app()` and the table of contents. Everything the application consists of is
listed here; nothing registers itself on import."""

from __future__ import annotations

from core.serving import memory

memory.loading_begins()

# isort: split
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

import click
from flask import Flask, url_for
from flask.cli import AppGroup
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import SQLAlchemyError

import accounts.cli
import accounts.demonstration
import accounts.handlers
import accounts.queries
import accounts.services
import accounts.sessions
import accounts.views
import administration.jobs
import administration.views
import certificates.api
import certificates.cli
import certificates.handlers
import certificates.jobs
import certificates.queries
import certificates.views
import classroom.api
import classroom.handlers
import classroom.participation
import classroom.ports
import classroom.queries
import classroom.views
import core.docs
import core.serving.command
import core.settings
import courses.api
import courses.cli
import courses.handlers
import courses.ports
import courses.views
import enrollment.api
import enrollment.cli
import enrollment.handlers
import enrollment.jobs
import enrollment.ports
import enrollment.queries
import enrollment.services
import enrollment.views
import people.api
import people.cli
import people.handlers
import people.jobs
import people.ports
import people.queries.checking
import people.views
import roster.api
import roster.cli
import roster.handlers
import roster.jobs
import roster.queries
import roster.views
from accounts.events import AddressConfirmed
from accounts.roles import Role
from certificates import layouts
from certificates.events import (
    CertificateIssued,
    CertificateLifted,
    CertificateRevoked,
    CertificateSuperseded,
    CertificateSuspended,
)
from certificates.fonts import unprintable
from certificates.models import RevocationReason
from certificates.numbers import SERIES
from certificates.rendering import check_system_libraries
from certificates.views.panel import certificate_panel, certificate_reviews
from classroom.models import MarkKind
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
    locks,
    mail,
    migrations,
    numbering,
    once,
    patches,
    ports,
    printing,
    proofs,
    readings,
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
from core.web import pages
from courses.events import DeliveryCancelled, DeliveryChanged, DeliveryCutShort, DeliveryMoved
from courses.models import DeliveryStatus
from demonstration.cli import demo_cli
from enrollment.events import EnrollmentReassigned, EnrollmentResult
from people.events import (
    ConsentGiven,
    ConsentWithdrawn,
    MergeConfirmed,
    MergeUndone,
    OrganizationChanged,
    PersonChanged,
)
from people.models import BodyKind, Gender
from people.permissions import Permission as P
from people.personnel import PersonnelCategory, Subcategory

memory.loading_ends()

BLUEPRINTS = [
    health,
    people.views.pages,
    accounts.views.pages,
    courses.views.pages,
    enrollment.views.pages,
    classroom.views.pages,
    certificates.views.pages,
    roster.views.pages,
    administration.views.pages,
    people.api.routes,
    courses.api.routes,
    enrollment.api.routes,
    classroom.api.routes,
    certificates.api.routes,
    roster.api.routes,
    core.docs.pages,
]

#: Enums whose words templates look up by class name, for values that reach them as plain text.
WORDED = (
    BodyKind,
    Gender,
    DeliveryStatus,
    MarkKind,
    PersonnelCategory,
    RevocationReason,
    Role,
    Subcategory,
    numbering.VoidReason,
)

#: Who reacts to which event, in the transaction of the event.
SUBSCRIBERS: events.Subscribers = {
    OrganizationChanged: [
        accounts.handlers.keep_kinds,
        courses.handlers.keep_kinds,
        roster.handlers.keep_kind,
    ],
    DeliveryCancelled: [enrollment.handlers.end_enrollments],
    DeliveryChanged: [enrollment.handlers.fit_places],
    DeliveryMoved: [enrollment.handlers.tell_of_move],
    DeliveryCutShort: [classroom.handlers.require_unheld, enrollment.handlers.tell_of_cut],
    EnrollmentResult: [certificates.handlers.open_review],
    CertificateIssued: [roster.handlers.grant_skills],
    CertificateLifted: [roster.handlers.grant_skills],
    CertificateRevoked: [roster.handlers.withdraw_skills],
    CertificateSuspended: [roster.handlers.withdraw_skills],
    CertificateSuperseded: [roster.handlers.withdraw_skills],
    AddressConfirmed: [enrollment.handlers.count_applications],
    MergeConfirmed: [
        people.handlers.carry_refusal,
        enrollment.handlers.move_enrollments,
        certificates.handlers.follow_enrollments,
        roster.handlers.move_skills,
    ],
    MergeUndone: [
        people.handlers.take_refusal_back,
        enrollment.handlers.move_enrollments_back,
        certificates.handlers.follow_enrollments,
        roster.handlers.move_skills,
    ],
    EnrollmentReassigned: [certificates.handlers.follow_enrollment, roster.handlers.move_skills_of],
    PersonChanged: [roster.handlers.refresh_profile, enrollment.handlers.ask_about_change],
    ConsentGiven: [roster.handlers.keep_given_consent],
    ConsentWithdrawn: [roster.handlers.keep_withdrawn_consent],
}

JOBS: Mapping[str, running.JobFunction] = {
    "certificates.issue": certificates.jobs.issue_all,
    "certificates.render": certificates.jobs.render_one,
    "accounts.forget": administration.jobs.forget_ended,
    "accounts.compare": people.jobs.compare,
    "audit.checkpoint": audit_cli.checkpoint_job,
    "audit.deliver": audit_cli.deliver,
    "answers.forget": once.forget_old,
    "enrollment.forget": enrollment.jobs.forget_old_drafts,
    "enrollment.lapse": enrollment.jobs.lapse,
    "enrollment.compare": enrollment.jobs.compare,
    "enrollment.enter": enrollment.jobs.enter_list,
    "enrollment.tell": enrollment.jobs.tell_list,
    "roster.forget": roster.jobs.forget_old_proposals,
}

#: Lanes of work that do not wait for one another. Links that someone waits for have a lane of their
#: own and go first in the other. A server may be silent for minutes and hold up both, so spare
#: lanes take links that have waited some seconds.
LANES = [
    running.Lane("links", (mail.LINKS,), mail.carry),
    running.Lane("mail", (mail.LINKS, mail.BULK), mail.carry),
    *(
        running.Lane(f"spare-{n}", (mail.LINKS,), partial(mail.carry, left_for=3.0 + n / 2))
        for n in range(4)
    ),
]

#: kind of job → interval in seconds.
SCHEDULE = {
    "audit.checkpoint": 3600,
    "answers.forget": 86400,
    "accounts.forget": 86400,
    "enrollment.forget": 86400,
    "enrollment.lapse": 900,
    "roster.forget": 86400,
}

#: The checks of `flask check`; each yields a sentence per breach.
CHECKS: list[checking.Check] = [
    people.queries.checking.breaches,
    enrollment.queries.breaches,
    classroom.queries.breaches,
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

people.cli.people_cli.add_command(enrollment.cli.suspects)

COMMANDS: list[AppGroup | Any] = [
    accounts.cli.accounts_cli,
    people.cli.people_cli,
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
    core.serving.command.serve_command,
]

#: Navigation: label, endpoint, permission needed to see it (None: everyone).
NAVIGATION = [
    (_l("Courses"), "enrollment.catalogue", None),
    (_l("Deliveries"), "enrollment.deliveries", P.DELIVERY_READ),
    (_l("Nominations"), "enrollment.nominations", P.ENROLLMENT_NOMINATE),
    (_l("People to check"), "enrollment.questions", P.IDENTITY_DECIDE),
    (_l("Certificates"), "certificates.register", P.CERTIFICATE_ISSUE),
    (_l("Roster"), "roster.search", P.ROSTER_SEARCH),
    (_l("Administration"), "administration.overview", P.ACCOUNT_MANAGE),
]

FOOTER = [
    (_l("Check a certificate"), "certificates.verify_form"),
    (_l("Help"), "administration.help_page"),
    (_l("Accessibility"), "administration.accessibility"),
    (_l("Privacy"), "administration.privacy"),
    (_l("API"), "docs.api_page"),
]


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """The application, configured from `environ` (default: the process's). Raises SettingsError or
    UndeclaredAccess."""
    settings = read_settings(environ)
    for sentence in make_private(settings.instance_path):
        click.echo(f"Note: {sentence}.", err=True)
    patches.apply()
    app = Flask("app", root_path=str(ROOT))
    core.settings.init_app(app, settings)
    app.jinja_env.globals["is_demonstration_here"] = accounts.demonstration.is_demonstration_here
    storage.init_app(app, storage.open_storage(settings.storage_url))
    clock.init_app(app, settings.now)
    database.init_app(app, settings.database_url)
    locks.init_app(app)
    i18n.init_app(app)
    words.init_app(app, WORDED)
    web.init_app(app, settings, accounts.sessions.load_by_visit, accounts.sessions.load_by_token)
    events.init_app(app, SUBSCRIBERS)
    engine.init_app(app, settings)
    running.init_app(app, JOBS, SCHEDULE, LANES, mail.JOB_KINDS)
    checking.init_app(app, CHECKS)
    ports.init_app(app, ANSWERS | {backups.application_on: _like_this_one(environ)})
    numbering.init_app(app, SERIES)
    backups.init_app(app, FiledIn("certificate", "file_key", "sha256"))
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for command in COMMANDS:
        app.cli.add_command(command)
    web.check_access_declared(app)
    return app


def _like_this_one(environ: Mapping[str, str] | None) -> Callable[..., Flask]:
    return lambda **changes: create_app({**(os.environ if environ is None else environ), **changes})


def _first_start() -> Iterator[str]:
    from demonstration.first_start import prepare  # only this start needs the demonstration

    return prepare()


@cache
def _address(endpoint: str) -> str:
    """The address of a page without parameters: always the same, and needed a dozen times per
    page."""
    return url_for(endpoint)


def _navigation(actor: Actor) -> list[pages.Link]:
    return [
        pages.Link(label, _address(endpoint))
        for label, endpoint, permission in NAVIGATION
        if permission is None or actor.can(permission)
    ]


def _alerts(actor: Actor) -> list[pages.Link]:
    """What administrators must see on every page."""
    if not actor.can(P.MAIL_READ):
        return []
    try:
        fault = mail.standing()
    except SQLAlchemyError:  # the page itself reports that the database is unavailable
        return []
    if fault is None:
        return []
    words = (
        _l("No message goes out: sending has stopped.")
        if fault.is_stopped
        else _l("The mail server does not answer.")
    )
    return [pages.Link(words, url_for("administration.mail"))]


def _footer() -> list[pages.Link]:
    return [pages.Link(label, _address(endpoint)) for label, endpoint in FOOTER]


#: The answer to each question that a package asks of one to its right.
ANSWERS: dict[ports.Port[..., Any], Callable[..., Any]] = {
    mail.addresses.is_invented: accounts.demonstration.is_invented,
    core.serving.command.prepare_first_start: _first_start,
    core.serving.command.system_warnings: check_system_libraries,
    printing.unprintable: unprintable,
    printing.layouts: layouts.titles,
    proofs.disproved: certificates.queries.disproved,
    pages.navigation: _navigation,
    pages.footer_links: _footer,
    pages.alerts: _alerts,
    people.ports.holds_roles: accounts.services.holds_roles,
    people.ports.has_account: accounts.services.has_account,
    people.ports.came_by_link: accounts.queries.came_by_link,
    people.ports.end_sessions_and_links: accounts.services.end_sessions_and_links,
    people.ports.write_to: accounts.services.write_to,
    people.ports.people_to_ask: roster.queries.people_to_ask,
    courses.ports.people_to_tell: enrollment.queries.count_to_tell,
    enrollment.ports.certificate_panel: certificate_panel,
    enrollment.ports.is_recorded: classroom.queries.is_recorded,
    enrollment.ports.has_marks: classroom.queries.has_marks,
    enrollment.ports.was_reopened: classroom.queries.was_reopened,
    enrollment.ports.result_shown: classroom.participation.result_shown,
    classroom.ports.certificate_reviews: certificate_reviews,
}


if __name__ == "__main__":
    core.serving.command.main(create_app)
