"""The paths of incidents, alerts, quality and events in the OpenAPI document.

Enters: the tables that the handlers use: parameters, verbs, shapes. Leaves: path items, and the schemas that they refer
to. Never says of a parameter or a body what its handler does not check.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from aiops_daemon.edges.web.api.bodies import VERBS, Verb
from aiops_daemon.edges.web.api.describe import IDEMPOTENCY, PROBLEMS, many, parameter_of, problem, responses, single
from aiops_daemon.edges.web.api.detailshapes import IncidentDetailItem
from aiops_daemon.edges.web.api.events import EVENT_PARAMETERS
from aiops_daemon.edges.web.api.incidentshapes import AlertItem, EntryItem, IncidentItem, QualityItem
from aiops_daemon.edges.web.api.parameters import (
    ALERT_PARAMETERS,
    INCIDENT_PARAMETERS,
    QUALITY_PARAMETERS,
    Parameter,
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
        one: {"get": _read("One incident with all that belongs to it.", single(detail))},
        f"{one}/timeline": {"get": _read("Its timeline, oldest first.", many(entry))},
        **{f"{one}/{verb.word}": _act(verb, incident, body_of[verb.body]) for verb in VERBS},
        "/api/v1/alerts": _list("Alerts, latest heard first.", alert, ALERT_PARAMETERS),
        "/api/v1/quality": _quality(quality),
        "/api/v1/events": _events(),
    }
    return paths, components


def _list(
    summary: str, item: dict[str, Any], parameters: Sequence[Parameter], more: dict[str, Any] | None = None
) -> dict[str, Any]:
    page = many(item, _TOTAL, more or {})
    operation = {"summary": summary, "responses": responses(page, "400", "401", "403", "404", "503")}
    return {"get": {**operation, "parameters": [parameter_of(each) for each in parameters]}}


def _quality(item: dict[str, Any]) -> dict[str, Any]:
    answers = responses(many(item), "400", "401", "403", "404", "503")
    parameters = [parameter_of(each) for each in QUALITY_PARAMETERS]
    return {"get": {"summary": "How good each alert rule is.", "responses": answers, "parameters": parameters}}


def _read(summary: str, document: dict[str, Any]) -> dict[str, Any]:
    answers = responses(document, "400", "401", "403", "404", "503")
    return {"summary": summary, "parameters": [_REF], "responses": answers}


def _act(verb: Verb, incident: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    done = single(incident)
    done["properties"] |= {
        "created": {"anyOf": [incident, {"type": "null"}], "description": "The new incident of a split."},
        "changed": {"type": "boolean", "description": "False: it already was so."},
    }
    operation = {
        "summary": verb.meaning,
        "parameters": [_REF, IDEMPOTENCY],
        "requestBody": {"required": verb.required, "content": {"application/json": {"schema": body}}},
        "responses": {**responses(done, *PROBLEMS), "202": _stored()},
    }
    return {"post": operation}


def _stored() -> dict[str, Any]:
    """Describe the answer when no replica led in time."""
    document = single({"type": "null"})
    document["properties"] |= {"created": {"type": "null"}, "changed": {"type": "boolean"}}
    words = "Stored: the replica that leads will do it, once and in its turn. Only with several replicas."
    return {"description": words, "content": {"application/json": {"schema": document}}}


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
    problems = {code: problem(PROBLEMS[code]) for code in ("400", "401", "403", "404", "503")}
    return {
        "get": {
            "summary": "Every new line of every timeline, as it is written.",
            "parameters": [header, *(parameter_of(each) for each in EVENT_PARAMETERS)],
            "responses": {"200": stream, **problems},
        }
    }
