"""Searching the roster: documents narrow the search, then the rows themselves decide on dates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY

from core import clock, counting, names
from core.database import is_sqlite
from core.paging import Page, page
from roster import documents
from roster.filters import Filters, WantedSkill
from roster.models import Availability, ExpertSearch, ExpertSkill

#: EXISTS selects a constant, not columns, so that an index alone can answer.
_ROW: sa.ColumnElement[Any] = sa.literal_column("1")
_fts = sa.table("expert_fts", sa.column("rowid", sa.Integer), sa.column("expert_fts", sa.Text))
_vector: sa.ColumnElement[Any] = sa.literal_column(
    "array_to_tsvector(string_to_array(trim(expert_search.tokens || ' ' || expert_search.names), "
    "' '))"
)


def expert_page(filters: Filters, *, after: str | None, limit: int) -> Page[int]:
    """The ids of the matching experts, by name."""
    is_broad = is_sqlite() and not counting.is_exact(counts([filters])[0])
    return _page(filters, is_broad=is_broad, after=after, limit=limit)


def _page(filters: Filters, *, is_broad: bool, after: str | None, limit: int) -> Page[int]:
    """For a broad search SQLite reads the documents in the order of names, which soon fills a page,
    and sorts nothing. PostgreSQL chooses the shorter way by itself."""
    statement = _matching(filters, _text_of_row) if is_broad and is_sqlite() else matching(filters)
    keys: list[Any] = [ExpertSearch.sort_name, ExpertSearch.expert_id]
    return page(statement, keys, after=after, limit=limit)


def counted_page(filters: Filters, *, after: str | None, limit: int) -> tuple[Page[int], int]:
    """The same with the total number (see `core.counting`). The narrowing is computed once for
    both, unless there are too many matches to look at all."""
    named = matching(filters).add_columns(ExpertSearch.sort_name)
    hits = named.limit(counting.MOST_COUNTED + 1).cte("hits")
    total = sa.select(sa.func.count()).select_from(hits).scalar_subquery()
    hits_page = page(
        sa.select(hits.c.expert_id, total),
        [hits.c.sort_name, hits.c.expert_id],
        after=after,
        limit=limit,
    )
    count = hits_page.items[0][1] if hits_page.items else counts([filters])[0]
    if not counting.is_exact(count):
        return _page(filters, is_broad=True, after=after, limit=limit), count
    return Page([row[0] for row in hits_page.items], hits_page.next), count


def counts(searches: Sequence[Filters]) -> list[int]:
    """The number of matches of each search."""
    return counting.counts([matching(filters) for filters in searches])


def matching(filters: Filters) -> sa.Select[Any]:
    """The ids of all matching experts, unordered."""
    return _matching(filters, _text_of_index)


#: Adds to a statement: all exact tokens, and the beginnings of one spelling of a name. Every word
#: is plain ASCII made here, so quoting it is safe.
Text = Callable[[sa.Select[Any], list[str], list[list[str]]], sa.Select[Any]]


def _matching(filters: Filters, with_text: Text) -> sa.Select[Any]:
    statement = sa.select(ExpertSearch.expert_id)
    if filters.offices is not None:
        statement = statement.where(ExpertSearch.office_id.in_(sorted(filters.offices)))
    exact, ways = _tokens(filters), names.sought(filters.q)
    if exact or ways:
        statement = with_text(statement, exact, ways)
    if filters.q and not ways:
        statement = statement.where(sa.false())  # punctuation alone is not a name
    for wanted_skill in filters.skills:
        statement = statement.where(_holds(wanted_skill, filters))
    if filters.window:
        first, last = filters.window
        window = sa.exists(_ROW).where(
            Availability.expert_id == ExpertSearch.expert_id,
            Availability.starts_on <= first,
            Availability.ends_on >= last,
        )
        statement = statement.where(window)
    return statement


def _tokens(filters: Filters) -> list[str]:
    """The tokens that a document must have."""
    exact = []
    if filters.category:
        exact.append(documents.category_token(filters.category.value))
    if filters.country:
        exact.append(documents.country_token(filters.country))
    if filters.nationality:
        exact.append(documents.nationality_token(filters.nationality))
    if filters.gender:
        exact.append(documents.gender_token(filters.gender.value))
    exact += [
        documents.language_token(wanted_language.language, wanted_language.step)
        for wanted_language in filters.languages
    ]
    if (
        filters.as_of is None
    ):  # documents describe the present; a skill withdrawn since is no longer in it
        exact += [
            documents.skill_token(wanted_skill.skill.id, _rank(wanted_skill))
            for wanted_skill in filters.skills
        ]
    return exact


def _text_of_index(
    statement: sa.Select[Any], exact: list[str], ways: list[list[str]]
) -> sa.Select[Any]:
    """Through the full-text index. SQLite starts from it and stops when enough rows are found; a
    list of ids would have to be complete first. Without `+ 0` it would start from the office, and
    ask the index again for each of its experts."""
    if is_sqlite():
        named = " OR ".join(
            "({})".format(" AND ".join(f'"{word}"*' for word in way)) for way in ways
        )
        query = " AND ".join([f'"{word}"' for word in exact] + ([f"({named})"] if named else []))
        joined = statement.join(_fts, _fts.c.rowid + 0 == ExpertSearch.expert_id)
        return joined.where(_fts.c.expert_fts.op("MATCH")(query))
    named = " | ".join("({})".format(" & ".join(f"'{word}':*" for word in way)) for way in ways)
    query = " & ".join([f"'{word}'" for word in exact] + ([f"({named})"] if named else []))
    return statement.where(_vector.op("@@")(sa.cast(query, TSQUERY)))


def _text_of_row(
    statement: sa.Select[Any], exact: list[str], ways: list[list[str]]
) -> sa.Select[Any]:
    """Through the document itself."""
    tokens, written = " " + ExpertSearch.tokens + " ", " " + ExpertSearch.names
    statement = statement.where(
        *(tokens.contains(f" {token} ", autoescape=True) for token in exact)
    )
    named = [
        sa.and_(*(written.contains(f" {word}", autoescape=True) for word in way)) for way in ways
    ]
    return statement.where(sa.or_(*named)) if named else statement


def _holds(wanted_skill: WantedSkill, filters: Filters) -> sa.ColumnElement[bool]:
    """The expert has the skill at this level or above, on the day, as known at the chosen time."""
    condition = sa.and_(
        ExpertSkill.expert_id == ExpertSearch.expert_id,
        ExpertSkill.skill_id == wanted_skill.skill.id,
        ExpertSkill.level_rank >= _rank(wanted_skill),
        sa.or_(ExpertSkill.valid_until.is_(None), ExpertSkill.valid_until >= filters.day),
        ExpertSkill.valid_from <= clock.begun_by(filters.valid_on),
    )
    if filters.as_of is None:
        condition &= ExpertSkill.withdrawn_at.is_(None)
    else:
        condition &= ExpertSkill.recorded_at <= filters.as_of
        condition &= sa.or_(
            ExpertSkill.withdrawn_at.is_(None), ExpertSkill.withdrawn_at > filters.as_of
        )
    return sa.exists(_ROW).where(condition)


def _rank(wanted_skill: WantedSkill) -> int:
    return wanted_skill.level.rank if wanted_skill.level else 1
