"""The pieces that paths in the OpenAPI document are put together from.

Enters: parameters, and schemas of what is answered. Leaves: members of the document. Never says of a parameter what
its check does not look at.
"""

from __future__ import annotations

from typing import Any

from aiops_daemon.core.model.listing import MAX_LIMIT
from aiops_daemon.edges.web.api.idempotency import IDEMPOTENCY_KEY, MOST_KEY
from aiops_daemon.edges.web.api.parameters import MOST_TEXT, MOST_VALUES, Parameter, Shape

PROBLEMS = {
    "400": "What was sent cannot be read, or parameters do not fit.",
    "401": "No token, or one that is not known.",
    "403": "The token's role may not do this.",
    "404": "There is no such incident, or it is another team's.",
    "409": "Its state does not allow this; the words say what does.",
    "415": "The body is not said to be JSON.",
    "422": "The body does not fit; `errors` names each field.",
    "503": "The store cannot be used now.",
}
PAGE = {
    "next": {"type": ["string", "null"], "description": "Cursor of the next page; null on the last one."},
    "warnings": {"type": "array", "items": {"type": "string"}},
}
IDEMPOTENCY = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": False,
    "description": "The same over repetitions of one request: it is done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MOST_KEY, "pattern": "^[ -~]+$"},
}


def parameter_of(parameter: Parameter) -> dict[str, Any]:
    """Describe one query parameter."""
    schema = _schema(parameter)
    if parameter.default:
        schema["default"] = int(parameter.default) if parameter.shape is Shape.COUNT else parameter.default
    if parameter.many:
        schema = {"type": "array", "items": schema, "maxItems": MOST_VALUES}
    return {
        "name": parameter.name,
        "in": "query",
        "required": False,
        "description": parameter.meaning,
        "schema": schema,
    }


def _schema(parameter: Parameter) -> dict[str, Any]:
    if parameter.values:
        return {"type": "string", "enum": list(parameter.values)}
    if parameter.shape is Shape.COUNT:
        return {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}
    if parameter.shape is Shape.SWITCH:
        return {"type": "boolean"}
    if parameter.shape is Shape.PAIR:
        return {"type": "string", "pattern": r"^[^=]+=", "maxLength": MOST_TEXT}
    return {"type": "string", "maxLength": MOST_TEXT}


def single(item: dict[str, Any]) -> dict[str, Any]:
    """Describe an answer with one thing in it."""
    return {"type": "object", "required": ["data", "next", "warnings"], "properties": {"data": item, **PAGE}}


def many(item: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    """Describe an answer that is a list; `more` are further members."""
    document = single({"type": "array", "items": item})
    for properties in more:
        document["properties"] |= properties
    return document


def responses(document: dict[str, Any], *problems: str) -> dict[str, Any]:
    """Describe the good answer and those problems."""
    good = {"description": "As asked.", "content": {"application/json": {"schema": document}}}
    return {"200": good, **{code: problem(PROBLEMS[code]) for code in problems}}


def problem(description: str) -> dict[str, Any]:
    """Describe a problem document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}
