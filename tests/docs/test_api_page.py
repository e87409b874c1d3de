"""docs/api.md names every path that is served, and no other."""

from __future__ import annotations

import json
import re
from pathlib import Path

from aiops_daemon.edges.web.api import openapi

_DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_page_lists_every_path() -> None:
    """The table's paths are those of the OpenAPI document, which a test compares with the routes."""
    described = json.loads(openapi.document("1", ""))["paths"]
    served = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}

    assert served == set(re.findall(r"`((?:GET|POST) /\S*)`", _DOCUMENT.read_text(encoding="utf-8")))
