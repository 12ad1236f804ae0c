"""A browser without JavaScript for tests: reads pages, fills in forms as people find them, and
checks every page it is given: well-formed HTML, a title and one h1, no double ids, labelled
fields, no inline style or script, strict headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import html5lib
from flask import Flask
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse


class Page:
    """An answer. `text` is what people read; `tree` is its parsed HTML."""

    def __init__(self, browser: Browser, response: TestResponse, path: str):
        self.browser = browser
        self.response = response
        self.status = response.status_code
        self.path = path
        self.html = response.get_data(as_text=True) if response.mimetype.startswith("text/") else ""
        self.tree: Any = None
        if response.mimetype == "text/html":
            parser = html5lib.HTMLParser(namespaceHTMLElements=False)
            self.tree = parser.parse(self.html)
            assert not parser.errors, f"{path}: {parser.errors[:3]}"
            check_page(self)

    @property
    def text(self) -> str:
        return (
            " ".join("".join(self.tree.find("body").itertext()).split())
            if self.tree is not None
            else self.html
        )

    @property
    def title(self) -> str:
        return (self.tree.findtext("head/title") or "").strip()

    def all(self, tag: str, **attributes: str) -> list[Any]:
        return [
            e
            for e in self.tree.iter(tag)
            if all(e.get(k.rstrip("_")) == v for k, v in attributes.items())
        ]

    @property
    def forms(self) -> list[Form]:
        return [Form(self, element) for element in self.tree.iter("form")]

    def form(self, action: str | None = None, button: str | None = None) -> Form:
        """The one form in the page's main part whose action ends so, or that has a button with
        these words."""
        main = next(self.tree.iter("main"))
        matching = [Form(self, element) for element in main.iter("form")]
        if action is not None:
            matching = [f for f in matching if urlsplit(f.action).path.endswith(action)]
        if button is not None:
            matching = [f for f in matching if any(button in text for text, _ in f.buttons)]
        assert len(matching) == 1, (
            f"{len(matching)} forms on {self.path} (action {action}, button {button}): "
            f"{self.text[:300]}"
        )
        return matching[0]

    def link(self, words: str) -> str:
        """The address behind the first link with these words."""
        for element in self.tree.iter("a"):
            if words in " ".join("".join(element.itertext()).split()):
                return urljoin(self.path, element.get("href"))
        raise AssertionError(f"no link “{words}” on {self.path}: {self.text[:400]}")

    def follow(self, words: str) -> Page:
        return self.browser.get(self.link(words))

    @property
    def errors(self) -> list[str]:
        """What the error summary says."""
        return [
            " ".join("".join(item.itertext()).split())
            for element in self.tree.iter()
            if "errors" in (element.get("class") or "").split()
            for item in element.iter("li")
        ]


class Form:
    """A form as found on a page, with the values it came with."""

    def __init__(self, page: Page, element: Any):
        self.page = page
        self.element = element
        self.action = urljoin(page.path, element.get("action") or page.path)
        self.method = (element.get("method") or "get").lower()

    @property
    def buttons(self) -> list[tuple[str, Any]]:
        """(words, element) in the order of the page: the first is what the Enter key presses.
        Those elsewhere that name this form are its own too."""
        inside, own = set(self.element.iter()), self.element.get("id")
        every = [b for b in self.page.tree.iter() if b.tag in ("button", "input")]
        sends = [
            b for b in every if b.get("type", "submit" if b.tag == "button" else "text") == "submit"
        ]
        mine = [b for b in sends if (b.get("form") == own if b.get("form") else b in inside)]
        return [
            (
                " ".join("".join(b.itertext()).split())
                if b.tag == "button"
                else b.get("value", ""),
                b,
            )
            for b in mine
        ]

    @property
    def values(self) -> MultiDict[str, Any]:
        """What would be sent untouched."""
        return MultiDict(list(self._values()))

    def _values(self) -> Iterator[tuple[str, str]]:
        for element in self.element.iter():
            name, kind = element.get("name"), element.get("type", "text")
            if not name or element.get("disabled") is not None:
                continue
            if element.tag == "input" and kind not in ("submit", "file", "button", "image"):
                if kind in ("checkbox", "radio") and element.get("checked") is None:
                    continue
                yield name, element.get("value", "on" if kind == "checkbox" else "")
            elif element.tag == "textarea":
                yield name, "".join(element.itertext()).removeprefix("\n")
            elif element.tag == "select":
                options = list(element.iter("option"))
                chosen = [o for o in options if o.get("selected") is not None] or (
                    [] if element.get("multiple") is not None else options[:1]
                )
                for option in chosen:
                    yield name, option.get("value", "".join(option.itertext()).strip())

    @property
    def names(self) -> set[str]:
        return {e.get("name") for e in self.element.iter() if e.get("name")}

    def submit(self, button: str | None = None, follow: Any = True, **changes: Any) -> Page:
        """Sends the form with these changes (a list for several values, None to leave a field
        out), as the named button would. Unknown field names are a mistake of the test."""
        values = self.values
        for name, value in changes.items():
            assert name in self.names, (
                f"no field {name} in the form at {self.page.path}: {sorted(self.names)}"
            )
            values.poplist(name)
            if value is None:
                continue
            if isinstance(value, tuple):
                values.add(name, FileStorage(value[0], filename=value[1]))
            else:
                values.setlist(
                    name, [str(v) for v in value] if isinstance(value, list) else [str(value)]
                )
        if button is not None or self.buttons:
            texts = [b for text, b in self.buttons if button is None or button in text]
            assert texts, (
                f"no button “{button}” at {self.page.path}: {[t for t, _ in self.buttons]}"
            )
            if texts[0].get("name"):
                values.add(texts[0].get("name"), texts[0].get("value", ""))
            action = texts[0].get("formaction")
        else:
            action = None
        address = urljoin(self.page.path, action) if action else self.action
        if self.method == "get":
            return self.page.browser.get(address, query=values)
        return self.page.browser.post(address, values, follow=follow)


class Browser:
    """Keeps cookies, follows redirects, checks every page."""

    def __init__(self, app: Flask, language: str = "en"):
        self.app = app
        self.client = app.test_client()
        self.language = language
        self.visited: list[str] = []

    def get(self, address: str, query: Any = None, follow: bool = True, **headers: str) -> Page:
        response = self.client.get(
            address, query_string=query, headers={"Accept-Language": self.language, **headers}
        )
        return self._page(response, address, follow)

    def post(self, address: str, values: Any, follow: bool = True) -> Page:
        """Sends values as they are; a form found on a page is `page.form(…).submit(…)`, which
        brings its CSRF token."""
        response = self.client.post(
            address, data=values, headers={"Accept-Language": self.language}
        )
        return self._page(response, address, follow)

    def token(self) -> str:
        """A CSRF token of this browser, for posts that no page offers a form for."""
        for path in ("/help", "/sign-in"):  # the first has one for whoever is signed in
            match = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', self.client.get(path).text)
            if match:
                return match[1]
        raise AssertionError("no page has a token")

    def _page(self, response: TestResponse, address: str, follow: bool) -> Page:
        self.visited.append(address)
        for _ in range(5):
            if not follow or response.status_code not in (301, 302, 303, 307, 308):
                break
            address = urljoin(address, response.headers["Location"])
            assert not urlsplit(address).netloc or urlsplit(address).netloc.startswith(
                ("localhost", "127.0.0.1")
            ), address
            response = self.client.get(address, headers={"Accept-Language": self.language})
        return Page(self, response, address)


#: What the Nu checker takes for a day or an instant of ours.
TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d))?")


#: What people type into; passwords are never sent back, and files cannot be.
TYPED_INTO = ("text", "email", "search", "date", "tel", "number")


def typed_into(form: Any) -> list[Any]:
    """The fields of a form that hold what someone typed."""
    named = [element for element in form.iter() if element.get("name")]
    return [
        e
        for e in named
        if e.tag == "textarea" or (e.tag == "input" and e.get("type", "text") in TYPED_INTO)
    ]


def check_languages(page: Page, where: str) -> None:
    """Changing the language sends a form that people type into along, so that nothing is lost
    (base.html's `main_form`)."""
    typed = [form for main in page.all("main") for form in main.iter("form") if typed_into(form)]
    sent_along = {button.get("form") for button in page.all("button") if button.get("lang")}
    assert not typed or any(form.get("id") in sent_along for form in typed), (
        f"{where}: a language loses what was typed"
    )


def check_forms(page: Page, where: str, ids: set[str]) -> None:
    """What the Nu checker asks of selects, and that a control's form and a label's field are
    there."""
    for option in page.all("option"):
        assert "".join(option.itertext()).strip() or option.get("label"), (
            f"{where}: an option without words"
        )
    for select in page.all("select"):
        if select.get("required") is not None and select.get("multiple") is None:
            first = next(iter(select), None)
            assert first is not None and first.tag == "option" and first.get("value") == "", (
                f"{where}: {select.get('name')}"
            )
    check_languages(page, where)
    for element in page.tree.iter():
        named = element.get("form"), element.get("for") if element.tag == "label" else None
        assert all(name is None or name in ids for name in named), (
            f"{where}: {element.tag} belongs to {named}, which is not there"
        )


def check_page(page: Page) -> None:
    """What holds for every page."""
    where = page.path
    assert page.title, f"{where}: no title"
    assert page.tree.get("lang"), f"{where}: no language"
    assert len(page.all("h1")) == 1, f"{where}: {len(page.all('h1'))} h1"
    ids = [e.get("id") for e in page.tree.iter() if e.get("id")]
    assert len(ids) == len(set(ids)), (
        f"{where}: double ids {[i for i in ids if ids.count(i) > 1][:3]}"
    )
    check_forms(page, where, set(ids))
    for moment in page.all("time"):
        assert TIME.fullmatch(moment.get("datetime") or ""), (
            f"{where}: <time datetime={moment.get('datetime')}>"
        )
    for element in page.tree.iter():
        assert element.get("style") is None, f"{where}: inline style"
        assert not [name for name in element.attrib if name.startswith("on")], (
            f"{where}: inline handler"
        )
    for script in page.all("script"):
        assert script.get("src"), f"{where}: inline script"
    labelled = {e.get("for") for e in page.all("label")}
    for element in [*page.all("input"), *page.all("select"), *page.all("textarea")]:
        if element.get("type") in ("hidden", "submit"):
            continue
        named = (
            element.get("id") in labelled
            or element.get("aria-label")
            or element.get("aria-labelledby")
        )
        assert named or _inside_label(page, element), (
            f"{where}: field {element.get('name')} has no label"
        )
    assert "default-src 'none'" in page.response.headers["Content-Security-Policy"]
    for form in page.all("form"):
        if (form.get("method") or "get").lower() == "post":
            assert any(i.get("name") == "csrf_token" for i in form.iter("input")), (
                f"{where}: form without CSRF token"
            )


def _inside_label(page: Page, element: Any) -> bool:
    return any(element in list(label.iter()) for label in page.all("label"))
