"""Consents of a person, for pages and the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from core.database import db
from people.consent_texts import ConsentText, consent_text
from people.models import Consent, ConsentPurpose, ConsentWay


@dataclass(frozen=True)
class ConsentState:
    """The state of one purpose: the latest answer that counts, and a later yes that awaits
    confirmation."""

    text: ConsentText
    answer: Consent | None
    unconfirmed: Consent | None

    @property
    def purpose(self) -> ConsentPurpose:
        return self.text.purpose

    @property
    def given(self) -> bool | None:
        return self.answer.given if self.answer else None


def consents_of(person_id: int) -> list[ConsentState]:
    """All purposes with the person's answers."""
    rows = list(
        db.session.scalars(
            sa.select(Consent).where(Consent.person_id == person_id).order_by(Consent.id)
        )
    )
    return [
        _state(purpose, [row for row in rows if row.purpose is purpose])
        for purpose in ConsentPurpose
    ]


def roster_question(person_id: int) -> ConsentState | None:
    """The question whether roster staff may find the person; None once it is answered."""
    state = consents_of(person_id)[0]
    return state if state.answer is None and state.unconfirmed is None else None


def roster_text() -> ConsentText:
    """The words of consent to be found by roster staff, in the language of the page."""
    return consent_text(ConsentPurpose.ROSTER)


def history_of(person_id: int) -> Sequence[Consent]:
    """All answers of the person, latest first."""
    return db.session.scalars(
        sa.select(Consent).where(Consent.person_id == person_id).order_by(Consent.id.desc())
    ).all()


def _state(purpose: ConsentPurpose, rows: list[Consent]) -> ConsentState:
    counting = [row for row in rows if row.counts]
    latest = rows[-1] if rows else None
    waits = (
        latest is not None
        and latest.given
        and not latest.counts
        and latest.how is not ConsentWay.PAPER
    )
    is_open = waits and not (counting and counting[-1].given)
    return ConsentState(
        consent_text(purpose), counting[-1] if counting else None, latest if is_open else None
    )
