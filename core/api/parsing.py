"""Parses bodies and queries as declared, or refuses them and names the faults."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel, ValidationError

from core.api.shapes import Schema
from core.errors import Invalid
from core.intake import read_json
from core.refusals import MOST_ERRORS


def parse_body(model: type[Schema], *, is_optional: bool) -> BaseModel:
    raw = request.get_data(cache=True)
    if not raw and is_optional:
        raw = b"{}"
    values = read_json(raw, most_values=model.most_values)
    if not isinstance(values, dict):
        raise Invalid("malformed_json", _l("The body must be a JSON object."))
    return validate(model, values)


def parse_query(model: type[BaseModel]) -> BaseModel:
    arguments = request.args.to_dict(flat=False)
    arguments.pop("lang", None)
    several = {
        known.alias or name
        for name, known in model.model_fields.items()
        if "list" in str(known.annotation)
    }
    if repeated := [name for name in arguments if name not in several and len(arguments[name]) > 1]:
        raise Invalid("repeated", _l("Give this value only once."), repeated[0])
    return validate(
        model, {name: texts if name in several else texts[0] for name, texts in arguments.items()}
    )


def validate(model: type[BaseModel], values: dict[str, Any]) -> BaseModel:
    """`values` as `model`, or Invalid with at most MOST_ERRORS bad fields."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=False)
        faults = [
            Invalid(_fault_code(fault["type"]), _fault_text(fault), _place(fault["loc"]))
            for fault in errors[:MOST_ERRORS]
        ]
        raise Invalid(
            "invalid_values", _l("Some values cannot be accepted."), errors=list(faults)
        ) from None


def _place(location: tuple[int | str, ...]) -> str | None:
    """The path in the body or query. Leaves out the parts with brackets by which pydantic names a
    type in a union."""
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
