"""Any number of invented experts for the roster, with everything their skills rest on: past
deliveries, attendance, results and certificates. Written in bulk, because ten thousand through the
services would take an hour, but by the same rules: `flask check` and `flask roster rebuild --check`
find nothing to say about them.

They have no email addresses: no one is told about certificates of years ago.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from certificates.models import Certificate, CertificateStatus, RevocationReason
from certificates.numbers import ALPHABET, format_number, normalise_token, series_of
from certificates.payload import SCHEMA_VERSION, CertificatePayload, GrantedSkill, Texts
from certificates.services import JOB_KIND
from certificates.snapshot import digest, valid_until, verify_url
from classroom.models import Mark, MarkKind, Score, ScoreKind
from core import audit, clock, jobs
from core.database import current_unit, db, transaction
from core.numbering import Counter, mark
from core.policy import SYSTEM
from courses.definitions import CourseDefinition, GrantDefinition, SessionDefinition
from courses.models import Admission, CourseVersion, Delivery, DeliverySession, DeliveryStatus
from courses.queries import get_course
from courses.services import put_course
from courses.timetable import instants, last_day
from demonstration.cultures import CULTURES, Culture
from enrollment.models import Enrollment, EnrollmentStatus
from people.models import BodyKind, Consent, ConsentPurpose, ConsentWay, Gender, Person
from people.personnel import PersonnelCategory
from people.queries import first_body
from people.services import consent_text
from roster import documents, evidence, languages
from roster.models import (
    AdmissionWay,
    Availability,
    Expert,
    ExpertLanguage,
    ExpertSearch,
    ExpertSkill,
    ExpertStatus,
    LanguageFramework,
    RosterAdmission,
)

COURSES_EACH = 2  # of two skills each
PLACES = 25
REFUSED, WAITING = (
    0.02,
    0.05,
)  # shares of those who said no, and of those who said yes and wait for admission
PAUSE = 10.0  # seconds between the jobs that make the files of a delivery each
VENUES = (
    ("Accra", "GH", "Africa/Accra"),
    ("Nairobi", "KE", "Africa/Nairobi"),
    ("Kathmandu", "NP", "Asia/Kathmandu"),
    ("Clementsport", "CA", "America/Halifax"),
    ("Stockholm", "SE", "Europe/Stockholm"),
    ("Bogotá", "CO", "America/Bogota"),
)
SKILLS = {
    "gender-peace-operations": {
        "en": "Gender in peace operations",
        "fr": "Le genre dans les opérations de paix",
    },
    "protection-of-civilians": {"en": "Protection of civilians", "fr": "Protection des civils"},
    "hostile-environment": {
        "en": "Hostile environment awareness",
        "fr": "Sensibilisation aux environnements hostiles",
    },
    "mission-conduct": {"en": "Conduct and discipline", "fr": "Conduite et discipline"},
    "negotiation": {"en": "Negotiation and mediation", "fr": "Négociation et médiation"},
    "community-policing": {"en": "Community-oriented policing", "fr": "Police de proximité"},
    "human-rights-monitoring": {
        "en": "Human rights monitoring",
        "fr": "Surveillance des droits de la personne",
    },
    "staff-work": {
        "en": "Staff work at mission headquarters",
        "fr": "Travail d’état-major au quartier général de mission",
    },
}
#: code, title, the two skills granted: code, level, months.
COURSES = (
    (
        "PDT",
        {"en": "Core pre-deployment training", "fr": "Formation de base préalable au déploiement"},
        (("mission-conduct", "basic", 36), ("hostile-environment", "awareness", 24)),
    ),
    (
        "UNPOL",
        {"en": "Police in peace operations", "fr": "La police dans les opérations de paix"},
        (
            ("community-policing", "practitioner", 36),
            ("protection-of-civilians", "practitioner", 36),
        ),
    ),
    (
        "SOC",
        {"en": "Staff officers’ course", "fr": "Cours d’officiers d’état-major"},
        (("staff-work", "practitioner", None), ("negotiation", "basic", 60)),
    ),
    (
        "HRM",
        {
            "en": "Human rights and gender in the field",
            "fr": "Droits de la personne et genre sur le terrain",
        },
        (("human-rights-monitoring", "practitioner", 48), ("gender-peace-operations", "basic", 36)),
    ),
    (
        "GPN",
        {"en": "Gender-responsive negotiation", "fr": "Négociation tenant compte du genre"},
        (("gender-peace-operations", "practitioner", 36), ("negotiation", "advanced", 48)),
    ),
)
#: By category; the others have none.
RANKS = {
    "military": (
        ("Captain", "OF-2"),
        ("Major", "OF-3"),
        ("Lieutenant Colonel", "OF-4"),
        ("Warrant Officer", "OR-8"),
    ),
    "police": (("Inspector", None), ("Superintendent", None), ("Commissioner", None)),
}
FIELDS = (
    "Civil affairs",
    "Investigation",
    "Logistics",
    "Election support",
    "Rule of law",
    "Child protection",
    "Corrections",
)


@dataclass
class _Run:
    """One past delivery with the people in it."""

    version: CourseVersion
    row: dict[str, Any]
    taken: int = 0
    delivery_id: int = 0
    sessions: Sequence[tuple[int, int]] = ()  # id, minutes


@dataclass
class _Holder:
    """One enrollment that ended well, with its post-test score."""

    person: dict[str, Any]
    enrollment: dict[str, Any]
    run: _Run
    score: int


def load_experts(count: int, seed: int = 1, *, files: bool = True) -> None:
    """Adds `count` experts with two certificates of two skills each, in a transaction of its
    own. The same for the same seed and day. `files`: also asks the workers to make the
    certificates' files, without which `flask check` complains."""
    random = Random(seed)
    with transaction():
        for code, title, grants in COURSES:
            put_course(SYSTEM, code, _definition(title, grants))
        people = _add_people(random, count)
        holders = _add_enrollments(random, _add_deliveries(random, people))
        expert_ids = _add_experts(random, people)
        _certify(random, holders, expert_ids, files=files)
        search_documents = (
            documents.documents(list(expert_ids.values()))
            if count <= 500
            else documents.documents()
        )
        _insert(
            ExpertSearch,
            [
                {"expert_id": key, **vars(search_documents[key])}
                for key in expert_ids.values()
                if key in search_documents
            ],
        )
        audit.record(SYSTEM, "demonstration.experts", "roster:all", {"count": count, "seed": seed})


