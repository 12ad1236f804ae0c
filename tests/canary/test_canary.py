"""One canary through every text field of every entry point: looked for unescaped in the answer
itself, and afterwards in every page, message, table, calendar and paper that anyone can open.
Fields are found, not listed: see `sending`."""

from __future__ import annotations

import csv
import io
import itertools
import json
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from functools import partial
from typing import Any

import click
import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask

from accounts.roles import Role
from certificates.models import Certificate
from core import jobs
from core.database import db
from core.forms import Form
from core.mail import Mail
from core.openapi import openapi
from enrollment.nomination_files import COLUMNS
from enrollment.nomination_files.columns import HEADINGS
from tests import factories
from tests.canary.living import live
from tests.canary.looking import CANARIES, MARK, TAG, UNSEEN, in_mail
from tests.canary.sending import NotedFields, Sender, every_rule, example, leaves, sample, with_text
from tests.guards import source
from tests.test_access_table import World, _token, address, body_of
from tests.test_access_table import world as world  # the fixture

pytestmark = pytest.mark.timeout(300)

#: Text columns that no canary ever reaches, by the reason why. Every other one holds a canary at
#: some time: it went all the way in, and what shows the column was looked at.
OUT_OF_REACH = {
    "made by the product: digests, keys, tokens, numbers": """
        account.password_hash api_token.digest audit_entry.digest audit_head.digest
        certificate.file_key certificate.number certificate.payload_sha256 certificate.sha256
        certificate.token delivery.calendar_uid emblem.sha256 organization.emblem_sha256
        first_answer.key first_answer.request_digest job.dedupe_key job.token mail.message_id
        mail_server.url sign_in_link.digest try_count.key user_session.digest expert_proposal.digest
        expert_proposal.token_digest consent.text_version""",
    "ids, and the product's own words for what happened, never those of people": """
        api_token.scope audit_entry.action audit_entry.body audit_entry.subject
        certificate.reason_code counter.name admission.end_reason enrollment.lacking
        enrollment.stood_as expert_search.tokens first_answer.location identity_question.agrees
        identity_question.differs job.args job.error job.kind mail.kind mail_server.fault
        nomination.doubts reopening.lacking user_session.method void_numbers.reason void_numbers.series""",
    "codes of letters, digits and hyphens": (
        "course.code course_version.prerequisites delivery.code nomination.identifier_issuer "
        "organization.code skill.code"
    ),
    "an address, which is checked where it is entered": "mail.reply_to",
    "one of a list: countries, languages, ranks, zones, categories": """
        consent.language course.audience course.layout delivery.country delivery.language
        delivery.time_zone enrollment.rank_code expert.rank_code expert_language.language
        expert_language.level mail.language nomination.country nomination.identifier_kind
        nomination.nationalities organization.country organization.kinds person.issuer_country
        person.country person.language person.nationalities""",
    "the rows of more than a hundred people, shown again as those of nomination_draft.content": (
        "nomination_list.sheet"
    ),
    "a time of day": "course.day_ends course.day_starts timetable_block.start",
}


