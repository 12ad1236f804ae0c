"""Bodies and queries as declared, or a refusal that names what is wrong with them."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel, ValidationError

from core.errors import Invalid
from core.intake import read_json
from core.refusals import MOST_ERRORS


def parse_body(model: type[BaseModel], *, is_optional: bool) -> BaseModel:
    raw = request.get_data(cache=True)
    if not raw and is_optional:
        raw = b"{}"
    values = read_json(raw)
    if not isinstance(values, dict):
        raise Invalid("malformed_json", _l("The body must be a JSON object."))
    return validate(model, values)


def parse_query(model: type[BaseModel]) -> BaseModel:
    given = request.args.to_dict(flat=False)
    given.pop("lang", None)
    several = {
        known.alias or name
        for name, known in model.model_fields.items()
        if "list" in str(known.annotation)
    }
    if repeated := [name for name in given if name not in several and len(given[name]) > 1]:
        raise Invalid("repeated", _l("Give this value only once."), repeated[0])
    return validate(
        model, {name: texts if name in several else texts[0] for name, texts in given.items()}
    )


def validate(model: type[BaseModel], values: dict[str, Any]) -> BaseModel:
    """`values` as `model`, or Invalid with the bad fields named, at most MOST_ERRORS of them."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        faults = [
            Invalid(_fault_code(one["type"]), _fault_text(one), _place(one["loc"]))
            for one in found[:MOST_ERRORS]
        ]
        raise Invalid(
            "invalid_values", _l("Some values cannot be accepted."), errors=list(faults)
        ) from None


def _place(location: tuple[int | str, ...]) -> str | None:
    """The path in the body or query. Of a value that may be of several types pydantic also names
    the type, with brackets."""
    return ".".join(str(part) for part in location if "[" not in str(part)) or None


def _fault_code(kind: str) -> str:
    return {
        "missing": "required",
        "extra_forbidden": "unknown_field",
        "string_too_long": "too_long",
    }.get(kind, kind)


def _fault_text(fault: Any) -> str:
    kind = fault["type"]
    if kind == "missing":
        return _("This value is needed.")
    if kind == "extra_forbidden":
        return _("This field is not known here.")
    return fault["msg"].removeprefix("Value error, ")
