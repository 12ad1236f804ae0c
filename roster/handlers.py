"""Reactions."""


def grant_skills(event, actor) -> None: ...


def withdraw_skills(event, actor) -> None: ...


def refresh_profile(event, actor) -> None: ...
