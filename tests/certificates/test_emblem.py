"""One emblem: on pages, in the browser's tab and on certificates, the same two shapes in the
same two colours."""

from __future__ import annotations

import re

from core.settings import ROOT

PLACES = (
    "static/emblem.svg",
    "static/favicon.svg",
    "templates/base.html",
    "templates/certificates/layouts/sheet/page.html",
)
#: In the page, colours come from the style sheet, so that they fit the dark.
DRAWN = (
    "static/emblem.svg",
    "static/favicon.svg",
    "templates/certificates/layouts/sheet/page.html",
)


def emblem_in(place: str) -> list[str]:
    """The shapes of the first drawing in a file."""
    drawing = re.search(r"<svg.*?</svg>", (ROOT / place).read_text(encoding="utf-8"), re.DOTALL)
    assert drawing, place
    return re.findall(r"<path[^>]*>", drawing[0])


def test_it_is_the_same_everywhere() -> None:
    shapes = {
        place: [re.search(r'\sd="([^"]+)"', path)[1] for path in emblem_in(place)]
        for place in PLACES
    }
    assert len(shapes["static/emblem.svg"]) == 2
    assert {
        place: drawn for place, drawn in shapes.items() if drawn != shapes["static/emblem.svg"]
    } == {}
    colours = {tuple(re.findall(r'fill="(#\w+)"', "".join(emblem_in(place)))) for place in DRAWN}
    assert colours == {("#0f4c5c", "#8a5a00")}
