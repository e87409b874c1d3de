"""From a file, the environment and flags to the running configuration, or to every fault at once.

Enters a path (or none), the environment and what flags override. Leaves Settings, warnings and the document.
Never logs, never keeps a file open, never raises anything but ConfigError.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from aiops_daemon.config.build import build
from aiops_daemon.config.check import check
from aiops_daemon.config.check_response import check_channels
from aiops_daemon.config.check_slos import Placed, check_burn, check_slo_joins, warn_burn
from aiops_daemon.config.explain import explain
from aiops_daemon.config.faults import Fault
from aiops_daemon.config.model import Document
from aiops_daemon.config.parse import MAX_BYTES, parse
from aiops_daemon.config.tree import Tree
from aiops_daemon.config.warn import warn
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.errors import ConfigError

_HASH_BYTES = 6  # a gauge is a double: whole numbers are exact up to 2**53


@dataclass(frozen=True, slots=True)
class Overrides:
    """What flags add to the file (Prometheus servers) or set over it; empty means not given."""

    prometheus_urls: tuple[str, ...] = ()
    storage_url: str = ""
    external_url: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid configuration; `document` is the file as models, defaults filled in."""

    settings: Settings
    warnings: tuple[str, ...]
    document: Document


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything found out about a file: `loaded` is None when there are faults."""

    loaded: Loaded | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...] = ()
    readable: bool = True


def load(path: Path | None, *, environ: Mapping[str, str], overrides: Overrides, now: float | None = None) -> Loaded:
    """Load a configuration; raises ConfigError with every fault. Without a file, flags must name a Prometheus.

    With the moment, windows that have ended are among the warnings.
    """
    found = inspect(path, environ=environ, overrides=overrides, now=now)
    if found.loaded is None:
        raise ConfigError(tuple(str(fault) for fault in found.faults), readable=found.readable)
    return found.loaded


def inspect(
    path: Path | None,
    *,
    environ: Mapping[str, str],
    overrides: Overrides,
    files: bool = True,
    now: float | None = None,
    live: bool = True,
    raw: bytes | None = None,
) -> Inspection:
    """Find every fault and warning.

    `files` says whether files that are named must be readable here and now; `live` whether the daemon is to run on it:
    if not, SLOs may hold what only generated rules can do, and no Prometheus need be named. `raw` is what the file
    holds, where it was read already.
    """
    try:
        if raw is None:
            raw = _read(path) if path else b""
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "not a path").lower()
        return Inspection(None, (Fault("", 0, 0, f"cannot be read: {reason}", file=str(path)),), readable=False)
    return _judge(raw, path, environ=environ, overrides=overrides, files=files, now=now, live=live)


def inspect_text(text: str, *, overrides: Overrides) -> Inspection:
    """Find every fault of a configuration that is in no file yet; faults call it `output`."""
    return _judge(text.encode(), Path("output"), environ={}, overrides=overrides, files=False, now=None)


def _judge(
    raw: bytes,
    path: Path | None,
    *,
    environ: Mapping[str, str],
    overrides: Overrides,
    files: bool,
    now: float | None,
    live: bool = True,
) -> Inspection:
    tree, faults = parse(raw, str(path) if path else "", environ)
    _override(tree, overrides)
    if _unparsed(tree, faults):
        return Inspection(None, tuple(faults))
    folder = path.parent if path else Path()
    document = _validate(tree, faults)
    faults += check(tree, folder=folder, files=files, live=live)
    if document is not None and not faults:  # channels can be built only from what is sound
        faults += check_channels(document, tree, folder)
    if document is None or faults:
        return Inspection(None, tuple(sorted(faults, key=lambda fault: (fault.line, fault.column))))
    settings = build(document, folder=folder, config_hash=_hash(raw))
    placed = [Placed(tree, ("slos", index, "sli"), slo) for index, slo in enumerate(settings.slos)]
    impossible = (*check_burn(settings.slos, tree), *check_slo_joins(placed))
    if impossible:
        return Inspection(None, impossible)
    warnings = (*warn(document, tree, now), *warn_burn(settings.slos, tree))
    return Inspection(Loaded(settings, tuple(str(warning) for warning in warnings), document), (), warnings)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _unparsed(tree: Tree, faults: list[Fault]) -> bool:
    """Say whether the file as a whole is unreadable, so that further faults would only be echoes."""
    return (bool(faults) and () not in tree.values) or any(not fault.path and not tree.root for fault in faults)


def _validate(tree: Tree, faults: list[Fault]) -> Document | None:
    try:
        return Document.model_validate(tree.root)
    except ValidationError as error:
        faults += explain(error.errors(include_url=False), tree)
        return None


def _override(tree: Tree, overrides: Overrides) -> None:
    for index, url in enumerate(overrides.prometheus_urls):
        name = "prometheus" if len(overrides.prometheus_urls) == 1 else f"prometheus-{index}"
        tree.append("prometheus", {"name": name, "urls": [url]}, "--prometheus.url")
    if overrides.storage_url:
        tree.put(("storage", "url"), overrides.storage_url, "--storage.url")
    if overrides.external_url:
        tree.put(("global", "external_url"), overrides.external_url, "--web.external-url")


def _hash(raw: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(raw, digest_size=_HASH_BYTES).digest(), "big")
