"""A configuration with everything it names: what `run` starts with and what `config check` tells.

Enters: a path, the environment, flags. Leaves: the configuration, or every fault of it, those of message templates
too: these are found by the edge that writes messages, which `config` must not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from aiops_daemon.config.load import Inspection, Loaded, Overrides, inspect, load
from aiops_daemon.edges.notify.templatecheck import check_templates
from aiops_daemon.errors import ConfigError


def load_all(
    path: Path | None, *, environ: Mapping[str, str], overrides: Overrides, now: float | None = None
) -> Loaded:
    """Load a configuration and try its templates; raises ConfigError with every fault."""
    loaded = load(path, environ=environ, overrides=overrides, now=now)
    faults = check_templates(loaded.settings)
    if faults:
        raise ConfigError(tuple(str(fault) for fault in faults))
    return loaded


def inspect_all(
    path: Path | None, *, environ: Mapping[str, str], overrides: Overrides, files: bool, now: float
) -> Inspection:
    """Find every fault; templates are tried where the rest is right and files may be read."""
    found = inspect(path, environ=environ, overrides=overrides, files=files, now=now)
    faults = check_templates(found.loaded.settings) if found.loaded and files else ()
    if not faults:
        return found
    return replace(found, loaded=None, faults=faults)
