"""Reactions."""


def end_enrollments(event, actor) -> None: ...


def fit_places(event, actor) -> None: ...
