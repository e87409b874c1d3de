"""The paths of incidents, alerts, quality and events in the OpenAPI document.

Enters: the tables that the handlers use: parameters, verbs, shapes. Leaves: path items, and the schemas that they refer
to. Never says of a parameter or a body what its handler does not check.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from aiops_daemon.core.model.listing import MAX_LIMIT
from aiops_daemon.edges.web.api.bodies import VERBS, Verb
from aiops_daemon.edges.web.api.detailshapes import IncidentDetailItem
from aiops_daemon.edges.web.api.events import EVENT_PARAMETERS
from aiops_daemon.edges.web.api.incidentshapes import AlertItem, EntryItem, IncidentItem, QualityItem
from aiops_daemon.edges.web.api.parameters import (
    ALERT_PARAMETERS,
    INCIDENT_PARAMETERS,
    MOST_TEXT,
    MOST_VALUES,
    QUALITY_PARAMETERS,
    Parameter,
    Shape,
)

_SHAPES = (IncidentItem, IncidentDetailItem, EntryItem, AlertItem, QualityItem)
_TEMPLATE = "#/components/schemas/{name}"
_REF = {
    "name": "ref",
    "in": "path",
    "required": True,
    "description": "INC-42, 42, or the uid.",
    "schema": {"type": "string", "minLength": 1},
    "example": "INC-42",
}
_PROBLEMS = {
    "400": "What was sent cannot be read, or parameters do not fit.",
    "401": "No token, or one that is not known.",
    "403": "The token's role may not do this.",
    "404": "There is no such incident, or it is another team's.",
    "409": "Its state does not allow this; the words say what does.",
    "415": "The body is not said to be JSON.",
    "422": "The body does not fit; `errors` names each field.",
    "503": "The store cannot be used now, or another replica has the alerts.",
}
_PAGE = {
    "next": {"type": ["string", "null"], "description": "Cursor of the next page; null on the last one."},
    "warnings": {"type": "array", "items": {"type": "string"}},
}
_TOTAL = {"total": {"type": "integer", "description": "How many match in all."}}
_FACETS = {
    "facets": {
        "type": "object",
        "description": "Per field, how many of all that match have each value; with facets=true.",
        "additionalProperties": {"type": "object", "additionalProperties": {"type": "integer"}},
    }
}


def incident_paths() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the paths, and the schemas that they refer to."""
    bodies = list(dict.fromkeys(verb.body for verb in VERBS))
    schemas, components = msgspec.json.schema_components([*_SHAPES, *bodies], ref_template=_TEMPLATE)
    incident, detail, entry, alert, quality = schemas[: len(_SHAPES)]
    body_of = dict(zip(bodies, schemas[len(_SHAPES) :], strict=True))
    one = "/api/v1/incidents/{ref}"
    paths = {
        "/api/v1/incidents": _list("Incidents; every state unless asked.", incident, INCIDENT_PARAMETERS, _FACETS),
        one: {"get": _read("One incident with all that belongs to it.", _single(detail))},
        f"{one}/timeline": {"get": _read("Its timeline, oldest first.", _many(entry))},
        **{f"{one}/{verb.word}": _act(verb, incident, body_of[verb.body]) for verb in VERBS},
        "/api/v1/alerts": _list("Alerts, latest heard first.", alert, ALERT_PARAMETERS),
        "/api/v1/quality": _quality(quality),
        "/api/v1/events": _events(),
    }
    return paths, components


def _list(
    summary: str, item: dict[str, Any], parameters: Sequence[Parameter], more: dict[str, Any] | None = None
) -> dict[str, Any]:
    page = _many(item, _TOTAL, more or {})
    operation = {"summary": summary, "responses": _responses(page, "400", "401", "403", "404", "503")}
    return {"get": {**operation, "parameters": [_parameter(each) for each in parameters]}}


def _quality(item: dict[str, Any]) -> dict[str, Any]:
    responses = _responses(_many(item), "400", "401", "403", "404", "503")
    parameters = [_parameter(each) for each in QUALITY_PARAMETERS]
    return {"get": {"summary": "How good each alert rule is.", "responses": responses, "parameters": parameters}}


def _read(summary: str, document: dict[str, Any]) -> dict[str, Any]:
    responses = _responses(document, "400", "401", "403", "404", "503")
    return {"summary": summary, "parameters": [_REF], "responses": responses}


def _act(verb: Verb, incident: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    done = _single(incident)
    done["properties"] |= {
        "created": {"anyOf": [incident, {"type": "null"}], "description": "The new incident of a split."},
        "changed": {"type": "boolean", "description": "False: it already was so."},
    }
    operation = {
        "summary": verb.meaning,
        "parameters": [_REF],
        "requestBody": {"required": verb.required, "content": {"application/json": {"schema": body}}},
        "responses": _responses(done, *_PROBLEMS),
    }
    return {"post": operation}


def _events() -> dict[str, Any]:
    header = {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "description": "The id of the event that was seen last; the stream goes on after it.",
        "schema": {"type": "string", "format": "uuid"},
    }
    stream = {
        "description": "Server-sent events: `id`, `event` (kind of the entry) and `data` (an EntryItem).",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
    problems = {code: _problem(_PROBLEMS[code]) for code in ("400", "401", "403", "404", "503")}
    return {
        "get": {
            "summary": "Every new line of every timeline, as it is written.",
            "parameters": [header, *(_parameter(each) for each in EVENT_PARAMETERS)],
            "responses": {"200": stream, **problems},
        }
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
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


def _single(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": ["data", "next", "warnings"], "properties": {"data": item, **_PAGE}}


def _many(item: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    document = _single({"type": "array", "items": item})
    for properties in more:
        document["properties"] |= properties
    return document


def _responses(document: dict[str, Any], *problems: str) -> dict[str, Any]:
    good = {"description": "As asked.", "content": {"application/json": {"schema": document}}}
    return {"200": good, **{code: _problem(_PROBLEMS[code]) for code in problems}}


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}
