"""Passwords that are easy to guess are refused, whatever signs are put around them."""

from __future__ import annotations

import pytest

from accounts import passwords
from core.errors import Invalid

AMINA = ("Amina", "Diallo", "Amina Diallo", "amina.diallo@example.org")


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rd2024!!",
        "123456789012",
        "12345678901234",
        "abcdefghijklm",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "passwordpassword",
        "qwertyuiop12",
        "azertyuiop!!!",
        "amina.diallo@example.org",
        "AminaAmina12",
        "Diallo123456789",
        "!!!!!!!!!!!!",
        "121212121212",
        "987654321098",
        "adm1n1strat0r",
        "motdepasse2026",
        "rostrum12345",
    ],
)
def test_common_passwords_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        passwords.check_strength(password, personal=AMINA)
    assert refusal.value.code == "password_common"


@pytest.mark.parametrize(
    "password",
    [
        "leavemealone",
        "LeaveMeAlone",
        "leavemealone2026!",
        "1qaz2wsx3edc4rfv",
        "zxcasdqwe123",
        "unbelievable",
        "ghbdtnrfrltkf",
    ],
)
def test_passwords_that_leaked_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        passwords.check_strength(password)
    assert refusal.value.code == "password_common"


def test_the_list_holds_more_than_ten_thousand_in_order() -> None:
    entries = passwords.LISTED.read_bytes().split()
    assert len(entries) == len(set(entries)) == 43_940
    assert entries == sorted(entries)
    assert {len(entry) for entry in entries} == {passwords.ENTRY}


@pytest.mark.parametrize("password", ["short", "elevenchars", ""])
def test_short_passwords_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        passwords.check_strength(password)
    assert refusal.value.code == "password_short"


def test_a_book_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        passwords.check_strength("trombone lagoon seven " * 20)
    assert refusal.value.code == "password_long"


@pytest.mark.parametrize(
    "password",
    [
        "trombone lagoon seven",
        passwords.DEMONSTRATION_PASSWORD,
        "xK9#mQ2$vL7!",
        "пароль на каждый день",
        "x" * 20 + "trombone lagoon seven" * 5,
    ],
)
def test_good_passwords_are_taken_as_they_are(password: str) -> None:
    passwords.check_strength(password, personal=AMINA)
    stored = passwords.hash_password(password)
    assert passwords.verify(stored, password)
    assert not passwords.verify(stored, password + " ")
    assert not passwords.verify(stored, password.upper())


def test_nobodys_password_is_never_right() -> None:
    assert not passwords.verify(None, "no one has this password")
    assert not passwords.verify("no hash at all", "x")
