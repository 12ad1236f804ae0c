"""No address, name or secret of anyone in a log: a call logs a fixed text, and values that tell of
no one. What may be logged is listed, not what may not, so that a new way is refused until someone
looked at it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.guards import source

LEVELS = {"debug", "info", "warning", "error", "critical"}
#: Ids, numbers and codes; where an error arose, without its words (`core.errors.trace`); and what
#: else tells of no one.
TELLS_OF_NO_ONE = re.compile(
    r"(\w+\.)*(\w+_id|number|code|kind|step|endpoint)|trace\(.+\)|type\(\w+\)\.__name__"
    r"|cause"  # a class's name
    r"|failure"  # a RenderingFailed, whose sentences hold no personal data
    r"|lane\.name|path\.name"
    r"|lease\.args\['mail_id'\]"
    r"|away\.answer\.partition\(' '\)\[0\]"  # the code of a mail server's answer
)
#: What would write beside the logs.
BESIDE = re.compile(r"print|traceback\.print_\w+|sys\.std(err|out)(\.\w+)*|warnings\.warn")


def faults(name: str, tree: ast.Module) -> Iterator[str]:
    """What calls of a log tell beyond a fixed text and such values, and what could log unseen."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_log(node.func)]
    for call in calls:
        yield from (f"{name}:{call.lineno} logs {ast.unparse(value)}" for value in _beyond(call))
    seen = {id(call.func.value) for call in calls if isinstance(call.func, ast.Attribute)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and ast.unparse(node) == "log = logging.getLogger(__name__)"
        ):
            seen |= {id(part) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) not in seen and _could_log(node):
            yield f"{name}:{getattr(node, 'lineno', 0)} has {ast.unparse(node)}, unseen by this guard"


def _is_log(function: ast.AST) -> bool:
    if ast.unparse(function) == "logging.getLogger":
        return False
    return isinstance(function, ast.Attribute) and bool(
        re.search(r"(^|[._])log(ger|ging)?(\(.*\))?$", ast.unparse(function.value), re.IGNORECASE)
    )


def _beyond(call: ast.Call) -> Iterator[ast.AST]:
    """All but a literal text and values that tell of no one; `extra=`, `exc_info=` and the words
    of an exception are beyond."""
    if isinstance(call.func, ast.Attribute) and call.func.attr not in LEVELS:
        yield call.func
    text, *values = call.args or [call]
    if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
        yield text
    yield from (value for value in values if not TELLS_OF_NO_ONE.fullmatch(ast.unparse(value)))
    yield from (keyword.value for keyword in call.keywords)


def _could_log(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module in ("logging", "traceback", "warnings") and any(
            name_.name != "format_tb" for name_ in node.names
        )
    if isinstance(node, ast.Import):
        return any(alias.name == "logging" and alias.asname for alias in node.names)
    if isinstance(node, ast.Call):
        return bool(BESIDE.fullmatch(ast.unparse(node.func)))
    if isinstance(node, ast.Attribute):
        return node.attr in ("logger", "getLogger")
    return False


def test_logs_tell_of_no_one() -> None:
    breaches = [
        breach for path in source.files() for breach in faults(source.name(path), source.tree(path))
    ]
    assert breaches == []


@pytest.mark.parametrize(
    "code",
    [
        'log.info("sent to %s", person.email)',
        'log.info(f"sent to {address}")',
        'log.info("sent to %s" % address)',
        'log.info("sent to {}".format(address))',
        'log.info("sent to " + address)',
        'log.info("sent", extra={"to": address})',
        'log.error("failed", exc_info=True)',
        'log.error("failed: %s", error)',
        'log.exception("failed")',
        'log.log(20, "sent to %s", address)',
        'log.warning("%s", message)',
        'current_app.logger.info("sent to %s", person.email)',
        'logging.info("sent to %s", address)',
        'logging.getLogger("mail").info("sent to %s", address)',
        'write = logging.getLogger("mail")\nwrite.info("sent to %s", address)',
        'write = current_app.logger\nwrite.info("sent to %s", address)',
        'self._log.info("sent to %s", address)',
        "from logging import getLogger",
        "import logging as journal",
        "print(address)",
        "traceback.print_exc()",
        "sys.stderr.write(address)",
        "warnings.warn(address)",
    ],
)
def test_an_address_in_a_log_would_be_found(code: str) -> None:
    assert list(faults("core/mail/route.py", ast.parse(code))) != []


def test_a_fixed_text_with_an_id_is_none() -> None:
    code = """
import logging
log = logging.getLogger(__name__)
log.error("mail %s could not be composed\\n%s", mail_id, trace(error))
current_app.logger.warning("unavailable at %s: %s", request.endpoint, error.code)
"""
    assert list(faults("core/mail/route.py", ast.parse(code))) == []