@pytest.fixture
def sender(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> Sender:
    monkeypatch.setattr(
        app,
        "request_class",
        type("Watched", (app.request_class,), {"parameter_storage_class": NotedFields}),
    )
    monkeypatch.setattr(NotedFields, "noted", set())
    with app.app_context():
        world.actors["roster staff"] = factories.actor(Role.ROSTER)
        world.actors["own nominator"] = factories.actor(
            Role.NOMINATOR, organization_id=factories.organization("CA-MFA").id
        )
    return Sender(app, world)


# Ways in


def through_pages(sender: Sender, ends: bool) -> None:
    """Every form as it is found on its page, then every name that a view asks for and no form
    has, then the parts of addresses."""
    pages = [
        (method, rule)
        for method, rule in every_rule(sender.app, ends)
        if not rule.rule.startswith(("/api/", "/static"))
    ]
    for method, rule in pages:
        if method == "GET":
            sender.parts(rule, method)
            sender.forms_of[rule.endpoint] = sender.visit(rule)
    every_form = [form for forms in sender.forms_of.values() for form in forms]
    for method, rule in pages:
        for role, form in every_form:
            if sender.is_form_of(form, rule, method):
                sender.fill_in(role, form, f"{method} {rule.rule}")
    for _round in range(3):
        for method, rule in pages:
            place = "args" if method == "GET" else "form"
            sender.ask(
                rule,
                method,
                place,
                {
                    name
                    for where, at, name in sender.unsent()
                    if (where, at) == (rule.endpoint, place)
                },
            )
    for method, rule in pages:
        if method == "POST":
            sender.parts(rule, method)


def through_the_api(sender: Sender, ends: bool) -> None:
    """Every text of every body, unknown fields and keys, every query parameter, every part of an
    address."""
    with sender.app.test_request_context():
        description = openapi(sender.app, "http://localhost")
    schemas = description["components"]["schemas"]
    for method, rule in every_rule(sender.app, ends):
        operation = getattr(sender.app.view_functions[rule.endpoint], "operation", None)
        if operation is None:
            continue
        sender.parts(rule, method)
        path = address(sender.world, rule)
        parameters = operation.query.model_json_schema()["properties"] if operation.query else {}
        for name, canary in itertools.product([*parameters, MARK], CANARIES.values()):
            sender.call(method, path, {}, query_string={name: canary})
        if operation.body is None:
            continue
        shape = {"$ref": f"#/components/schemas/{operation.body.__name__}"}
        for act in (
            partial(example, shape, schemas),
            partial(body_of, sender.world, method, path),
        ):
            for place, canary in itertools.product([(), *leaves(act() or {})], CANARIES.values()):
                body = act() or {}
                sender.call(
                    method,
                    path,
                    with_text(body, place, canary) if place else body | {canary: canary},
                )


def through_files(sender: Sender) -> None:
    """Every column and heading of a nomination file, its name, and the same rows pasted."""
    rows: list[tuple[dict[str, str], dict[str, str], str]] = []
    for canary in CANARIES.values():
        rows += [({column: canary}, {}, "people.csv") for column in COLUMNS]
        rows += [({}, {column: canary}, "people.csv") for column in COLUMNS]
        rows += [({canary: canary}, {canary: canary}, "people.csv"), ({}, {}, f"{canary}.csv")]
    for values, headings, name in rows:
        sender.upload(
            "own nominator", "/deliveries/OPEN/nominate", nomination_file(values, headings), name
        )
    sender.upload(
        "own nominator", "/deliveries/OPEN/nominate", nomination_file(*rows[-2][:2]), None
    )
    for column, canary in itertools.product(("needs", "rank", "email"), CANARIES.values()):
        sheet = nomination_file({column: canary}, {"gender": canary})
        sender.upload("own nominator", "/deliveries/OPEN/nominate", workbook(sheet), "people.xlsx")
    sender.upload(
        "own nominator",
        "/deliveries/OPEN/nominate",
        nomination_file({"email": TAG}, {}),
        None,
        act="keep",
    )
    sender.open(
        "own nominator",
        "GET",
        sender.link("own nominator", "/deliveries/OPEN/nominate", "/draft"),
        "the kept rows",
    )


def workbook(table: str) -> bytes:
    """The same table as an XLSX file."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(
        content, {"strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet(MARK)
        for number, row in enumerate(csv.reader(io.StringIO(table, newline=""))):
            sheet.write_row(number, 0, row)
    return content.getvalue()


def nomination_file(values: dict[str, str], headings: dict[str, str]) -> str:
    arguments = (
        {column: str(sample(column)) for column in COLUMNS}
        | {"language": "en", "identifier": sample("identifier")}
        | values
    )
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(
        [headings.get(column, HEADINGS["en"].get(column, column)) for column in arguments]
    )
    lines.writerow(arguments.values())
    return file.getvalue()


def through_commands(sender: Sender) -> None:
    """Every option and argument of every command that takes any text."""
    runner = sender.app.test_cli_runner()
    for words, command in commands(sender.app.cli):
        texts = [
            param for param in command.params if isinstance(param.type, click.types.StringParamType)
        ]
        for chosen in texts:
            canary, arguments = (
                CANARIES["markup in a formula"],
                [],
            )  # the other one would be a path of this machine
            for param in command.params:
                value = (
                    canary
                    if param is chosen
                    else str(sample(param.name or ""))
                    if param in texts
                    else None
                )
                if value is not None:
                    arguments += (
                        [value]
                        if isinstance(param, click.Argument)
                        else [f"{param.opts[0]}={value}"]
                    )
            with tempfile.TemporaryDirectory() as folder, chdir(folder):
                done = runner.invoke(args=[*words, *arguments])
            assert not done.exception or isinstance(done.exception, SystemExit), (
                words,
                chosen.name,
                done.exception,
            )


def commands(
    group: click.Group, before: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Ours, without those of libraries."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        elif (command.callback.__module__ or "").partition(".")[0] in source.PACKAGES:
            yield (*before, name), command


def through_what_ends(sender: Sender) -> None:
    """Texts that a later request would replace, or that end what they belong to: sent last, so
    that they remain."""
    texts = {"en": f"{TAG}{UNSEEN}", "fr": f"{TAG}{UNSEEN}"}
    finished = int(sender.world.names["certificates.preview.enrollment_id"])
    with sender.app.app_context():
        sender.world.tokens["administrator"] = _token(factories.actor(Role.ADMINISTRATOR))
        valid = db.session.scalars(
            sa.select(Certificate.number).where(Certificate.status == "valid")
        ).first()
    calls = [
        (
            "PUT",
            "skills/gender-peace-operations",
            {"title": texts, "description": texts, "framework": TAG},
        ),
        (
            "POST",
            f"certificates/{valid}/revoke",
            {"reason_code": "fraud", "note": f"{TAG}{UNSEEN}"},
        ),
        ("POST", f"certificates/{valid}/revoke/decline", {}),
        (
            "POST",
            f"certificates/{valid}/revoke",
            {"reason_code": "recognition_withdrawn", "note": f"{TAG}{UNSEEN}"},
        ),
        ("POST", "deliveries/DONE/reopen", {"enrollments": [finished], "reason": f"{TAG}{UNSEEN}"}),
    ]
    for method, path, body in calls:
        sender.call(method, f"/api/v1/{path}", body)
    person = {
        "given_name": CANARIES["a name"],
        "family_name": CANARIES["a name"],
        "email": sample("email"),
        "country": "CA",
    }
    for _twice in range(2):
        headers = {"Idempotency-Key": "once"}
        sender.call(
            "POST",
            "/api/v1/deliveries/LIFE-2/enrollments",
            {"person": person, "category": "civilian"},
            headers=headers,
        )


def through_a_life(sender: Sender) -> None:
    """What one request cannot say, because other acts come before it."""
    with sender.app.app_context():
        sender.life = live()


# Ways out


def read_everything(sender: Sender) -> None:
    """Every page and file that anyone can open, as every kind of person, in both languages."""
    with sender.app.app_context():
        jobs.drain()
    for role in sender.world.actors:
        sender.crawl(role, "fr" if role in ("coordinator", "self") else "en")
    read_life(sender)
    read_mail(sender)


def read_life(sender: Sender) -> None:
    assert sender.life
    sender.browser("administrator")
    for path in (*sender.life.pages, sender.life.paper):
        answer = sender.open("administrator", "GET", path, f"a life at {path}")
        assert answer.status_code == 200 and (path == sender.life.paper or MARK in answer.text), (
            path
        )


def read_mail(sender: Sender) -> None:
    with sender.app.app_context():
        for letter in db.session.scalars(sa.select(Mail)):
            texts = [
                getattr(letter, column.key)
                for column in Mail.__table__.columns
                if isinstance(column.type, sa.String)
            ]
            sender.breaches += [
                f"mail {letter.kind}: {fault}"
                for fault in in_mail(letter.subject, letter.address, *filter(None, texts))
            ]


def text_columns(metadata: sa.MetaData = db.metadata) -> Iterator[sa.Column[Any]]:
    """Every column that can hold a text, whatever SQLAlchemy calls it."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            kind = (
                column.type.impl_instance
                if isinstance(column.type, sa.TypeDecorator)
                else column.type
            )
            if isinstance(kind, sa.String | sa.JSON) and not isinstance(kind, sa.Enum):
                yield column


