"""The OpenAPI document, derived from the shapes so that it cannot fall behind them.

Enters: the structs of shapes.py and the filters below, which the handlers use too. Leaves: finished JSON.
Never describes a path that is not served (a test compares).
"""

from __future__ import annotations

from typing import Any

import msgspec

from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.edges.web.api.incidentpaths import incident_paths
from aiops_daemon.edges.web.api.notificationpaths import notification_paths
from aiops_daemon.edges.web.api.paging import DEFAULT_LIMIT, MAX_LIMIT
from aiops_daemon.edges.web.api.shapes import FindingItem, ServiceItem, SloItem, StreamItem

Filters = dict[str, tuple[str, ...]]

FINDING_FILTERS: Filters = {"kind": tuple(FindingKind), "query": (), "state": ("open", "recent")}
STREAM_FILTERS: Filters = {"source": (), "query": ()}
SLO_FILTERS: Filters = {"name": (), "service": ()}
SERVICE_FILTERS: Filters = {"name": ()}

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem document.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "string"}, "description": "Every fault, one each."},
    },
}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of web.tokens."},
    "basic": {"type": "http", "scheme": "basic", "description": "For pages: any name, the token as password."},
}
_DOOR = {"401": "No token, or one that is not known.", "403": "The token's role may not do this."}


def document(version: str, external_url: str) -> bytes:
    """Write the description of every path of the listener."""
    items = {"Finding": FindingItem, "Stream": StreamItem, "Slo": SloItem, "Service": ServiceItem}
    schemas, components = msgspec.json.schema_components(items.values(), ref_template="#/components/schemas/{name}")
    alert_paths, alert_components = incident_paths()
    log_paths, log_components = notification_paths()
    paths = {
        "/api/v1/findings": _list("Findings, newest first.", schemas[0], FINDING_FILTERS),
        "/api/v1/streams": _list("What is watched: one query on one source.", schemas[1], STREAM_FILTERS),
        "/api/v1/slos": _list("Service level objectives and how they stand.", schemas[2], SLO_FILTERS),
        "/api/v1/services": _list("Services that SLOs name, and their health.", schemas[3], SERVICE_FILTERS),
        "/api/v1/openapi.json": {"get": _operation("This document.", {"200": _json({"type": "object"}), **_door()})},
        **alert_paths,
        **log_paths,
        **_plain_paths(),
    }
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "aiops-daemon", "version": version, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": external_url or "/"}],
        "paths": paths,
        "components": {
            "schemas": {**components, **alert_components, **log_components, "Problem": _PROBLEM},
            "securitySchemes": _SCHEMES,
        },
        "security": [{"bearer": []}, {"basic": []}, {}],
    }
    return msgspec.json.encode(described)


def _list(summary: str, item: dict[str, Any], filters: Filters) -> dict[str, Any]:
    page = {
        "type": "object",
        "required": ["data", "next", "warnings"],
        "properties": {
            "data": {"type": "array", "items": item},
            "next": {"type": ["string", "null"], "description": "Cursor of the next page; null on the last one."},
            "warnings": {"type": "array", "items": {"type": "string"}},
        },
    }
    parameters = [
        *(
            _parameter(name, {"type": "string", **({"enum": list(values)} if values else {})})
            for name, values in filters.items()
        ),
        _parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}),
        _parameter("cursor", {"type": "string"}),
    ]
    operation = _operation(summary, {"200": _json(page), "400": _problem("Parameters do not fit."), **_door()})
    return {"get": {**operation, "parameters": parameters}}


