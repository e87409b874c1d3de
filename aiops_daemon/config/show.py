"""The configuration for people and editors: the running one as YAML, and the schema of all.

A secret is shown as `<secret>`, wherever it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from aiops_daemon.config.load import Loaded
from aiops_daemon.config.model import Document
from aiops_daemon.config.scalars import plain, surprise


class _Dumper(yaml.SafeDumper):
    """Writes YAML that our own reader takes back unchanged."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out: people read this."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    quoted = surprise(text) is not None or plain(text) != text or not text.isprintable()
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted else None)


_Dumper.add_representer(str, _text)


def show(loaded: Loaded) -> str:
    """Write the running configuration as YAML, defaults included, secrets hidden."""
    return write(loaded.document.model_dump(mode="json", by_alias=True, exclude_none=True))


def write(values: Mapping[str, Any]) -> str:
    """Write sections of a configuration as YAML that our own reader takes back unchanged."""
    return str(yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120))


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors."""
    described = Document.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **described,
        "title": "aiops-daemon configuration",
    }