def stored(app: Flask, what: str = MARK) -> set[str]:
    """The columns that hold the canary, or another text."""
    places = set()
    with app.app_context():
        for column in text_columns():
            values = db.session.scalars(sa.select(column).where(column.is_not(None)))
            if any(
                what in (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
                for value in values
            ):
                places.add(str(column))
    return places


@pytest.mark.long
def test_a_canary_through_every_field_stays_text_everywhere(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms: set[str] = set()
    original = Form.__init__

    def noted(self: Form, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        forms.update(class_.__qualname__ for class_ in type(self).__mro__)

    monkeypatch.setattr(Form, "__init__", noted)
    held: set[str] = set()
    steps = (
        through_files,
        partial(through_pages, ends=False),
        partial(through_the_api, ends=False),
        through_a_life,
        partial(through_pages, ends=True),
        partial(through_the_api, ends=True),
        through_commands,
        through_what_ends,
        read_everything,
    )
    for step in steps:
        step(sender)
        held |= stored(sender.app)
    assert sorted(set(sender.breaches)) == []
    assert sender.files == {"/deliveries/OPEN/nominate"}, (
        "an upload of another kind needs its canary"
    )
    assert sorted(sender.unsent()) == [], "asked for by a view, and no canary went there"
    assert {form.__qualname__ for form in forms_of_the_product()} <= forms, (
        "a form on no page that was visited"
    )
    out_of_reach = set(" ".join(OUT_OF_REACH.values()).split())
    assert held == {str(column) for column in text_columns()} - out_of_reach, (
        "a column that the canary does not reach, or now does"
    )
    assert stored(sender.app, UNSEEN) == set(), "an invisible mark was kept"


def forms_of_the_product(of: type[Form] = Form) -> Iterator[type]:
    for subclass in of.__subclasses__():
        if (
            subclass.__module__.partition(".")[0] in source.PACKAGES
            and "<locals>" not in subclass.__qualname__
        ):
            yield subclass
        yield from forms_of_the_product(subclass)
