"""What must hold between keys.

Enters the tree as written, so that these checks run even where single values are faulty and all faults come at
once. Leaves faults. Reads files that the configuration names, to see that they can be read; never their content.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path as FilePath
from typing import Any

from aiops_daemon.config.check_alerts import check_alerts
from aiops_daemon.config.check_receivers import check_receivers
from aiops_daemon.config.check_response import check_response
from aiops_daemon.config.check_slos import ALTERNATIVES, check_slos
from aiops_daemon.config.faults import Fault, Path, did_you_mean, dotted
from aiops_daemon.config.outline import keys
from aiops_daemon.config.tree import Tree
from aiops_daemon.core.packs.choice import PACKS

_SERVERS = (
    *(("prometheus", "[]"), ("alertmanagers", "[]"), ("heartbeat",)),
    *(("receivers", "[]", kind, "[]", "http_config") for kind in ("webhook_configs", "jira_configs")),
)
_PAGERDUTY = ("receivers", "[]", "pagerduty_configs", "[]")
_SLACK = ("receivers", "[]", "slack_configs", "[]")
_TEAMS = ("receivers", "[]", "msteams_configs", "[]")
_AT_MOST_ONE = (
    *((section, ("basic_auth", "authorization")) for section in _SERVERS),
    *(((*section, "basic_auth"), ("password", "password_file")) for section in _SERVERS),
    (("heartbeat",), ("url", "url_file")),
    (("storage",), ("password", "password_file")),
    (("receivers", "[]", "email_configs", "[]"), ("auth_password", "auth_password_file")),
    (("receivers", "[]", "webhook_configs", "[]"), ("secret", "secret_file")),
    (_PAGERDUTY, ("api_token", "api_token_file")),
    (_SLACK, ("signing_secret", "signing_secret_file")),
    (_SLACK, ("app_level_token", "app_level_token_file")),
    (_SLACK, ("channel", "api_url")),
    (_SLACK, ("channel", "api_url_file")),
)
_EXACTLY_ONE = (
    *(((*section, "authorization"), ("credentials", "credentials_file")) for section in _SERVERS),
    *(((*section, "headers", "*"), ("secret", "secret_file")) for section in _SERVERS),
    (("queries", "[]", "thresholds", "*"), ("above", "below")),
    *ALTERNATIVES,
    (("maintenance", "[]"), ("time_intervals", "starts_at")),
    (("web", "tokens", "[]"), ("token", "token_file")),
    (("receivers", "[]", "webhook_configs", "[]"), ("url", "url_file")),
    (("receivers", "[]", "sms_configs", "[]"), ("auth_token", "auth_token_file")),
    (("receivers", "[]", "voice_configs", "[]"), ("auth_token", "auth_token_file")),
    (_PAGERDUTY, ("routing_key", "routing_key_file")),
    ((*_PAGERDUTY, "webhook_secrets", "[]"), ("secret", "secret_file")),
    (_SLACK, ("bot_token", "bot_token_file", "api_url", "api_url_file")),
    (_TEAMS, ("webhook_url", "webhook_url_file")),
)
_WITH_TLS = (
    *_SERVERS,
    *(("receivers", "[]", kind, "[]") for kind in ("email_configs", "sms_configs", "voice_configs")),
)
_TOGETHER = tuple(((*section, "tls_config"), ("cert_file", "key_file")) for section in _WITH_TLS)
_NAMED = (
    *("prometheus", "queries", "slos", "alertmanagers", "maintenance", "time_intervals", "teams"),
    *("people", "schedules", "escalations", "receivers", "quality.suppression", "web.tokens"),
)


def check(tree: Tree, *, folder: FilePath, files: bool, live: bool = True) -> list[Fault]:
    """Find what is wrong between keys.

    `files` says whether named files must be readable now, `live` whether the daemon is to run on it.
    """
    parts = [_alternatives(tree), _alert_labels(tree), _packs(tree)]
    parts += [_names(tree, tuple(section.split("."))) for section in _NAMED]
    if live:
        parts += [_sources_given(tree), *(_references(tree, section) for section in ("queries", "slos"))]
    parts += [iter(check_slos(tree, live=live)), check_alerts(tree), check_receivers(tree), check_response(tree)]
    if files:
        parts.append(_files(tree, folder))
    return list(chain.from_iterable(parts))


def _sources_given(tree: Tree) -> Iterator[Fault]:
    if tree.root.get("prometheus", []) == []:
        yield tree.fault(("prometheus",), "no Prometheus to read from", "list one, or give --prometheus.url")


def _alternatives(tree: Tree) -> Iterator[Fault]:
    for path, names, given in _groups(tree, _AT_MOST_ONE):
        if len(given) > 1:
            yield tree.key_fault((*path, given[1]), f"at most one of {_listed(names)} may be given", "remove one")
    for path, names, given in _groups(tree, _EXACTLY_ONE):
        if len(given) > 1:
            yield tree.key_fault((*path, given[1]), f"exactly one of {_listed(names)} may be given", "remove one")
        elif not given:
            yield tree.fault(path, f"exactly one of {_listed(names)} is required", "add one")
    for path, names, given in _groups(tree, _TOGETHER):
        if len(given) == 1:
            yield tree.key_fault((*path, given[0]), f"{_listed(names)} belong together", "add the other")


def _listed(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}"


def _groups(tree: Tree, groups: Any) -> Iterator[tuple[Path, tuple[str, ...], list[str]]]:
    for pattern, names in groups:
        for path, value in tree.find(pattern):
            if isinstance(value, dict):
                yield path, names, [name for name in names if name in value]


def _packs(tree: Tree) -> Iterator[Fault]:
    known = [pack.name for pack in PACKS]
    for path, name in tree.find(("packs", "enable", "[]")):
        if isinstance(name, str) and name not in known:
            yield tree.fault(path, "no pack has this name", did_you_mean(name, known) or f"known: {', '.join(known)}")
    built_in = {query.spec.name for pack in PACKS for query in pack.queries}
    if any(enable == [] for _, enable in tree.find(("packs", "enable"))):
        return
    for path, name in tree.find(("queries", "[]", "name")):
        if isinstance(name, str) and name in built_in:
            yield tree.fault(path, "a built-in pack has a query of this name", "choose another")


def _alert_labels(tree: Tree) -> Iterator[Fault]:
    for path, _ in tree.find(("rules", "labels", "alertname")):
        yield tree.key_fault(path, "an alert's name cannot be set", "choose another label")


def _names(tree: Tree, section: tuple[str, ...]) -> Iterator[Fault]:
    first: dict[str, Path] = {}
    for path, name in tree.find((*section, "[]", "name")):
        if isinstance(name, str) and first.setdefault(name, path) != path:
            yield tree.fault(path, f"{dotted(first[name])} has the same name", "choose another")


def _references(tree: Tree, section: str) -> Iterator[Fault]:
    known = [name for _, name in tree.find(("prometheus", "[]", "name")) if isinstance(name, str)]
    for path, name in tree.find((section, "[]", "prometheus", "[]")):
        if isinstance(name, str) and name not in known:
            remedy = did_you_mean(name, known) or f"known: {', '.join(known)}"
            yield tree.fault(path, "no Prometheus has this name", remedy)


def _files(tree: Tree, folder: FilePath) -> Iterator[Fault]:
    for key in keys():
        named = tree.find(key.path) if key.path[-1].endswith("_file") else ()
        for path, value in named:
            reason = _unreadable(folder / value) if isinstance(value, str) and value.strip() else ""
            if reason:
                remedy = "give a readable file; a relative path begins at the folder of this file"
                yield tree.fault(path, f"cannot be read: {reason}", remedy)


def _unreadable(file: FilePath) -> str:
    try:
        with file.open("rb"):
            return ""
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()