def _plain_paths() -> dict[str, Any]:
    page = {
        "200": {
            "description": "Text 0.0.4 or OpenMetrics 1.0.0, by Accept.",
            "content": {"text/plain": {}, "application/openmetrics-text": {}},
        }
    }
    line = {"200": _text("All is well.")}
    faults = {"400": _text("Every fault of the configuration, one a line."), **_door()}
    return {
        "/metrics": {"get": _operation("The daemon's own metrics.", page)},
        "/findings/metrics": {"get": _operation("Findings; scrape with honor_labels.", page)},
        "/-/healthy": {"get": _operation("Whether the process answers.", line)},
        "/-/ready": {"get": _operation("Whether it does its work.", {**line, "503": _text("What is not ready.")})},
        "/-/reload": {"post": _operation("Load the configuration anew.", {**line, **faults})},
        "/": {"get": _page("The page for people.")},
        "/incidents": {"get": _page("The list of incidents, for people; the parameters of /api/v1/incidents.")},
        "/incidents/{ref}": {"get": _page("One incident, for people.", "ref")},
        "/incidents/{ref}/{verb}": {"post": _form()},
        "/webhooks/alertmanager": {"post": _webhook()},
        "/webhooks/alertmanager/{source}": {"post": _webhook("source")},
        "/webhooks/pagerduty": {"post": _signed_webhook()},
        "/webhooks/slack/interactive": {"post": _slack("Clicks on buttons in Slack.")},
        "/webhooks/slack/command": {"post": _slack("Slack's slash command.")},
    }


def _page(summary: str, *parts: str) -> dict[str, Any]:
    html = {"description": "HTML.", "content": {"text/html": {}}}
    codes = ("200", "404", "503") if parts else ("200", "400", "503")
    operation = _operation(summary, {**dict.fromkeys(codes, html), **_door()})
    return {**operation, "parameters": [_part(name) for name in parts]}


def _form() -> dict[str, Any]:
    """Describe what a page's forms send; their hidden field makes them of no use to programs."""
    html = {"description": "HTML: what went wrong, in words.", "content": {"text/html": {}}}
    codes = dict.fromkeys(("404", "409", "415", "422", "503"), html)
    operation = _operation("A form of an incident's page.", {"303": {"description": "Done."}, **codes, **_door()})
    body = {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}}
    return {**operation, "parameters": [_part("ref"), _part("verb")], "requestBody": body}


def _webhook(*parts: str) -> dict[str, Any]:
    problems = {
        "400": _problem("No JSON object; a copy is in quarantine."),
        "415": _problem("Neither plain nor gzip."),
        "503": _problem("The body is too large, or cannot be stored now."),
    }
    operation = _operation("Alertmanager's receiver.", {"200": _json({"type": "object"}), **problems, **_door()})
    body = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    return {**operation, "parameters": [_part(name) for name in parts], "requestBody": body}


def _signed_webhook() -> dict[str, Any]:
    """Describe what PagerDuty sends; its signature stands in for a token."""
    problems = {
        "400": _problem("Signed, but no event."),
        "403": _problem("No signature by a secret that is configured."),
        "413": _problem("Larger than PagerDuty sends."),
        "503": _problem("The event cannot be stored now; it is to be sent again."),
    }
    operation = _operation("PagerDuty's webhooks (v3).", {"200": _json({"type": "object"}), **problems})
    body = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    signature = {"name": "X-PagerDuty-Signature", "in": "header", "required": True, "schema": {"type": "string"}}
    return {**operation, "parameters": [signature], "requestBody": body, "security": [{}]}


def _slack(summary: str) -> dict[str, Any]:
    """Describe what Slack sends; the answer itself goes to the request's response URL."""
    problems = {
        "400": _problem("Signed, but nothing that Slack sends."),
        "403": _problem("No signature by a secret that is configured, or an old one."),
    }
    operation = _operation(summary, {"200": {"description": "Taken; what comes of it is told in Slack."}, **problems})
    body = {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}}
    headers = ("X-Slack-Signature", "X-Slack-Request-Timestamp")
    signed = [{"name": one, "in": "header", "required": True, "schema": {"type": "string"}} for one in headers]
    return {**operation, "parameters": signed, "requestBody": body, "security": [{}]}


def _part(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _door() -> dict[str, Any]:
    return {code: _problem(words) for code, words in _DOOR.items()}


def _operation(summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "responses": responses}


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "As asked.", "content": {"application/json": {"schema": schema}}}


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"text/plain": {}}}


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}
