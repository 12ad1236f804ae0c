"""Passwords are hashed cheaply here too."""

from tests.accounts.conftest import cheap_hashing as cheap_hashing
