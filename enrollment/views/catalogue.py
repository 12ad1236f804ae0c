"""The public catalogue."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Any

from flask import current_app, render_template, request, url_for
from markupsafe import Markup

from core import audit, clock, i18n
from core.caching import revalidated_page
from core.codes import spelling
from core.web import current_actor, public
from enrollment import catalogue as listing
from enrollment.catalogue import CatalogueFilter
from enrollment.views.blueprint import pages

#: Parameter of the address → field of `CatalogueFilter`.
FILTERS = {
    "course": "course",
    "language": "language",
    "country": "country",
    "category": "category",
    "from": "first",
    "to": "last",
}
KEPT_LISTS = 64
QUARTER = 15 * 60


@pages.get("/")
@public
@revalidated_page(current_actor)
def catalogue() -> str:
    """Upcoming deliveries. The list is rendered once and cached until anything changes."""
    values = {name: request.args.get(name, "").strip()[:60] for name in FILTERS}
    criteria = CatalogueFilter(**{FILTERS[name]: value for name, value in values.items()})
    body = _kept_list(criteria, request.args.get("after"))
    return render_template("enrollment/catalogue.html", body=body, criteria=criteria)


def _kept_list(criteria: CatalogueFilter, after: str | None) -> Markup:
    """The list as HTML, cached as long as nothing has changed.

    The list changes only with an entry in the audit trail, or with time: at most every quarter of
    an hour, since all time zones begin their days on one. So one small query tells whether the
    cached list is still valid.
    """
    cache: OrderedDict[Any, Markup] = current_app.extensions.setdefault("catalogue", OrderedDict())
    key = (
        audit.position(),
        int(clock.now().timestamp()) // QUARTER,
        i18n.locale(),
        criteria,
        after,
    )
    if (body := cache.get(key)) is None:
        template = current_app.jinja_env.get_template("enrollment/catalogue_list.html")
        page = None if criteria.is_reversed else listing.upcoming(criteria, after=after)
        choices = listing.choices()
        criteria = replace(criteria, course=spelling(criteria.course, dict(choices.courses)))
        facts = {
            "page": page,
            "choices": choices,
            "categories": listing.CATEGORIES,
            "criteria": criteria,
        }
        query = {name: value for name in FILTERS if (value := getattr(criteria, FILTERS[name]))}
        further = (
            url_for("enrollment.catalogue", **query, after=page.next)
            if page and page.next
            else None
        )
        first = url_for("enrollment.catalogue", **query) if after else None
        body = Markup(template.render(**facts, further=further, first=first))  # noqa: S704 -- rendered with escaping
        cache[key] = body
        while len(cache) > KEPT_LISTS:
            cache.popitem(last=False)
    return body