def _insert(model: type, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(sa.insert(model), rows)


def _insert_ids(model: Any, rows: Sequence[dict[str, Any]]) -> list[int]:
    """The ids the rows got, in their order."""
    statement = sa.insert(model).returning(model.id, sort_by_parameter_order=True)
    return list(db.session.scalars(statement, rows)) if rows else []


def _definition(title: dict[str, str], grants: tuple) -> CourseDefinition:
    blocks = (
        (1, "09:00", "Foundations", "Fondements"),
        (1, "11:00", "Law and conduct", "Droit et conduite"),
        (2, "09:00", "Exercise", "Exercice"),
        (2, "11:00", "Review and test", "Bilan et test"),
    )
    return CourseDefinition(
        title=title,
        sessions=tuple(
            SessionDefinition(day, start, 90, {"en": en, "fr": fr}) for day, start, en, fr in blocks
        ),
        default_places=PLACES,
        min_attendance_percent=75,
        min_score_percent=60,
        grants=tuple(
            GrantDefinition(skill, level, months, SKILLS[skill]) for skill, level, months in grants
        ),
    )


# People


def _add_people(random: Random, count: int) -> list[dict[str, Any]]:
    """The rows of the people, with what else is known of each under keys that are no column."""
    first = (db.session.scalar(sa.select(sa.func.max(Person.id))) or 0) + 1
    people = [_person(random, number) for number in range(first, first + count)]
    extra = ("culture", "category", "rank", "rank_code")
    ids = _insert_ids(
        Person, [{k: v for k, v in person.items() if k not in extra} for person in people]
    )
    for person, person_id in zip(people, ids, strict=True):
        person["id"] = person_id
    return people


def _person(random: Random, number: int) -> dict[str, Any]:
    culture = random.choice(CULTURES)
    gender = random.choices(
        [Gender.FEMALE, Gender.MALE, Gender.ANOTHER, Gender.UNDISCLOSED], [44, 50, 1, 5]
    )[0]
    firsts = {Gender.FEMALE: culture.women, Gender.MALE: culture.men}.get(
        gender
    ) or f"{culture.women} {culture.men}"
    given_name, family = random.choice(firsts.split()), random.choice(culture.families.split())
    country = random.choice(culture.countries.split())
    category = random.choice(list(PersonnelCategory))
    rank, rank_code = random.choice(RANKS.get(category.value, ((None, None),)))
    spaced = culture.languages.split()[0] != "zh"
    return {
        "identifier": f"{country}-{100_000 + number}",
        "given_name": given_name,
        "family_name": family,
        "country": country,
        "name_on_certificate": f"{given_name} {family}" if spaced else family + given_name,
        "gender": gender,
        "language": "fr" if culture.languages.startswith("fr") else "en",
        "created_at": _days_ago(random, 1500, 2000),
        "culture": culture,
        "category": category,
        "rank": rank,
        "rank_code": rank_code,
    }


def _days_ago(random: Random, least: int, most: int) -> datetime:
    return datetime.combine(
        clock.today() - timedelta(days=random.randint(least, most)), time(9), UTC
    )


# What they did


def _add_deliveries(
    random: Random, people: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], _Run]]:
    """(person, delivery): everyone in COURSES_EACH courses, in as many finished deliveries as
    that takes, over four years."""
    versions = [get_course(code).current for code, *_ in COURSES]
    number = db.session.scalar(sa.select(sa.func.count()).select_from(Delivery)) or 0
    runs: list[_Run] = []
    latest: dict[int, _Run] = {}
    seats: list[tuple[dict[str, Any], _Run]] = []
    for person in people:
        for course in random.sample(range(len(versions)), COURSES_EACH):
            if course not in latest or latest[course].taken == PLACES:
                latest[course] = _run(random, versions[course], number + len(runs))
                runs.append(latest[course])
            latest[course].taken += 1
            seats.append((person, latest[course]))
    _insert_deliveries(runs)
    return seats


