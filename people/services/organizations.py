"""Organizations: bodies that nominate, centres, roster offices, funders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects import postgresql, sqlite

from core.database import db, is_sqlite
from core.errors import Conflict, DomainError, Invalid, NotAllowed, collect
from core.events import publish
from core.policy import Actor, can, require
from core.printing import unprintable
from core.texts import filled
from people import values
from people.events import OrganizationChanged, OrganizationRecorded
from people.models import BodyKind, Organization
from people.permissions import Permission
from people.queries.bodies import find_body, may_change, require_kind, unknown_body

LONGEST_NAME = 200
LONGEST_PRINTED = 100  # what fits beside the emblem
LONGEST_SIGNATORY = 60  # the name or the office below a signature
MOST_SIGNATORIES = 2


def organization_by_code(actor: Actor, code: str, *, field: str = "nominated_by") -> Organization:
    """The nominating organization with this code. An actor who manages organizations creates an
    unknown one, named by its code."""
    body = find_body(code)
    if body is not None:
        require_kind(body, BodyKind.NOMINATOR, field)
        return body
    if not can(actor, Permission.ORGANIZATION_MANAGE):
        raise unknown_body(field)
    code = values.clean_code(code, field)
    return _add(actor, {"code": code, "name": code})


def put_organization(actor: Actor, code: str, **facts: Any) -> tuple[Organization, bool]:
    """Creates the organization or changes the given facts: name, kinds, country, title,
    contact_email, two_person_revocation, signatories. The second value says whether it is new. A
    new one needs a name and nominates by default."""
    body = find_body(code)
    if body is None:
        return create_organization(actor, code=code, **facts), True
    return change_organization(actor, body, **facts), False


def create_organization(
    actor: Actor,
    *,
    code: str,
    name: str | None = None,
    kinds: Iterable[str] = (BodyKind.NOMINATOR,),
    **fields: Any,
) -> Organization:
    """A new organization; Conflict if the code is taken."""
    require(actor, Permission.ORGANIZATION_MANAGE)
    code = values.clean_code(code, "code")
    facts = _cleaned({"name": name, "kinds": kinds, **fields})
    require_kinds(actor, facts["kinds"])
    _refuse_unprintable(facts["kinds"], facts["name"], facts.get("title"))
    if find_body(code) is not None:
        raise Conflict(
            "organization_exists", _l("An organization with this code exists already."), "code"
        )
    return _add(actor, {"code": code, **facts})


def change_organization(actor: Actor, organization: Organization, **fields: Any) -> Organization:
    """Changes the given facts, but never the code, on which programs rely. A kind is removed only
    if nothing depends on it."""
    require(actor, Permission.ORGANIZATION_MANAGE, organization)
    require_kinds(actor, organization.kinds)
    facts = _cleaned(fields)
    kinds = facts.get("kinds", organization.kinds)
    require_kinds(actor, kinds)
    _refuse_unprintable(
        kinds, facts.get("name", organization.name), facts.get("title", organization.title)
    )
    _refuse_other_kinds(organization, set(kinds))
    if changed := tuple(key for key, value in facts.items() if getattr(organization, key) != value):
        for key in changed:
            setattr(organization, key, facts[key])
        publish(OrganizationChanged(organization.id, changed), actor)
    return organization


def _cleaned(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as stored, or all their faults together."""
    cleaned: dict[str, Any] = {}
    faults: list[DomainError] = []
    for name, value in facts.items():
        try:
            cleaned[name] = _CLEANING[name](value)
        except Invalid as fault:
            faults.append(fault)
    collect(faults)
    return cleaned


def _kinds(value: Iterable[str]) -> list[str]:
    chosen = {values.clean_member(BodyKind, kind, "kinds") for kind in value or ()}
    if not chosen:
        raise Invalid("required", _l("Choose at least one."), "kinds")
    return [kind.value for kind in BodyKind if kind in chosen]


