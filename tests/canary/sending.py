"""Where text comes in, found by walking: rules and the forms on their pages, the names that
views ask a request for, the API's own description, the columns of a nomination file, the
commands."""

from __future__ import annotations

import copy
import html
import io
import itertools
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

import html5lib
import sqlalchemy as sa
from flask import Flask, request
from werkzeug.datastructures import FileStorage, ImmutableMultiDict, MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from core.database import db, transaction
from core.limits import TryCount
from core.web import access_of
from tests import factories
from tests.browsing import Browser, Form
from tests.canary.living import Life
from tests.canary.looking import ADDRESS, CANARIES, LINES, MARK, in_answer
from tests.test_access_table import World, address, rules

_count = itertools.count(1)


class NotedFields(ImmutableMultiDict):
    """A form or query string that notes which names the application asks for: (endpoint, "args"
    or "form", name)."""

    noted: set[tuple[str, str, str]] = set()

    def _note(self, name: Any) -> None:
        place = (
            next((place for place in ("args", "form") if vars(request).get(place) is self), None)
            if request
            else None
        )
        if place and isinstance(name, str) and request.endpoint:
            self.noted.add((request.endpoint, place, pattern(name)))

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        self._note(key)
        return super().get(key, *args, **kwargs)

    def getlist(self, key: str, *args: Any, **kwargs: Any) -> Any:
        self._note(key)
        return super().getlist(key, *args, **kwargs)

    def __getitem__(self, key: str) -> Any:
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._note(key)
        return super().__contains__(key)


def pattern(name: str) -> str:
    """Fields that differ in a number only are one: `sessions-3-title`."""
    return re.sub(r"\d+", "#", name)


#: What a field is filled with so that its form would be accepted, by the end of its name.
#: Everything else gets a word.
SAMPLES = {
    "email": lambda: f"canary{next(_count)}@example.org",
    "code": lambda: f"C-{next(_count)}",
    "identifier": lambda: f"N{next(_count)}",
    "birth_date": lambda: "1990-01-31",
    "month": lambda: "4",
    "year": lambda: "2027",
    "languages_#_language": lambda: "",
    "languages_#_level": lambda: "",
    "languages_#_framework": lambda: "",
    "availability_#_from": lambda: "",
    "availability_#_to": lambda: "",
    "closes_on-day": lambda: "",
    "closes_on-month": lambda: "",
    "closes_on-year": lambda: "",
    "birth_date-year": lambda: "1990",
    "starts_on": lambda: "2027-04-05",
    "password": lambda: "",
    "again": lambda: "",
    "prerequisites": lambda: "",
    "rank_code": lambda: "",
    "country": lambda: "CA",
    "nationalities": lambda: "CA",
    "language": lambda: "en",
    "time_zone": lambda: "America/Halifax",
    "category": lambda: "civilian",
    "subcategory": lambda: "",
    "places": lambda: "9",
    "percent": lambda: "80",
    "minutes": lambda: "90",
    "most": lambda: "9",
    "text": lambda: "",
    "rows": lambda: "",
    "submission": lambda: f"once{next(_count)}",
    "idempotency-key": lambda: f"key{next(_count)}",
    "status": lambda: "",
    "reason_code": lambda: "recognition_withdrawn",
    "framework": lambda: "cefr",
    "level": lambda: "basic",
    "from": lambda: "2027-05-01",
    "to": lambda: "2027-06-01",
    "skill": lambda: "gender-peace-operations",
    "valid_months": lambda: "12",
    "start": lambda: "09:00",
    "end": lambda: "17:00",
    "closes_on": lambda: "",
    "nominated_by": lambda: "CA-MFA",
    "gender": lambda: "female",
    "roster_consent": lambda: True,
    "consent": lambda: "y",
    "given_name": lambda: "Ama",
    "title-en": lambda: "A title",
    "title": lambda: "A title",
    "venue": lambda: "Ottawa",
    "version": lambda: "",
    "reason": lambda: "A reason",
    "note": lambda: "A note",
    "military": lambda: "",
    "police": lambda: "",
    "civilian": lambda: "",
    "day": lambda: "1",
    "admission": lambda: "automatic",
}


