"""The paths of the delivery log, and of what is written into it, in the OpenAPI document.

Enters: the parameters and shapes that the handlers use. Leaves: path items, and the schemas that they refer to.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aiops_daemon.edges.web.api.changes import CHANGES
from aiops_daemon.edges.web.api.changeshapes import ChangeBody
from aiops_daemon.edges.web.api.describe import IDEMPOTENCY, many, parameter_of, responses
from aiops_daemon.edges.web.api.notificationshapes import NotificationItem, TrialBody
from aiops_daemon.edges.web.api.parameters import NOTIFICATION_PARAMETERS

_TEMPLATE = "#/components/schemas/{name}"


def notification_paths() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the paths, and the schemas that they refer to."""
    shapes = [NotificationItem, TrialBody, ChangeBody]
    (item, body, change), components = msgspec.json.schema_components(shapes, ref_template=_TEMPLATE)
    listing = {
        "summary": "The delivery log: messages to people, latest first.",
        "parameters": [parameter_of(each) for each in NOTIFICATION_PARAMETERS],
        "responses": responses(many(item), "400", "401", "403", "404", "503"),
    }
    test = {
        "summary": "Send a test message by every channel of a receiver or person; needs the role operator.",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": responses(many(item), "400", "401", "403", "404", "415", "422", "503"),
    }
    changes = {
        "summary": "Tell PagerDuty of a change, beside the incidents of what it touches; needs the role responder.",
        "parameters": [IDEMPOTENCY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": change}}},
        "responses": responses(many(item), "400", "401", "403", "404", "415", "422", "503"),
    }
    paths = {
        "/api/v1/notifications": {"get": listing},
        "/api/v1/notifications/test": {"post": test},
        CHANGES: {"post": changes},
    }
    return paths, components
