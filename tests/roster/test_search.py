"""The search finds exactly those who meet every filter: compared with a plain loop over the
rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core import clock, counting, names
from core.database import db, is_sqlite
from core.errors import Invalid, NotAllowed
from core.paging import every
from core.policy import SYSTEM
from courses.queries import skills_to_choose
from demonstration.experts import load_experts
from people.models import Gender, Person
from people.personnel import PersonnelCategory
from roster import queries, search
from roster.filters import Filters, end_of, read_filters
from roster.models import Expert, ExpertStatus, LanguageFramework, SkillStatus
from roster.services import SpokenLanguage, Window
from tests import factories
from tests.roster import makers

pytestmark = pytest.mark.both_databases


def ask(**values: Any) -> Filters:
    return read_filters(values, skills_to_choose())


def results(**values: Any) -> set[str]:
    """Given names of those found."""
    db.session.rollback()
    return {
        item.expert.person.given_name
        for item in queries.find_experts(SYSTEM, ask(**values)).page.items
    }


# One filter at a time


def test_names_in_every_script(context: Flask) -> None:
    for given_name, family in (
        ("Zoë", "Lefèvre-Nguyễn"),
        ("محمد", "الحسيني"),
        ("Оксана", "Шевченко"),
        ("小明", "王"),
        ("Awa", "N’Diaye"),
    ):
        makers.expert(given_name, family)
    makers.expert("Kofi", "Mensah", identifier="GH-0042")
    assert results(q="ngu") == results(q="LEFEVRE zo") == results(q="Lefèvre-Nguyễn") == {"Zoë"}
    assert (
        results(q="حسيني") == {"محمد"}
        and results(q="шевч") == {"Оксана"}
        and results(q="明") == results(q="王小") == {"小明"}
    )
    assert results(q="ndiaye") == results(q="n'di") == {"Awa"}
    assert results(q="gh-0042") == results(q="0042 kof") == {"Kofi"}
    assert results(q="guyen") == results(q="zoë mensah") == results(q="—") == set()
    assert len(results(q="")) == 6


@pytest.mark.parametrize(
    "q",
    [
        '"',
        "' OR '1'='1",
        "a* OR b",
        "NEAR(a b)",
        "cat_police",
        "tokens:a",
        "b:*",
        "a & !b",
        "\\",
        "%",
        "_",
    ],
)
def test_what_is_typed_is_a_name_and_never_a_query(context: Flask, q: str) -> None:
    makers.expert("Amina", "Diallo")
    assert results(q=q) == set()


def test_category_country_and_gender(context: Flask) -> None:
    makers.expert("Amina", category="police", country="SN", gender="female")
    makers.expert("Kofi", category="military", country="GH", gender="male")
    assert (
        results(category="police") == results(country="SN") == results(gender="female") == {"Amina"}
    )
    assert results(category="police", country="GH") == set()


def test_languages_by_level_with_slp_by_policy(context: Flask) -> None:
    makers.expert("Amina", languages=[SpokenLanguage("fr", "B2"), SpokenLanguage("en", "A2")])
    makers.expert("Kofi", languages=[SpokenLanguage("fr", "3222", LanguageFramework.SLP)])
    makers.expert("Lars", languages=[SpokenLanguage("fr", "3321", LanguageFramework.SLP)])
    assert results(language=["fr"]) == {"Amina", "Kofi", "Lars"}
    assert results(language=["fr:B2"]) == {"Amina", "Kofi"} and results(language=["fr:C1"]) == set()
    assert results(language=["fr:B1", "en"]) == {"Amina"}


def test_one_period_covers_all_days_asked_for(context: Flask) -> None:
    december = Window(date(2026, 12, 1), date(2026, 12, 31))
    makers.expert("Amina", availability=[december, Window(date(2027, 2, 1), date(2027, 3, 31))])
    makers.expert(
        "Kofi", availability=[Window(date(2027, 1, 1), date(2027, 1, 31)), december]
    )  # they touch, so they are one
    assert results(available_from=date(2026, 12, 1), available_to=date(2026, 12, 31)) == {
        "Amina",
        "Kofi",
    }
    assert results(available_from=date(2026, 12, 20), available_to=date(2027, 1, 10)) == {"Kofi"}
    assert results(available_from=date(2026, 12, 31), available_to=date(2027, 2, 1)) == set()
    assert results(available_from=date(2027, 2, 1)) == {"Amina"} and results(
        available_to=date(2027, 1, 31)
    ) == {"Kofi"}
    assert results(available_from=date(2026, 11, 30), available_to=date(2026, 12, 2)) == set()


def test_skills_by_level_and_day(context: Flask) -> None:
    amina = factories.person("Amina")
    makers.certified(amina)  # practitioner, 10 March 2026 to 10 March 2029
    assert results(skill=[makers.GENDER]) == {"Amina"}, "its status today is current"
    assert results(skill=[f"{makers.GENDER}:basic"], valid_on=date(2026, 3, 10)) == {"Amina"}
    assert results(skill=[f"{makers.GENDER}:practitioner"], valid_on=date(2029, 3, 10)) == {"Amina"}
    assert (
        results(skill=[makers.GENDER], valid_on=date(2026, 3, 9))
        == results(skill=[makers.GENDER], valid_on=date(2029, 3, 11))
        == set()
    )
    assert results(skill=[f"{makers.GENDER}:advanced"]) == set()


def test_who_was_qualified_on_a_day_as_known_on_another(context: Flask) -> None:
    certificate = makers.certified(factories.person("Amina"))
    issued, day = clock.today(), date(2027, 4, 1)
    clock.travel(context, datetime(2027, 5, 5, 12, tzinfo=UTC))
    makers.revoke(certificate)
    query: dict[str, Any] = {"skill": [makers.GENDER], "valid_on": day}
    assert results(**query) == set(), "known today: the certificate was revoked"
    assert results(**query, as_of=date(2027, 5, 4)) == results(**query, as_of=issued) == {"Amina"}
    assert (
        results(**query, as_of=issued - timedelta(days=1))
        == results(**query, as_of=date(2027, 5, 5))
        == set()
    )
    assert results(**query, as_of=datetime(2027, 5, 5, 11, 59, tzinfo=UTC)) == {"Amina"}


def test_who_refuses_is_never_found(context: Flask) -> None:
    certificate = makers.certified(factories.person("Amina"), agrees=False)
    makers.expert("Kofi", agrees=False)
    makers.expert("Ada", admitted=False)
    makers.expert("Lars")
    assert makers.expert_of(certificate).status is ExpertStatus.CERTIFIED
    assert results() == {"Lars"}
    assert (
        results(q="amina")
        == results(skill=[makers.GENDER])
        == results(skill=[makers.GENDER], as_of=date(2027, 1, 1))
        == set()
    )


# What cannot be asked


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"skill": ["juggling"]}, "skill", "unknown_skill"),
        ({"language": ["xx"]}, "language", "unknown_language"),
        ({"language": ["fr:B7"]}, "language", "unknown_level"),
        ({"category": "marine"}, "category", "unknown_value"),
        ({"country": "ZZ"}, "country", "unknown_country"),
        (
            {"available_from": date(2027, 2, 1), "available_to": date(2027, 1, 1)},
            "available_to",
            "reversed_dates",
        ),
        ({"q": "a" * 101}, "q", "too_long"),
        ({"language": ["fr", "en", "es", "ar", "ru", "zh"]}, "language", "too_many"),
    ],
)
def test_a_wrong_filter_is_refused_at_its_field(
    context: Flask, values: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        ask(**values)
    assert (refusal.value.field, refusal.value.code) == (field, code)


@pytest.mark.parametrize("role", ["participant", "nominator", "trainer", "coordinator"])
def test_only_roster_staff_search(context: Flask, role: str) -> None:
    organization = factories.organization().id if role == "nominator" else None
    someone = factories.actor(role, organization_id=organization)
    for act in (
        lambda: queries.find_experts(someone, Filters()),
        lambda: queries.list_experts(someone, Filters(), after=None, limit=5),
        lambda: queries.experts_to_export(someone, Filters()),
        lambda: queries.loosenings(someone, Filters(q="a")),
    ):
        with pytest.raises(NotAllowed):
            act()


# All of it at once, against a plain loop


def naive(experts: list[Expert], filters: Filters) -> list[int]:
    matching = [
        expert
        for expert in experts
        if expert.status is ExpertStatus.ADMITTED and _meets(expert, filters)
    ]
    matching.sort(
        key=lambda expert: (
            names.sort_key(expert.person.given_name, expert.person.family_name),
            expert.id,
        )
    )
    return [expert.id for expert in matching]


def _meets(expert: Expert, filters: Filters) -> bool:
    person = expert.person
    plain = (
        filters.category in (None, expert.category)
        and filters.country in (None, person.country)
        and filters.gender in (None, person.gender)
    )
    spoken = {language.language: language.step for language in expert.languages}
    speaks = all(
        spoken.get(language.language, 0) >= language.step for language in filters.languages
    )
    named = all(_is_called(person, word) for word in names.words_of(filters.q))
    window = filters.window
    free = window is None or any(
        period.starts_on <= window[0] and window[1] <= period.ends_on
        for period in expert.availability
    )
    return (
        plain
        and speaks
        and named
        and free
        and all(_has(expert, skill, filters) for skill in filters.skills)
    )


def _is_called(person: Person, word: str) -> bool:
    """A part of the name or number begins so, joined parts too; a Chinese name holds it
    anywhere."""
    written = [
        person.given_name,
        person.family_name,
        person.name_on_certificate,
        person.identifier or "",
    ]
    parts = [
        part
        for name in written
        for part in (*names.words_of(name), *names.words_of(name.replace("’", "").replace("-", "")))
    ]
    return any(part.startswith(word) or (ord(word[0]) > 0x4E00 and word in part) for part in parts)


def _has(expert: Expert, skill: Any, filters: Filters) -> bool:
    for row in expert.skills:
        if row.skill.code != skill.skill.code or row.level.rank < (
            skill.level.rank if skill.level else 1
        ):
            continue
        if not row.counts(as_of=filters.as_of):
            continue
        if row.status_on(filters.valid_on, filters.as_of) in (
            SkillStatus.CURRENT,
            SkillStatus.EXPIRING,
        ):
            return True
    return False


def questions(chance: random.Random, codes: list[str]) -> Iterator[dict[str, Any]]:
    today = clock.today()

    def some(least: int, most: int) -> date:
        return today + timedelta(days=chance.randint(least, most))

    while True:
        first = some(-30, 200)
        possible: dict[str, Any] = {
            "q": chance.choice(["a", "d", "ndi", "o", "s", "шев", "明", "SN", "ma", "al", "100"]),
            "category": chance.choice(list(PersonnelCategory)).value,
            "country": chance.choice(["SN", "CA", "UA", "CN", "EG"]),
            "gender": chance.choice(list(Gender)).value,
            "skill": [
                code + chance.choice(["", ":basic", ":practitioner", ":advanced"])
                for code in chance.sample(codes, chance.choice([1, 1, 2]))
            ],
            "language": [
                code + chance.choice(["", ":A2", ":B2", ":C1"])
                for code in chance.sample(["fr", "en", "ar"], chance.choice([1, 1, 2]))
            ],
            "valid_on": some(-1500, 1000),
            "available_from": first,
            "available_to": first + timedelta(days=chance.randint(0, 90)),
            "as_of": chance.choice(
                [some(-1500, 0), datetime.combine(some(-1500, 0), datetime.min.time(), UTC)]
            ),
        }
        yield {
            name: possible[name] for name in chance.sample(sorted(possible), chance.randint(1, 4))
        }


def test_the_search_finds_what_a_plain_loop_finds(context: Flask) -> None:
    load_experts(120, seed=11)
    experts = list(db.session.scalars(sa.select(Expert)))
    codes = [skill.code for skill in skills_to_choose()]
    asking = questions(random.Random(5), codes)
    sizes = []
    for values in (next(asking) for _ in range(300)):
        if values.get("available_from", date.min) > values.get("available_to", date.max):
            continue
        filters = ask(**values)
        expected = naive(experts, filters)
        assert search.expert_page(filters, after=None, limit=200).items == expected, values
        assert search.counts([filters]) == [len(expected)]
        sizes.append(len(expected))
    assert sum(size > 0 for size in sizes) > 100, (
        "the questions must be answerable to prove anything"
    )


def test_pages_follow_each_other_without_gap_or_double(context: Flask) -> None:
    load_experts(60, seed=2)
    items = search.expert_page(Filters(), after=None, limit=200).items
    got, after = [], None
    while True:
        page = search.expert_page(Filters(), after=after, limit=7)
        got += page.items
        if page.next is None:
            break
        after = page.next
    assert got == items and len(items) == len(set(items)) > 50


def test_more_than_are_counted_is_said_so(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    load_experts(40, seed=2)
    total = queries.find_experts(SYSTEM, Filters()).count
    assert total is not None
    for most, expected in ((total, total), (total - 1, None)):
        monkeypatch.setattr(counting, "MOST_COUNTED", most)
        assert queries.find_experts(SYSTEM, Filters()).count == expected


def test_nobody_found_says_which_filter_to_loosen(context: Flask) -> None:
    makers.expert("Amina", category="police", country="SN", languages=[SpokenLanguage("fr", "B1")])
    makers.expert("Kofi", category="police", country="GH", languages=[SpokenLanguage("fr", "B1")])
    concessions = queries.loosenings(
        SYSTEM, ask(category="police", country="SN", language=["fr:B2"])
    )
    assert [(concession.name, concession.count) for concession in concessions] == [
        ("languages", 1),
        ("level", 1),
    ]
    assert queries.loosenings(SYSTEM, ask(q="nobody", country="SN", category="military")) == []


def test_a_page_takes_the_same_number_of_queries_however_many_it_shows(context: Flask) -> None:
    load_experts(60, seed=2)
    counts = []
    for limit in (1, 50):
        sent: list[str] = []
        listener = lambda c, cur, statement, *others, sent=sent: sent.append(statement)  # noqa: E731 -- binds the loop variable, and needs a name to be removed below
        sa.event.listen(db.engine, "before_cursor_execute", listener)
        db.session.rollback()
        db.session.expire_all()
        queries.find_experts(SYSTEM, Filters(), limit=limit)
        sa.event.remove(db.engine, "before_cursor_execute", listener)
        counts.append(sum(statement.startswith("SELECT") for statement in sent))
    assert counts[0] == counts[1] <= 7


def test_the_words_are_looked_up_in_an_index(context: Flask) -> None:
    load_experts(200, seed=2)
    statement = search.matching(ask(q="dia", category="police", language=["fr:B1"]))
    raw, connection = statement.compile(db.engine), db.session.connection()
    values = (
        raw.params
        if raw.positiontup is None
        else tuple(raw.params[name] for name in raw.positiontup)
    )
    if is_sqlite():
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {raw}", values).all()
        assert "expert_fts VIRTUAL TABLE INDEX" in str(plan)
    else:
        connection.exec_driver_sql(
            "SET LOCAL enable_seqscan = off"
        )  # so few rows would be read through
        assert "ix_expert_search_gin" in str(
            connection.exec_driver_sql(f"EXPLAIN {raw}", values).all()
        )


def test_the_end_of_a_day_is_what_was_known_on_it() -> None:
    assert end_of(date(2027, 5, 4)) == datetime(2027, 5, 4, 23, 59, 59, 999999, tzinfo=UTC)


BROAD = [
    {"category": "police"},
    {"q": "m"},
    {"q": "m", "gender": "female"},
    {"language": ["fr:B1"]},
    {"skill": ["gender-peace-operations"]},
    {"skill": ["gender-peace-operations"], "category": "police", "language": ["en:B2"]},
]


@pytest.mark.parametrize("question", BROAD, ids=str)
def test_a_broad_search_finds_the_same_people_in_the_same_order(
    context: Flask, monkeypatch: pytest.MonkeyPatch, question: dict
) -> None:
    load_experts(150, seed=2)
    filters, first_pages = ask(**question), []
    for most in (10_000, 1):
        monkeypatch.setattr(counting, "MOST_COUNTED", most)
        pages = [
            list(every(lambda after, read=read: read(filters, after=after, limit=4)))
            for read in (search.expert_page, lambda *a, **k: search.counted_page(*a, **k)[0])
        ]
        assert pages[0] == pages[1]
        first_pages.append(pages[0])
    assert first_pages[0] == first_pages[1] and len(first_pages[0]) > 1
