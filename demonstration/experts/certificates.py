"""The experts' certificates and skills."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from certificates.models import Certificate, CertificateStatus, RevocationReason
from certificates.numbers import ALPHABET, format_number, normalise_token, series_of
from certificates.payload import SCHEMA_VERSION, CertificatePayload, GrantedSkill, Texts
from certificates.services import JOB_KIND
from certificates.snapshot import digest, valid_until, verify_url
from core import jobs
from core.database import db
from core.numbering import Counter, mark
from demonstration.experts.deliveries import Holder, after
from demonstration.experts.rows import insert, insert_ids
from roster import evidence
from roster.models import ExpertSkill

PAUSE = 10.0  # seconds between the jobs that make the files of a delivery


def certify(
    random: Random, holders: list[Holder], expert_ids: dict[int, int], *, files: bool
) -> None:
    """A certificate for everyone, one in fifty since revoked; the skills follow as from any
    certificate."""
    counted: dict[int, int] = {}
    rows = [_certificate(random, holder, counted) for holder in holders]
    for year, value in counted.items():
        db.session.merge(Counter(name=series_of(year), value=value))
        mark(series_of(year), value)
    ids, known = insert_ids(Certificate, rows), evidence.skill_ids()
    proven = []
    for row, certificate_id in zip(rows, ids, strict=True):
        for proof in evidence.proofs(Certificate(id=certificate_id, **row), known):
            facts = {name: value for name, value in vars(proof).items() if name != "person_id"}
            proven.append(
                {"expert_id": expert_ids[proof.person_id], "level_rank": proof.level.rank, **facts}
            )
    insert(ExpertSkill, proven)
    if files:
        _ask_for_files(rows)


def _certificate(random: Random, holder: Holder, counted: dict[int, int]) -> dict[str, Any]:
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
        "issued_at": after(run, 2),
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
    """A token like those of `certificates.numbers.new_token`, but reproducible, because these
    people are invented."""
    body = "".join(random.choice(ALPHABET) for _ in range(25))
    return next(token for token in (body + check for check in ALPHABET) if normalise_token(token))


def _ask_for_files(rows: list[dict[str, Any]]) -> None:
    by_delivery: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        if row["status"] is CertificateStatus.VALID:
            by_delivery[row["delivery_id"]].append(row["enrollment_id"])
    for place, (delivery_id, enrollment_ids) in enumerate(by_delivery.items()):
        # One after another, with pauses, so that people trying the demonstration do not wait behind
        # hundreds of old files.
        args: dict[str, Any] = {"delivery_id": delivery_id, "enrollment_ids": enrollment_ids}
        jobs.enqueue(JOB_KIND, total=len(enrollment_ids), delay=PAUSE * place, **args)
