"""Only the machine moves a status: along the table, with the permission asked, and telling
whoever listens."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from certificates.models import CertificateStatus
from certificates.states import CERTIFICATE
from core.errors import Conflict, NotAllowed
from core.lifecycles import Machine
from core.policy import SYSTEM, Actor
from courses.events import DeliveryPublished
from courses.models import CourseStatus, Delivery, DeliveryStatus
from courses.states import COURSE, DELIVERY
from enrollment.models import LIVE, EnrollmentStatus
from enrollment.states import ENROLLMENT
from roster.models import ExpertStatus
from roster.states import EXPERT

MACHINES = [
    (COURSE, CourseStatus),
    (DELIVERY, DeliveryStatus),
    (ENROLLMENT, EnrollmentStatus),
    (CERTIFICATE, CertificateStatus),
    (EXPERT, ExpertStatus),
]
NAMES = ["course", "delivery", "enrollment", "certificate", "expert"]
#: Of the contract of the API; no step leads there yet.
TO_COME = {EnrollmentStatus.OFFERED}


@pytest.mark.parametrize(("machine", "statuses"), MACHINES, ids=NAMES)
def test_some_step_leads_to_every_status(machine: Machine, statuses: type[StrEnum]) -> None:
    reached = {step.target for step in machine.transitions.values()} | machine.firsts
    assert set(statuses) - reached <= TO_COME


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list:
    received: list = []
    monkeypatch.setattr(
        "core.lifecycles.publish", lambda event, actor, **_: received.append((event, actor))
    )
    return received


def test_a_step_moves_and_tells(events: list) -> None:
    delivery = Delivery(id=4, status=DeliveryStatus.DRAFT)
    DELIVERY.fire(delivery, "publish", SYSTEM)
    assert delivery.status is DeliveryStatus.PUBLISHED
    assert events == [(DeliveryPublished(4), SYSTEM)]


def test_a_step_from_elsewhere_is_refused(events: list, context: Flask) -> None:
    delivery = Delivery(id=4, status=DeliveryStatus.FINISHED)
    with pytest.raises(Conflict) as refused:
        DELIVERY.fire(delivery, "publish", SYSTEM)
    assert refused.value.code == "state_does_not_allow"
    assert (delivery.status, events) == (DeliveryStatus.FINISHED, [])


def test_a_step_without_the_permission_is_refused(events: list, context: Flask) -> None:
    delivery = Delivery(id=4, status=DeliveryStatus.DRAFT)
    with pytest.raises(NotAllowed):
        DELIVERY.fire(delivery, "publish", Actor(person_id=1))
    assert (delivery.status, events) == (DeliveryStatus.DRAFT, [])


@given(machine=st.sampled_from([m for m, _ in MACHINES]), steps=st.data())
def test_whatever_is_asked_the_status_follows_the_table(machine: Machine, steps: Any) -> None:
    """Random walks: from every status only the table's steps leave, and buttons offer exactly
    the steps one may ask for."""
    status = machine.initial
    for _ in range(6):
        leaving = [t for t in machine.transitions.values() if status in t.sources]
        offered = machine.available(type("Thing", (), {"status": status})(), SYSTEM)
        assert offered == [t.name for t in leaving if t.permission is not None]
        if not leaving:
            return
        status = steps.draw(st.sampled_from(leaving)).target


@pytest.mark.parametrize(("machine", "statuses"), MACHINES, ids=NAMES)
def test_every_named_status_is_one_of_the_model(machine: Machine, statuses: type[StrEnum]) -> None:
    for step in machine.transitions.values():
        assert {step.target, *step.sources} <= set(statuses)


def test_an_ended_enrollment_stays_ended() -> None:
    """What waits for its link has not begun, and what shares another one's seat stands for
    itself again when they part."""
    ended = set(EnrollmentStatus) - {
        *LIVE,
        EnrollmentStatus.UNCONFIRMED,
        EnrollmentStatus.SUBSTITUTED,
    }
    for step in ENROLLMENT.transitions.values():
        assert not (step.sources & ended), f"{step.name} wakes the dead"


def test_a_certificate_that_ended_never_comes_back() -> None:
    alive = {CertificateStatus.VALID, CertificateStatus.SUSPENDED}
    assert all(step.sources <= alive for step in CERTIFICATE.transitions.values())