#: What every address is asked for before its view: one of them stands for all.
COMMON = {"lang"}
#: Each use asks for another.
FRESH = [SAMPLES[name] for name in ("email", "code", "identifier", "submission")]


def _word() -> str:
    return "Sample"


@lru_cache(maxsize=2048)
def _maker(name: str) -> Callable[[], Any]:
    ends = [end for end in SAMPLES if re.search(rf"(^|[-_.]){re.escape(end)}$", pattern(name))]
    return SAMPLES[max(ends, key=len)] if ends else _word


def sample(name: str) -> Any:
    return _maker(name)()


class Sender:
    """Sends canaries and looks at each answer. `breaches` is what was found, `sent` what was
    filled with a canary, `files` where a file can be chosen."""

    def __init__(self, app: Flask, world: World):
        self.app, self.world = app, world
        self.breaches: list[str] = []
        self.sent: set[tuple[str, str, str]] = set()
        self.files: set[str] = set()
        self.filled_in: dict[Form, MultiDict[str, Any]] = {}
        self.filled: dict[tuple[str, str], set[str]] = {}
        self.tokens: dict[str, str] = {}
        self.browsers: dict[str, Browser] = {}
        self.place = itertools.count(1)
        self.forms_of: dict[str, list[tuple[str, Form]]] = {}
        self.life: Life | None = None

    def browser(self, role: str) -> Browser:
        """Signed in again where what was sent before has ended the session."""
        if role not in self.browsers or (role != "anonymous" and self._is_out(self.browsers[role])):
            self.browsers[role] = Browser(self.app)
            if actor := self.world.actors[role]:
                factories.sign_in(self.browsers[role], actor)
        return self.browsers[role]

    def _is_out(self, browser: Browser) -> bool:
        return browser.client.get("/sign-in").status_code == 200  # who is in is led on

    def open(self, role: str, method: str, path: str, where: str, **options: Any) -> TestResponse:
        """One request, from a place of its own and with all tries left, and what is wrong with
        its answer."""
        client = (
            self.browsers[role].client
            if role in self.browsers
            else self.app.test_client(use_cookies=False)
        )
        n = next(self.place)
        options.setdefault(
            "environ_base", {"REMOTE_ADDR": f"10.{n >> 16}.{(n >> 8) & 255}.{n & 255}"}
        )

        response = client.open(path, method=method, **options)
        if response.status_code == 429:
            with self.app.app_context(), transaction():
                db.session.execute(sa.delete(TryCount))
            response = client.open(path, method=method, **options)
        assert response.status_code < 500, f"{where}: {response.status_code}"
        self.breaches += [f"{where}: {fault}" for fault in in_answer(response)]
        return response

    # Pages

    def senders(self, endpoint: str) -> tuple[str, ...]:
        access = access_of(self.app, endpoint)
        return (
            ("administrator",)
            if access and (access.signed_in or access.permission)
            else ("anonymous", "administrator")
        )

    def visit(self, rule: Any) -> list[tuple[str, Form]]:
        """The forms of a page, and the names that its view asks for."""
        fields = []
        for role in self.senders(rule.endpoint):
            self.browser(role)
            response = self.open(role, "GET", address(self.world, rule), f"GET {rule.rule}")
            if response.mimetype == "text/html":
                fields += [(role, form) for form in self.forms(response, address(self.world, rule))]
        return fields

    def forms(self, response: TestResponse, path: str) -> list[Form]:
        tree = html5lib.parse(response.get_data(as_text=True), namespaceHTMLElements=False)

        class _Page:  # what a Form asks of its page
            pass

        page: Any = _Page()
        page.path, page.tree = path, tree
        return [Form(page, element) for element in tree.iter("form")]

    def fill_in(self, role: str, form: Form, where: str) -> None:
        """A canary in each field in turn, the others as they come or with what they would
        accept."""
        seen = self.filled.setdefault(
            (role, self.endpoint(urlsplit(form.action).path, form.method.upper())), set()
        )
        for element in form.element.iter():
            name, kind = element.get("name"), element.get("type", "text")
            if kind == "file":
                self.files.add(urlsplit(form.action).path)
            if (
                not name
                or name == "csrf_token"
                or kind in ("file", "submit")
                or element.tag == "button"
                or pattern(name) in seen
            ):
                continue
            seen.add(pattern(name))
            canaries = [*CANARIES.values()]
            if element.tag == "select" or kind in ("radio", "checkbox"):  # nothing is kept of these
                canaries = [CANARIES["markup in a formula"]]
            elif element.tag == "textarea" or kind == "hidden":
                canaries.append(LINES)
            elif "email" in name:
                canaries.append(ADDRESS)
            for canary in canaries:
                self.send_form(role, form, f"{where} {name}", {name: canary})

    def send_form(
        self, role: str, form: Form, where: str, changes: dict[str, str], depth: int = 0
    ) -> None:
        values = self.values_of(form)
        for name, value in changes.items():
            values.setlist(name, [value])
        path = urlsplit(form.action).path
        endpoint = self.endpoint(path, form.method.upper())
        self.sent |= {
            (endpoint, "args" if form.method == "get" else "form", pattern(name))
            for name in values
            if MARK in str(values[name])
        }
        options = {"query_string": values} if form.method == "get" else {"data": values}
        response = self.open(role, form.method.upper(), path, where, **options)
        if (
            form.method == "post" and response.status_code == 200 and depth < 3
        ):  # the next screen, or the page to check
            for following in self.forms(response, path):
                if following.method == "post" and self.is_next(form, following):
                    self.send_form(role, following, where, {}, depth + 1)
                    break

    def is_next(self, form: Form, following: Form) -> bool:
        """Whether an answer goes on with what was sent: another screen of it, or the page on
        which rows are checked."""
        goes_on = following.action.endswith("/check") and not form.action.endswith("/check")
        return goes_on or (
            following.action == form.action
            and following.values.get("screen") != form.values.get("screen")
        )

    def values_of(self, form: Form) -> MultiDict[str, Any]:
        """What someone sends who fills in the whole form and presses its main button."""
        if form not in self.filled_in:
            self.filled_in[form] = self._filled_in(form)
        values = self.filled_in[form].copy()
        for name in values:
            if _maker(name) in FRESH and values[name].startswith(("canary", "C-", "N", "once")):
                values[name] = sample(name)
        return values

    def _filled_in(self, form: Form) -> MultiDict[str, Any]:
        values = form.values
        for element in form.element.iter():
            name, kind = element.get("name"), element.get("type", "text")
            if not name or kind in ("file", "submit", "button") or element.tag == "button":
                continue
            if element.tag == "select" and not values.get(name):
                options = [o.get("value") for o in element.iter("option") if o.get("value")]
                value = sample(name)
                values[name] = value if value in ("", *options) else next(iter(options), "")
            elif (
                kind == "radio" and name not in values or (kind == "checkbox" and "consent" in name)
            ):
                values[name] = element.get("value", "on")
            elif (
                kind not in ("radio", "checkbox")
                and element.tag != "select"
                and (not values.get(name) or name == "submission")
            ):
                is_asked = (
                    element.get("required") is not None
                    or element.get("inputmode") == "numeric"
                    or _maker(name) is not _word
                )
                values[name] = sample(name) if is_asked else ""
        main = next(
            (button for _, button in form.buttons), None
        )  # the one that the Enter key presses
        if main is not None and main.get("name"):
            values[main.get("name")] = main.get("value", "")
        return values

    def endpoint(self, path: str, method: str) -> str:
        return self.app.url_map.bind("localhost").match(path, method)[0]

    def ask(self, rule: Any, method: str, place: str, names: set[str]) -> None:
        """Names that a view asks for and no form of its page has."""
        role = self.senders(rule.endpoint)[0]
        self.browser(role)
        for name, canary in itertools.product(sorted(names), CANARIES.values()):
            filled = name.replace("#", "1")
            values = {filled: canary} | (
                {"csrf_token": self.token(role)} if place == "form" else {}
            )
            options = {"query_string" if place == "args" else "data": values}
            self.sent.add((rule.endpoint, place, name))
            self.open(
                role, method, address(self.world, rule), f"{method} {rule.rule} {filled}", **options
            )

    def token(self, role: str) -> str:
        """The CSRF token of this visit, from a page that has one for everyone."""
        client = self.browsers[role].client
        cookie = client.get_cookie(self.app.session_interface.cookie)  # type: ignore[attr-defined]  # an attribute of Visits
        visit = cookie.value if cookie else ""
        if visit not in self.tokens:
            match = re.search(
                r'name="csrf_token"[^>]*value="([^"]+)"',
                client.get("/sign-in", follow_redirects=True).text,
            )
            assert match
            self.tokens[client.get_cookie(self.app.session_interface.cookie).value] = match[1]  # type: ignore[attr-defined]  # an attribute of Visits
            visit = client.get_cookie(self.app.session_interface.cookie).value  # type: ignore[attr-defined]  # an attribute of Visits
        return self.tokens[visit]

    def parts(self, rule: Any, method: str) -> None:
        """A canary in each part of the address that takes text."""
        plain = [
            part for part in re.findall(r"<([^>]+)>", rule.rule) if not part.startswith("int:")
        ]
        role = self.senders(rule.endpoint)[-1]
        self.browser(role)
        for part, canary in itertools.product(plain, CANARIES.values()):
            path = rule.rule.replace(f"<{part}>", quote(canary, safe=""))
            path = re.sub(r"<[^>]+>", "1", path)
            data = (
                {"csrf_token": self.token(role)}
                if method == "POST" and not rule.rule.startswith("/api")
                else None
            )
            self.open(role, method, path, f"{method} {rule.rule} <{part}>", data=data)

    def is_form_of(self, form: Form, rule: Any, method: str) -> bool:
        """Whether the form is sent to this rule."""
        try:
            endpoint = self.endpoint(urlsplit(form.action).path, form.method.upper())
        except HTTPException:
            return False
        return (endpoint, form.method.upper()) == (rule.endpoint, method)

    def unsent(self) -> set[tuple[str, str, str]]:
        """What views asked for and no canary was sent to."""
        own = {
            name.partition(".")[0]
            for name in self.app.view_functions
            if not name.partition(".")[0].endswith("_api")
        }
        common = {name for name in COMMON if any(sent[2] == name for sent in self.sent)} | {
            "csrf_token"
        }
        return {
            field
            for field in NotedFields.noted - self.sent
            if field[0].partition(".")[0] in own and field[2] not in common
        }

    def call(self, method: str, path: str, body: Any, **options: Any) -> None:
        """A program with the administrator's token."""
        headers = {"Authorization": f"Bearer {self.world.tokens['administrator']}"} | options.pop(
            "headers", {}
        )
        if method != "GET":
            options["json"] = body
        self.open("program", method, path, f"{method} {path}", headers=headers, **options)

    def upload(
        self, role: str, path: str, content: str | bytes, name: str | None, act: str = "nominate"
    ) -> None:
        """A nomination file (pasted, without a name), checked and, as far as its rows are good,
        nominated, or kept for later."""
        self.browser(role)
        page = self.open(role, "GET", path, f"GET {path}")
        form = next(form for form in self.forms(page, path) if urlsplit(form.action).path == path)
        values = self.values_of(form)
        if name is None:
            values["text"] = content
        else:
            values["file"] = FileStorage(
                io.BytesIO(content if isinstance(content, bytes) else content.encode()),
                filename=name,
            )
        response = self.open(role, "POST", path, f"POST {path} {name}", data=values)
        for following in self.forms(response, path) if response.status_code == 200 else []:
            if following.action.endswith("/check"):
                self.send_form(role, following, "the check of a file", {"act": act})

    def link(self, role: str, path: str, part: str) -> str:
        """The first link of a page with this in its address."""
        self.browser(role)
        links = re.findall(
            r' href="(/[^"#]*)', self.open(role, "GET", path, f"GET {path}").get_data(as_text=True)
        )
        return next(html.unescape(link) for link in links if part in link)

    def crawl(self, role: str, language: str, most: int = 6) -> None:
        """Every address of the world and every link from there, at most so many for each rule."""
        self.browser(role)
        waiting = [address(self.world, rule) for method, rule in rules(self.app) if method == "GET"]
        seen: dict[str, int] = {}
        done: set[str] = set()
        while waiting:
            path = waiting.pop(0)
            if path in done or path.startswith(("/api/v1", "/static", "/sign-in/")):
                continue
            done.add(path)
            try:
                endpoint = self.endpoint(urlsplit(path).path, "GET")
            except HTTPException:
                continue
            seen[endpoint] = seen.get(endpoint, 0) + 1
            if seen[endpoint] > most:
                continue
            answer = self.open(
                role, "GET", path, f"{role} reads {path}", headers={"Accept-Language": language}
            )
            if answer.mimetype == "text/html":
                links = re.findall(r' href="(/[^"#]*)', answer.get_data(as_text=True))
                waiting += [html.unescape(link) for link in links if "lang=" not in link]
            elif answer.status_code == 303:
                waiting.append(answer.headers["Location"])