def _title(value: Mapping[str, str] | None) -> dict[str, str] | None:
    """The printed name by language; None to use the name."""
    texts = {
        code: values.clean_text(text, f"title.{code}", longest=LONGEST_PRINTED)
        for code, text in (value or {}).items()
    }
    return {code: text for code, text in texts.items() if text} or None


def _signatories(value: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """The signatories, without empty rows."""
    if len(value or ()) > MOST_SIGNATORIES:
        sentence = _l("There is room for at most %(most)s signatories.", most=MOST_SIGNATORIES)
        raise Invalid("too_many", sentence, "signatories")
    rows = [_signatory(row, f"signatories.{number}") for number, row in enumerate(value or ())]
    return [row for row in rows if row]


def _signatory(facts: Mapping[str, Any], field: str) -> dict[str, Any] | None:
    name = _signed(facts.get("name"), f"{field}.name")
    offices = {
        code: _signed(text, f"{field}.office.{code}")
        for code, text in (facts.get("office") or {}).items()
    }
    office = filled(offices)
    if not (name or office):
        return None
    values.needed_text(name, f"{field}.name")
    if not office:
        raise Invalid(
            "required", _l("Write the office in at least one language."), f"{field}.office"
        )
    return {"name": name, "office": office}


def _signed(text: str | None, field: str) -> str:
    return _printable(values.clean_text(text or "", field, longest=LONGEST_SIGNATORY), field)


_CLEANING: dict[str, Any] = {
    "name": lambda value: values.needed_text(value, "name", longest=LONGEST_NAME),
    "kinds": _kinds,
    "country": lambda value: values.clean_country(value, "country") if value else None,
    "title": _title,
    "contact_email": lambda value: values.clean_email(value, "contact_email") if value else None,
    "two_person_revocation": bool,
    "signatories": _signatories,
}


def require_kinds(actor: Actor, kinds: Iterable[str]) -> None:
    """NotAllowed unless the actor may change bodies of these kinds."""
    if not may_change(actor, kinds):
        raise NotAllowed(
            "not_allowed",
            _l(
                "Only administrators can record and change training centres, roster offices and "
                "funders."
            ),
            "kinds",
        )


def _refuse_unprintable(kinds: Iterable[str], name: str, title: Mapping[str, str] | None) -> None:
    """A centre's name must be printable, since its certificates show it."""
    if BodyKind.CENTRE not in kinds:
        return
    printed = {f"title.{code}": text for code, text in title.items()} if title else {"name": name}
    for field, text in printed.items():
        _printable(text, field)
        if len(text) > LONGEST_PRINTED:
            sentence = _l(
                "This is too long for certificates, which show at most %(count)s characters.",
                count=LONGEST_PRINTED,
            )
            raise Invalid("too_long", sentence, field)


def _printable(text: str, field: str) -> str:
    if characters := unprintable(text):
        sentence = _l(
            "Certificates cannot show %(characters)s. Write this without it.",
            characters=" ".join(characters[:8]),
        )
        raise Invalid("not_printable", sentence, field)
    return text


#: Of the original bodies, one is the centre and the other the roster office.
_FIRST = {BodyKind.CENTRE.value, BodyKind.ROSTER_OFFICE.value}


def _refuse_other_kinds(organization: Organization, kinds: set[str]) -> None:
    """(Accounts and courses check for themselves what depends on it.)"""
    before = set(organization.kinds)
    if organization.is_first and before & _FIRST != kinds & _FIRST:
        sentence = _l(
            "This training centre or roster office has been here from the start. What it does "
            "here cannot be changed."
        )
        raise Conflict("kind_in_use", sentence, "kinds")


def _add(actor: Actor, facts: dict[str, Any]) -> Organization:
    """The new organization, or one that a parallel transaction created with this code."""
    insert = (sqlite if is_sqlite() else postgresql).insert(Organization).values(**facts)
    organization = db.session.scalar(insert.on_conflict_do_nothing().returning(Organization))
    if organization is None:
        return db.session.scalars(
            sa.select(Organization).where(Organization.code == facts["code"])
        ).one()
    publish(OrganizationRecorded(organization.id, organization.code), actor)
    return organization