def _insert_deliveries(runs: list[_Run]) -> None:
    for run, delivery_id in zip(
        runs, _insert_ids(Delivery, [run.row for run in runs]), strict=True
    ):
        run.delivery_id = delivery_id
        current_unit().touched.add(delivery_id)  # no one else sees it yet: it needs no lock
    rows = [
        {"delivery_id": run.delivery_id, **vars(block)}
        for run in runs
        for block in instants(run.version.blocks, run.row["starts_on"], run.row["time_zone"])
    ]
    by_delivery = defaultdict(list)
    for row, session_id in zip(rows, _insert_ids(DeliverySession, rows), strict=True):
        by_delivery[row["delivery_id"]].append((session_id, row["minutes"]))
    for run in runs:
        run.sessions = by_delivery[run.delivery_id]


def _run(random: Random, version: CourseVersion, number: int) -> _Run:
    starts_on = clock.today() - timedelta(days=random.randint(20, 1450))
    starts_on -= timedelta(
        days=max(0, starts_on.weekday() - 3)
    )  # Monday to Thursday: no clock changes in a session
    venue, country, zone = random.choice(VENUES)
    planned = datetime.combine(starts_on - timedelta(days=60), time(9), UTC)
    row = {
        "code": f"{version.course.code}-{starts_on.year}-R{number:04d}",
        "course_id": version.course_id,
        "version_id": version.id,
        "centre_id": version.course.centre_id,
        "rev": PLACES,
        "status": DeliveryStatus.FINISHED,
        "starts_on": starts_on,
        "ends_on": last_day(version.blocks, starts_on),
        "time_zone": zone,
        "venue": venue,
        "country": country,
        "language": "en",
        "places": PLACES,
        "admission": Admission.AUTOMATIC,
        "closes_on": starts_on - timedelta(days=21),
        "created_at": planned,
        "published_at": planned,
    }
    return _Run(version, row)


def _add_enrollments(random: Random, seats: list[tuple[dict[str, Any], _Run]]) -> list[_Holder]:
    """Everyone completed: marks and scores that say so."""
    line: dict[int, int] = defaultdict(int)
    placed = []
    for person, run in seats:
        line[run.delivery_id] += 1
        placed.append(
            _Holder(
                person,
                _enrollment(person, run, line[run.delivery_id]),
                run,
                random.randint(60, 100),
            )
        )
    for holder, enrollment_id in zip(
        placed, _insert_ids(Enrollment, [holder.enrollment for holder in placed]), strict=True
    ):
        holder.enrollment["id"] = enrollment_id
    _add_results(random, placed)
    return placed


def _enrollment(person: dict[str, Any], run: _Run, line: int) -> dict[str, Any]:
    applied_at = datetime.combine(run.row["starts_on"] - timedelta(days=40), time(10), UTC)
    return {
        "delivery_id": run.delivery_id,
        "centre_id": run.row["centre_id"],
        "person_id": person["id"],
        "status": EnrollmentStatus.COMPLETED,
        "line": line,
        "category": person["category"],
        "name_on_certificate": person["name_on_certificate"],
        "rank": person["rank"],
        "rank_code": person["rank_code"],
        "organization": None,
        "roster_consent": None,
        "lacking": [],
        "created_at": applied_at,
        "finished_at": _after(run, 1),
    }


def _after(run: _Run, days: int) -> datetime:
    return datetime.combine(run.row["ends_on"] + timedelta(days=days), time(12), UTC)


