"""The payload: one canonical form in bytes, whatever order or composition it came in."""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.payload import CertificatePayload, Texts
from tests.certificates.samples import sample


def test_it_round_trips() -> None:
    payload = CertificatePayload.from_dict(sample())
    assert CertificatePayload.from_dict(payload.to_dict()) == payload
    assert CertificatePayload.from_dict(json.loads(payload.canonical_bytes())) == payload
    assert payload.to_dict() == sample()


def test_equal_payloads_have_equal_bytes() -> None:
    shuffled = dict(reversed(sample().items()))
    decomposed = sample(holder_name=unicodedata.normalize("NFD", sample()["holder_name"]) + " ")
    expected = CertificatePayload.from_dict(sample()).canonical_bytes()
    assert CertificatePayload.from_dict(shuffled).canonical_bytes() == expected
    assert CertificatePayload.from_dict(decomposed).canonical_bytes() == expected


def test_canonical_bytes_are_sorted_compact_and_utf8() -> None:
    data = CertificatePayload.from_dict(sample()).canonical_bytes()
    assert data.startswith(b'{"category":"police","country":"CA","course_code":"GTI"')
    assert "Nguyễn".encode() in data
    keys = list(json.loads(data))
    assert keys == sorted(keys)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_text_keeps_its_canonical_form(text: Any) -> None:
    payload = CertificatePayload.from_dict(
        sample(holder_name=text, venue=text, objectives=[{"en": text}])
    )
    again = CertificatePayload.from_dict(json.loads(payload.canonical_bytes()))
    assert again == payload and again.canonical_bytes() == payload.canonical_bytes()


def test_it_cannot_be_changed() -> None:
    payload = CertificatePayload.from_dict(sample())
    with pytest.raises(dataclasses.FrozenInstanceError):
        payload.holder_name = "Someone Else"


def test_a_missing_language_falls_back_to_the_other() -> None:
    assert Texts.pair({"en": "Course", "fr": None}).text("fr") == ("Course", "en")
    assert Texts({"fr": "Cours"}).text("en") == ("Cours", "fr")
    assert Texts({"en": "Course", "fr": "Cours"}).text("fr") == ("Cours", "fr")


@pytest.mark.parametrize(
    "changes",
    [
        {"holder_name": " "},
        {"category": "pirate"},
        {"issued_on": "4 December 2026"},
        {"issued_on": "20261204"},
        {"starts_on": "2026-13-01"},
        {"minutes": 1.5},
        {"minutes": 2**60},
        {"course_version": True},
        {"course_title": {"en": "", "fr": ""}},
        {"course_title": "Title"},
        {"objectives": [7]},
        {"surprise": 1},
        {"score_percent": 87.5},
        {"skills": [{"code": "x"}]},
    ],
)
def test_malformed_payloads_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        CertificatePayload.from_dict(sample(**changes))


def test_a_missing_field_is_refused() -> None:
    incomplete = sample()
    del incomplete["token"]
    with pytest.raises(ValueError):
        CertificatePayload.from_dict(incomplete)
