"""Mechanisms. Core knows no other package: all others may import from it."""