def _add_results(random: Random, placed: list[_Holder]) -> None:
    """Everyone was there, one in eight late once; a late person's minutes still reach the share
    asked for."""
    marks, scores = [], []
    for holder in placed:
        common = {"enrollment_id": holder.enrollment["id"], "recorded_at": _after(holder.run, 1)}
        late = random.randrange(8 * len(holder.run.sessions))
        for position, (session_id, minutes) in enumerate(holder.run.sessions):
            kind, lost = (MarkKind.LATE, 30) if position == late else (MarkKind.PRESENT, 0)
            marks.append(
                {**common, "session_id": session_id, "mark": kind, "minutes": minutes - lost}
            )
        scores.append({**common, "kind": ScoreKind.POST, "percent": holder.score})
    _insert(Mark, marks)
    _insert(Score, scores)


# Profiles


def _add_experts(random: Random, people: list[dict[str, Any]]) -> dict[int, int]:
    """Expert ids by person id."""
    now, office_id = clock.now(), first_body(BodyKind.ROSTER_OFFICE).id
    rows = [
        {
            "person_id": person["id"],
            "category": person["category"],
            "rank": person["rank"],
            "rank_code": person["rank_code"],
            "expertise": random.sample(FIELDS, random.randint(0, 2)),
            "status": _standing(random),
            "created_at": person["created_at"],
            "updated_at": now,
        }
        for person in people
    ]
    refused = {row["person_id"] for row in rows if row["status"] is None}
    for row in rows:
        row["status"] = row["status"] or ExpertStatus.CERTIFIED
        row["office_id"] = office_id if row["status"] is ExpertStatus.ADMITTED else None
    ids = _insert_ids(Expert, rows)
    _add_answers(people, rows, ids, refused)
    spoken, windows = [], []
    for person, expert_id in zip(people, ids, strict=True):
        spoken += _languages(random, person["culture"], expert_id)
        windows += _windows(random, expert_id)
    _insert(ExpertLanguage, spoken)
    _insert(Availability, windows)
    return dict(zip((person["id"] for person in people), ids, strict=True))


def _standing(random: Random) -> ExpertStatus | None:
    """Most people said yes and were admitted, some wait, a few refused (None)."""
    drawn = random.random()
    return (
        None
        if drawn < REFUSED
        else ExpertStatus.CERTIFIED
        if drawn < REFUSED + WAITING
        else ExpertStatus.ADMITTED
    )


def _add_answers(
    people: Sequence[dict], rows: Sequence[dict], expert_ids: Sequence[int], refused: set[int]
) -> None:
    """What each of them answered, and the decisions that followed."""
    answers, admissions = [], []
    for person, row, expert_id in zip(people, rows, expert_ids, strict=True):
        at = person["created_at"] + timedelta(days=1)
        text = consent_text(ConsentPurpose.ROSTER, person["language"])
        answers.append(
            {
                "person_id": person["id"],
                "purpose": ConsentPurpose.ROSTER,
                "given": person["id"] not in refused,
                "counts": True,
                "text_version": text.version,
                "language": text.language,
                "how": ConsentWay.PAGE,
                "at": at,
            }
        )
        if row["status"] is ExpertStatus.ADMITTED:
            decided = {
                "how": AdmissionWay.REVIEWED,
                "admitted_at": clock.now(),
                "office_id": row["office_id"],
            }
            admissions.append({"expert_id": expert_id, **decided})
    _insert(Consent, answers)
    _insert(RosterAdmission, admissions)


def _languages(random: Random, culture: Culture, expert_id: int) -> list[dict[str, Any]]:
    own, *others = culture.languages.split()
    rows = [(own, "cefr", "C2")]
    for language in random.sample(others, random.randint(1, len(others))):
        if random.random() < 0.3:
            rows.append((language, "slp", "".join(random.choice("1223334") for _ in range(4))))
        else:
            rows.append((language, "cefr", random.choice(("A2", "B1", "B1", "B2", "B2", "C1"))))
    return [
        {
            "expert_id": expert_id,
            "language": language,
            "framework": LanguageFramework(framework),
            "level": level,
            "step": languages.step(LanguageFramework(framework), level),
        }
        for language, framework, level in rows
    ]


def _windows(random: Random, expert_id: int) -> list[dict[str, Any]]:
    """No, one or two periods, apart from each other."""
    rows, first = [], clock.today() + timedelta(days=random.randint(-60, 90))
    for _ in range(random.choice((0, 1, 1, 2))):
        last = first + timedelta(days=random.randint(20, 240))
        rows.append({"expert_id": expert_id, "starts_on": first, "ends_on": last})
        first = last + timedelta(days=random.randint(20, 120))
    return rows


