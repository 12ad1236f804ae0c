"""Tells Python's garbage collector which objects are never freed."""

from __future__ import annotations

import gc


def loading_begins() -> None:
    """Call it before the application's modules are imported. They are never freed, and scanning
    them again and again takes a quarter of the start."""
    gc.disable()


def loading_ends() -> None:
    gc.freeze()
    gc.enable()


def share_with_forks() -> None:
    """Call it before web processes are forked."""
    gc.collect()
    # the collector then leaves what is loaded alone, and its pages shared: 22 MB less after 300
    # requests
    gc.freeze()
    gc.set_threshold(
        20_000, 20, 20
    )  # what a request leaves behind is freed by counting: looking for circles can wait
