"""Reads."""


def breaches():
    return []