# Certificates and what they prove


def _certify(
    random: Random, holders: list[_Holder], expert_ids: dict[int, int], *, files: bool
) -> None:
    """A certificate for everyone, one in fifty revoked since; the skills follow from them as
    from any certificate."""
    counted: dict[int, int] = {}
    rows = [_certificate(random, holder, counted) for holder in holders]
    for year, value in counted.items():
        db.session.merge(Counter(name=series_of(year), value=value))
        mark(series_of(year), value)
    ids, known = _insert_ids(Certificate, rows), evidence.skill_ids()
    proven = []
    for row, certificate_id in zip(rows, ids, strict=True):
        for proof in evidence.proofs(Certificate(id=certificate_id, **row), known):
            facts = {name: value for name, value in vars(proof).items() if name != "person_id"}
            proven.append(
                {"expert_id": expert_ids[proof.person_id], "level_rank": proof.level.rank, **facts}
            )
    _insert(ExpertSkill, proven)
    if files:
        _ask_for_files(rows)


def _certificate(random: Random, holder: _Holder, counted: dict[int, int]) -> dict[str, Any]:
    person, run = holder.person, holder.run
    day = run.row["ends_on"] + timedelta(days=2)
    number, token = _next_number(day.year, counted), _token(random)
    until, course = valid_until(run.version, run.row["ends_on"]), run.version.course
    payload = CertificatePayload(
        schema_version=SCHEMA_VERSION,
        number=number,
        token=token,
        verify_url=verify_url(token),
        holder_name=person["name_on_certificate"],
        holder_script_lang="zh" if person["culture"].languages.startswith("zh") else "",
        category=person["category"].value,
        course_code=course.code,
        course_version=run.version.number,
        course_title=Texts(course.title),
        delivery_code=run.row["code"],
        starts_on=run.row["starts_on"].isoformat(),
        ends_on=run.row["ends_on"].isoformat(),
        issued_on=day.isoformat(),
        valid_until=until.isoformat() if until else None,
        venue=run.row["venue"],
        country=run.row["country"],
        teaching_language=run.row["language"],
        minutes=run.version.minutes,
        skills=tuple(
            GrantedSkill(
                grant.skill.code, Texts(grant.skill.title), grant.level.value, grant.valid_months
            )
            for grant in run.version.grants
        ),
        issuer=Texts(course.centre.titles),
        score_percent=holder.score,
    )
    return {
        "number": number,
        "token": token,
        "enrollment_id": holder.enrollment["id"],
        "person_id": person["id"],
        "delivery_id": run.delivery_id,
        "centre_id": run.row["centre_id"],
        "holder_name": payload.holder_name,
        "payload": payload.to_dict(),
        "payload_sha256": digest(payload),
        "issued_on": day,
        "valid_until": until,
        "issued_at": _after(run, 2),
        **_end(random, day),
    }


def _end(random: Random, issued_on: date) -> dict[str, Any]:
    if random.random() > 0.02:
        return {"status": CertificateStatus.VALID, "ended_at": None, "reason_code": None}
    ended = datetime.combine(issued_on + timedelta(days=random.randint(1, 15)), time(15), UTC)
    reason = random.choice(
        [RevocationReason.ISSUED_IN_ERROR, RevocationReason.RECOGNITION_WITHDRAWN]
    )
    return {"status": CertificateStatus.REVOKED, "ended_at": ended, "reason_code": reason.value}


def _next_number(year: int, counted: dict[int, int]) -> str:
    if year not in counted:
        counter = db.session.get(Counter, series_of(year))
        counted[year] = counter.value if counter else 0
    counted[year] += 1
    return format_number(year, counted[year])


def _token(random: Random) -> str:
    """A token as `certificates.numbers.new_token` makes it, but the same for the same seed:
    these people are invented."""
    body = "".join(random.choice(ALPHABET) for _ in range(25))
    return next(token for token in (body + check for check in ALPHABET) if normalise_token(token))


def _ask_for_files(rows: list[dict[str, Any]]) -> None:
    by_delivery: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        if row["status"] is CertificateStatus.VALID:
            by_delivery[row["delivery_id"]].append(row["enrollment_id"])
    for position, (delivery_id, enrollment_ids) in enumerate(by_delivery.items()):
        # One after another, with pauses: whoever tries the demonstration does not wait behind
        # hundreds of old files.
        args = {"delivery_id": delivery_id, "enrollment_ids": enrollment_ids}
        jobs.enqueue(JOB_KIND, total=len(enrollment_ids), delay=PAUSE * position, **args)
