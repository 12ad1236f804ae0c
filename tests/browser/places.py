"""The addresses of every page of the demonstration: the route's own name → who looks at it, and
where.

Parts in braces are found in the demonstration's database (`PARTS`) or made in the running site
(`made_addresses`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accounts.passwords import DEMONSTRATION_PASSWORD
from tests.browser.server import Site
from tests.browser.watching import Visits

#: Part of an address → the statement that finds it.
PARTS = {
    "participant": "SELECT id FROM person WHERE email = 'participant@rostrum.example'",
    "trainer": "SELECT id FROM person WHERE email = 'trainer@rostrum.example'",
    "ministry": "SELECT id FROM organization WHERE code = 'CA-MFA'",
    "letter": "SELECT id FROM mail WHERE state = 'kept' ORDER BY id LIMIT 1",
    "job": "SELECT id FROM job WHERE kind = 'certificates.issue' ORDER BY id LIMIT 1",
    "expert": (
        "SELECT s.expert_id FROM expert_skill s JOIN certificate c ON c.id = s.certificate_id "
        "JOIN expert x ON x.id = s.expert_id "
        "WHERE c.status = 'valid' AND x.status = 'admitted' LIMIT 1"
    ),
    "suspended": "SELECT number FROM certificate WHERE status = 'suspended' ORDER BY id LIMIT 1",
    "last_certificate": (
        "SELECT number FROM certificate WHERE status = 'valid' ORDER BY id DESC LIMIT 1"
    ),
    "certificate": "SELECT number FROM certificate WHERE status = 'valid' ORDER BY id LIMIT 1",
    "revoked": "SELECT number FROM certificate WHERE status = 'revoked' ORDER BY id LIMIT 1",
    "valid_token": "SELECT token FROM certificate WHERE status = 'valid' ORDER BY id LIMIT 1",
    "revoked_token": "SELECT token FROM certificate WHERE status = 'revoked' ORDER BY id LIMIT 1",
    **{
        f"{status}_in_{code.replace('-', '_').lower()}": (
            "SELECT e.id FROM enrollment e JOIN delivery d ON d.id = e.delivery_id "
            f"WHERE d.code = '{code}' AND e.status = '{status}' ORDER BY e.id LIMIT 1"
        )
        for status, code in (
            ("confirmed", "GTI-NEXT"),
            ("waitlisted", "POC-FULL"),
            ("requested", "GAD-SELECT"),
            ("completed", "GTI-FIRST"),
            ("not_completed", "GTI-FIRST"),
        )
    },
}

#: endpoint → [(role or None, address)]. A route that answers HTML must stand here, at least once.
PAGES: dict[str, list[tuple[str | None, str]]] = {
    "administration.accessibility": [(None, "/accessibility")],
    "administration.overview": [("administrator", "/administration")],
    "administration.audit_trail": [("administrator", "/administration/audit")],
    "administration.background_jobs": [("administrator", "/administration/jobs")],
    "people.consent_on_paper": [("coordinator", "/people/consent-on-paper")],
    "people.my_consents": [("participant", "/me/consents")],
    "people.edit_person": [("administrator", "/administration/people/{participant}/edit")],
    "administration.help_page": [(None, "/help")],
    "administration.kept_message": [("participant", "/mail/{letter}")],
    "accounts.link": [(None, "{sign_in_link}")],
    "administration.mail": [("administrator", "/administration/mail")],
    "accounts.me": [
        (role, "/me")
        for role in (
            "participant",
            "nominator",
            "trainer",
            "coordinator",
            "roster",
            "administrator",
        )
    ],
    "administration.message": [("administrator", "/administration/mail/{letter}")],
    "administration.messages": [("participant", "/mail")],
    "people.my_details": [("participant", "/me/details")],
    "accounts.my_email": [("participant", "/me/email")],
    "accounts.my_password": [("participant", "/me/password")],
    "accounts.my_tokens": [("participant", "/me/tokens")],
    "accounts.new_account": [("administrator", "/administration/people/new")],
    "accounts.new_address": [("nominator", "{new_address_link}")],
    "people.new_organization": [("administrator", "/administration/organizations/new")],
    "people.organization": [("administrator", "/administration/organizations/{ministry}")],
    "people.organizations": [("administrator", "/administration/organizations")],
    "accounts.people": [
        ("administrator", "/administration/people"),
        ("administrator", "/administration/people?q=nobody-is-called-so"),
    ],
    "accounts.person": [("administrator", "/administration/people/{trainer}")],
    "administration.privacy": [(None, "/privacy")],
    "accounts.sign_in": [(None, "/sign-in"), (None, "/sign-in?next=/me")],
    "certificates.certificate": [
        ("coordinator", "/certificates/{certificate}"),
        ("coordinator", "/certificates/{revoked}"),
    ],
    "certificates.proposed_revocation": [
        ("administrator", "/certificates/{proposed}/revoke/confirm")
    ],
    "certificates.lift": [("coordinator", "/certificates/{suspended}/lift")],
    "certificates.suspend": [("coordinator", "/certificates/{certificate}/suspend")],
    "certificates.issue_page": [
        ("coordinator", "/deliveries/POC-RECENT/certificates"),
        ("coordinator", "/deliveries/GTI-FIRST/certificates"),
        ("coordinator", "/deliveries/GTI-NOW/certificates"),
    ],
    "certificates.job": [("coordinator", "/jobs/{job}")],
    "certificates.mine": [("participant", "/me/certificates"), ("trainer", "/me/certificates")],
    "certificates.register": [("coordinator", "/certificates")],
    "certificates.void_numbers": [("administrator", "/certificates/void-numbers")],
    "certificates.reissue": [("coordinator", "/certificates/{certificate}/reissue")],
    "certificates.revoke": [("coordinator", "/certificates/{certificate}/revoke")],
    "certificates.verify": [(None, "/verify/{valid_token}"), (None, "/verify/{revoked_token}")],
    "certificates.verify_form": [(None, "/verify")],
    "courses.cancel_delivery": [("coordinator", "/deliveries/GTI-NEXT/cancel")],
    "courses.course": [(None, "/courses/GTI"), ("trainer", "/courses/GTI")],
    "courses.courses": [(None, "/courses"), ("trainer", "/courses")],
    "courses.cut_short": [("coordinator", "/deliveries/GTI-NOW/cut-short")],
    "courses.edit": [("trainer", "/courses/GTI/edit")],
    "courses.edit_delivery": [("coordinator", "/deliveries/GTI-NEXT/edit")],
    "courses.new": [("trainer", "/courses/new")],
    "courses.schedule": [("trainer", "/courses/GTI/schedule")],
    "courses.skills": [(None, "/skills")],
    "docs.api_page": [(None, "/api/v1/docs")],
    "enrollment.application_sent": [(None, "{application_sent}")],
    "enrollment.apply": [
        (None, "/deliveries/GTI-NEXT/apply"),
        ("participant", "/deliveries/HEAT-FR/apply"),
        (None, "/deliveries/GTI-FIRST/apply"),
    ],
    "classroom.attendance": [("trainer", "/deliveries/GTI-NOW/attendance")],
    "classroom.attendance_session": [
        ("trainer", "/deliveries/GTI-NOW/attendance/4"),
        ("trainer", "/deliveries/GTI-NOW/attendance/1"),
        ("coordinator", "/deliveries/GTI-FIRST/attendance/1"),
        ("coordinator", "/deliveries/HEAT-FR/attendance/1"),
    ],
    "enrollment.catalogue": [(None, "/"), (None, "/?country=AQ"), ("coordinator", "/")],
    "enrollment.decline": [("coordinator", "/enrollments/{requested_in_gad_select}/decline")],
    "enrollment.deliveries": [("coordinator", "/deliveries")],
    "enrollment.delivery": [
        *(
            (None, f"/deliveries/{code}")
            for code in (
                "GTI-NEXT",
                "POC-FULL",
                "GAD-SELECT",
                "GTI-FIRST",
                "POC-CANCELLED",
                "GTI-NOW",
            )
        ),
        ("coordinator", "/deliveries/GTI-NEXT"),
        ("coordinator", "/deliveries/GTI-DRAFT"),
        ("nominator", "/deliveries/GTI-NEXT"),
    ],
    "enrollment.enrollment": [
        ("coordinator", "/enrollments/{confirmed_in_gti_next}"),
        ("coordinator", "/enrollments/{waitlisted_in_poc_full}"),
        ("coordinator", "/enrollments/{completed_in_gti_first}"),
        ("coordinator", "/enrollments/{not_completed_in_gti_first}"),
    ],
    "classroom.finish": [
        ("coordinator", "/deliveries/GTI-NOW/finish"),
        ("coordinator", "/deliveries/POC-RECENT/finish"),
    ],
    "classroom.letter": [("coordinator", "/enrollments/{not_completed_in_gti_first}/letter")],
    "enrollment.needs": [("coordinator", "/deliveries/GTI-NEXT/needs")],
    "enrollment.questions": [
        ("coordinator", "/people-to-check"),
        ("administrator", "/people-to-check"),
    ],
    "enrollment.mine": [("participant", "/me/enrollments"), ("trainer", "/me/enrollments")],
    "enrollment.entering": [("nominator", "{entering}")],
    "enrollment.nominate": [("nominator", "/deliveries/GTI-NEXT/nominate")],
    "enrollment.nomination_draft": [
        ("nominator", "/deliveries/GTI-NEXT/nominate/draft")
    ],  # none is kept: the way to begin one
    "classroom.reopen": [("coordinator", "/deliveries/GTI-FIRST/reopen")],
    "enrollment.nominate_person": [("nominator", "/deliveries/GTI-NEXT/nominate/person")],
    "enrollment.nominations": [
        ("nominator", "/nominations"),
        ("nominator", "/nominations?delivery=GTI-NEXT"),
    ],
    "classroom.scores": [
        ("trainer", "/deliveries/GTI-NOW/scores"),
        ("coordinator", "/deliveries/GTI-FIRST/scores"),
    ],
    "enrollment.selection": [
        ("coordinator", f"/deliveries/{code}/selection")
        for code in ("GAD-SELECT", "POC-FULL", "GTI-NEXT", "HEAT-FR")
    ],
    "classroom.sheet": [("coordinator", "/deliveries/GTI-NOW/sheet")],
    "enrollment.withdraw": [("coordinator", "/enrollments/{confirmed_in_gti_next}/withdraw")],
    "roster.question": [(None, "{asked}")],
    "roster.waiting": [("roster", "/roster/waiting")],
    "roster.edit": [("roster", "/roster/{expert}/edit")],
    "roster.expert": [("roster", "/roster/{expert}")],
    "roster.my_profile": [("participant", "/me/profile"), ("trainer", "/me/profile")],
    "roster.new": [("roster", "/roster/new")],
    "roster.search": [
        ("roster", "/roster"),
        ("roster", "/roster?skill=gender-peace-operations"),
        ("roster", "/roster?q=nobody+is+called+so"),
    ],
}

#: Routes that answer files, data or health, never a page.
NOT_PAGES = {
    "administration.audit_export",
    "people.emblem",
    "certificates.archive",
    "certificates.download",
    "certificates.preview",
    "courses.delivery_calendar",
    "docs.openapi_json",
    "enrollment.nomination_template",
    "enrollment.nomination_workbook",
    "enrollment.nominations_file",
    "enrollment.participants_file",
    "health.alive",
    "health.ready",
    "static",
}


def page_endpoints(folder: Path) -> set[str]:
    """The endpoints of every GET route that answers HTML, from the application itself."""
    from tests.databases import make_app

    rules = make_app(folder).url_map.iter_rules()
    endpoints = {rule.endpoint for rule in rules if "GET" in (rule.methods or ())}
    return {
        name
        for name in endpoints
        if name not in NOT_PAGES and not name.partition(".")[0].endswith("_api")
    }


@dataclass(frozen=True)
class Sample:
    endpoint: str
    role: str | None
    address: str


def samples(site: Site, created: dict[str, str]) -> list[Sample]:
    """Every page with its address filled in."""
    known = dict(created)

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in known:
            known[name] = str(site.value(PARTS[name]))
        return known[name]

    return [
        Sample(endpoint, role, re.sub(r"\{(\w+)\}", fill, address))
        for endpoint, addresses in PAGES.items()
        for role, address in addresses
    ]


def made_addresses(visits: Visits) -> dict[str, str]:
    """Addresses that only exist once someone asked for them: mailed links, and the page after an
    application."""
    addresses = {}
    page = visits.context(java_script_enabled=False).new_page()
    page.goto("/sign-in")
    form = page.locator("form[action$='/sign-in/link']")
    form.locator("[name=email]").fill("participant@rostrum.example")
    form.locator("button").click()
    addresses["sign_in_link"] = link_in_mail(
        visits.site, "participant@rostrum.example", "/sign-in/"
    )

    apply(page, "HEAT-FR", "walk@rostrum.example", "Wanda", "Walker")
    addresses["application_sent"] = page.url.removeprefix(visits.site.url)

    page = visits.context("nominator", java_script_enabled=False).new_page()
    page.goto("/me/email")
    form = page.locator("main form")
    form.locator("[name=email]").fill("nominator-new@rostrum.example")
    form.locator("[name=current_password]").fill(DEMONSTRATION_PASSWORD)
    form.locator("button.button").click()
    addresses["new_address_link"] = link_in_mail(
        visits.site, "nominator-new@rostrum.example", "/me/email/"
    )
    addresses["asked"] = asked_person(visits)
    addresses["proposed"] = proposed_revocation(visits)
    addresses["entering"] = long_list(visits)
    return addresses


def asked_person(visits: Visits) -> str:
    """The page on which someone answers whom roster staff want on the roster."""
    page = visits.context("roster", java_script_enabled=False).new_page()
    page.goto("/roster/new")
    form = page.locator("main form")
    form.locator("[name=person_given_name]").fill("Asked")
    form.locator("[name=person_family_name]").fill("Person")
    form.locator("[name=person_email]").fill("asked@rostrum.example")
    form.locator("[name=category][value=civilian]").check()
    form.locator("button.button").last.click()
    return link_in_mail(visits.site, "asked@rostrum.example", "/roster/asked/")


def long_list(visits: Visits) -> str:
    """The page that tells how far a long list of nominations is."""
    people = [f"Given{n},Family{n},listed{n}@rostrum.example,CA,civilian" for n in range(101)]
    content = "\n".join(["Given name,Family name,Email,Country,Category", *people])
    page = visits.context("nominator", java_script_enabled=False).new_page()
    page.goto("/deliveries/COP-NEXT/nominate")
    page.locator("[name=file]").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    page.locator("form[action$='/nominate'] button.button").click()
    page.locator("button.button[name=act][value=nominate]").click()
    page.wait_for_url("**/nominations/*")
    return page.url.removeprefix(visits.site.url)


def proposed_revocation(visits: Visits) -> str:
    """The number of a certificate whose revocation waits for a second person."""
    number = str(visits.site.value(PARTS["last_certificate"]))
    page = visits.context("coordinator", java_script_enabled=False).new_page()
    page.goto(f"/certificates/{number}/revoke")
    page.locator("[name=reason_code][value=fraud]").check()
    page.locator("[name=note]").fill("Another person sat the test.")
    page.locator("main form button.button").click()
    return number


def link_in_mail(site: Site, address: str, path: str) -> str:
    """The path of the newest mailed link of that kind."""
    body = str(
        site.value("SELECT body FROM mail WHERE address = ? ORDER BY id DESC LIMIT 1", address)
    )
    match = re.search(rf"{re.escape(site.url)}({re.escape(path)}\S+)", body)
    assert match, body
    return match.group(1)


def apply(
    page: Any,
    code: str,
    email: str,
    given_name: str,
    family_name: str,
    *,
    category: str = "civilian",
) -> None:
    """Applies on the public pages, in three screens."""
    page.goto(f"/deliveries/{code}/apply")
    form = page.locator("#application")
    form.locator("[name=email]").fill(email)
    form.locator("[name=given_name]").fill(given_name)
    form.locator("[name=family_name]").fill(family_name)
    form.locator("[name=country]").select_option("CA")
    form.locator("[name=gender][value=undisclosed]").check()
    form.locator(f"[name=category][value={category}]").check()
    forward(page)
    form.locator("[name=organization]").fill("Ministry of Foreign Affairs")
    forward(page)
    form.locator("[name=consent]").check()
    forward(page)


def forward(page: Any) -> None:
    """The primary button of the application's screen."""
    page.locator("#application button.button:not(.secondary)").click()