# The API


def leaves(body: Any, path: tuple = ()) -> Iterator[tuple]:
    """Where the texts of a body are, keys of objects that may be anything left out."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield from leaves(value, (*path, key))
    elif isinstance(body, list):
        for number, value in enumerate(body):
            yield from leaves(value, (*path, number))
    elif isinstance(body, str):
        yield path


def with_text(body: Any, path: tuple, text: str) -> Any:
    changed = copy.deepcopy(body)
    inner = changed
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = text
    return changed


def example(schema: dict[str, Any], schemas: dict[str, Any], name: str = "") -> Any:
    """A body of this shape with every field filled in, optional ones too."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    if "allOf" in schema:
        return example(schema["allOf"][0], schemas, name)
    if "anyOf" in schema:
        return example(
            next(option for option in schema["anyOf"] if option.get("type") != "null"),
            schemas,
            name,
        )
    if "enum" in schema or "const" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        return {
            key: example(property_, schemas, key) for key, property_ in schema["properties"].items()
        }
    if kind == "object":
        return {"en": f"Sample {next(_count)}", "fr": f"Exemple {next(_count)}"}
    if kind == "array":
        return [example(schema.get("items", {}), schemas, name)]
    if kind in ("integer", "number"):
        return 1
    if kind == "boolean":
        return True
    return str(sample(name))


def every_rule(app: Flask, ends: bool) -> list[tuple[str, Any]]:
    """(method, rule) of what ends something, or of all else, where each leaves enough to be done
    for the next."""
    last = (
        "sign-out",
        "close",
        "/end",
        "/me/",
        "sign-in",
        "cancel",
        "finish",
        "withdraw",
        "decline",
        "revoke",
        "reissue",
        "link",
        "password",
    )
    fields = [
        (m, rule)
        for m, rule in rules(app)
        if ends == (m != "GET" and any(word in rule.rule for word in last))
    ]
    return sorted(fields, key=lambda item: (item[0] != "GET", item[1].rule))
