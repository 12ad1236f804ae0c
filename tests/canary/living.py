"""Someone whose every text is a canary, brought through the whole product: nominated, taught,
certified, on the roster; and the texts that come from elsewhere, which no form and no call can
send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from accounts.roles import Role
from accounts.services import issue_link
from certificates.models import Certificate
from certificates.services import request_issue
from core import audit, clock, jobs
from core.database import db, transaction
from core.mail import Mail, route, server, settling
from core.policy import SYSTEM
from enrollment.models import Enrollment
from enrollment.services import Nominee, nominate
from people.models import ConsentPurpose, Person
from people.services import propose_merge, record_paper_consent
from roster.models import Expert
from roster.services import Profile, admit, change_expert
from tests import factories
from tests.canary.looking import ADDRESS, CANARIES, UNSEEN
from tests.courses import makers as courses
from tests.enrollment import makers as enrollments

#: That of no one else whom the canaries bring.
OWN_ADDRESS = f"life{ADDRESS}"
#: The name as every rule keeps it, for what goes past the rules.
KEPT = CANARIES["a name"].replace(UNSEEN, "")
#: A cuneiform sign, which no font on certificates has.
UNPRINTABLE = "\U00012000"


@dataclass(frozen=True)
class Life:
    """Where it is seen."""

    pages: tuple[str, ...]
    paper: str


EARLIER = datetime(2026, 9, 1, 9, tzinfo=UTC)


def live() -> Life:
    """Inside an app context. The second person's name stops being printable when the certificate
    is made."""
    name = CANARIES["a name"]
    texts = {"en": name, "fr": name}
    course = courses.course(code="LIFE", title=texts, objectives=[texts])
    organization = factories.organization("LIFE", KEPT)
    done, to_come = (
        courses.delivery(course=course, code=code, venue=name) for code in ("LIFE-1", "LIFE-2")
    )
    somebody = Nominee(
        "civilian",
        given_name=name,
        family_name=name,
        identifier=f"life {name}",
        email=OWN_ADDRESS,
        country="CA",
        organization=name,
        needs=name,
        rank=name,
    )
    another = enrollments.nominee(
        given_name=name, email=OWN_ADDRESS, identity="new"
    )  # whose address is the first one's
    for into, people in ((done, [somebody, another]), (to_come, [somebody])):
        with transaction():
            nominate(SYSTEM, into.id, organization, people)
    with factories.at(EARLIER):  # one that runs now, where people are marked
        running = courses.delivery(
            course=course, code="LIFE-3", venue=name, starts_on=date(2026, 11, 16)
        )
        with transaction():
            nominate(SYSTEM, running.id, organization, [somebody])
    first, second = db.session.scalars(
        sa.select(Enrollment).where(Enrollment.delivery_id == done.id).order_by(Enrollment.id)
    )
    for person in (first, second):
        enrollments.attend(done, person, score=90)
    enrollments.finished(done)
    person_id, second_id = first.person_id, second.id
    with factories.after(done.id):
        with transaction():
            request_issue(SYSTEM, done.id)
            unprintable = {"name_on_certificate": KEPT + UNPRINTABLE}
            factories.plant(
                sa.update(Enrollment).where(Enrollment.id == second_id).values(unprintable)
            )
            audit.record(SYSTEM, "test.name", f"enrollment:{second_id}", {})
        jobs.drain()
    certificate = db.session.scalars(
        sa.select(Certificate).join(Enrollment).where(Enrollment.person_id == person_id)
    ).one()
    expert = db.session.scalars(sa.select(Expert).where(Expert.person_id == person_id)).one()
    with transaction():
        change_expert(SYSTEM, expert, Profile(rank=name, organization=name, expertise=[name]))
    office = factories.actor(Role.ROSTER)
    with transaction():  # on paper, because the address is another person's too
        paper: dict[str, Any] = {"reference": name, "document": name, "signed_on": clock.today()}
        record_paper_consent(
            office, db.session.get_one(Person, person_id), ConsentPurpose.ROSTER, **paper
        )
        admit(office, db.session.get_one(Expert, expert.id), [name])
    other_id = factories.person().id
    with transaction():
        propose_merge(SYSTEM, person_id, other_id, reason=name)
    _from_elsewhere(expert.person)
    return Life(
        pages=(
            "/deliveries/LIFE-2/selection",
            "/deliveries/LIFE-3/attendance/1",
            f"/roster/{expert.id}",
            f"/certificates/{certificate.number}",
            "/people-to-check",
            "/administration/mail",
        ),
        paper=f"/certificates/{certificate.number}.pdf",
    )


def _from_elsewhere(person: Person) -> None:
    """What a mail server says, and where a link is to lead."""
    reply = f"550 {KEPT}"
    with transaction():
        issue_link(person, f"/deliveries?q={KEPT}")
        settling.note(db.session.scalars(sa.select(sa.func.min(Mail.id))).one(), reply)
        route.note_away(server.ServerAnswer(reply))
