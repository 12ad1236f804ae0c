"""Benchmarks: `make bench`. Never part of the suite: figures come from here, not from timed
tests."""
