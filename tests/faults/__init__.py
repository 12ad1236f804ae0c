"""Inputs that once failed, each a test named by its number (`test_01_…`), its input beside it in
`inputs/`."""
