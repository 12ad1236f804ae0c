"""Questions that a package asks of a package to its right, which it may not import.

The asking package declares the question as a function without a body, typed like any other;
`app.py` lists who answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

from flask import Flask, current_app

P = ParamSpec("P")
R = TypeVar("R")

Answers = Mapping["Port[..., Any]", Callable[..., Any]]


class Port(Generic[P, R]):
    """A question with a signature. Calling it calls the current application's answer."""

    __name__: str

    def __init__(self, question: Callable[P, R]) -> None:
        update_wrapper(self, question)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        answer: Callable[P, R] = current_app.extensions["ports"][self]
        return answer(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<port {self.__module__}.{self.__name__}>"


def port(question: Callable[P, R]) -> Port[P, R]:
    """Declares a question: a function with a docstring (what is asked, and why) and no body."""
    return Port(question)


def init_app(app: Flask, answers: Answers) -> None:
    """Connects each question with its answer."""
    app.extensions["ports"] = dict(answers)
