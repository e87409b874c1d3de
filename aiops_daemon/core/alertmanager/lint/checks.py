"""All rules, and the way through them.

Enters: a configuration as plain values (YAML read by an edge, numbers and truth values as words) and what is known
of this daemon. Leaves: findings in the order of the rules. What Alertmanager itself would refuse is one finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aiops_daemon.core.alertmanager.lint import inhibition, receivers, routing, timing
from aiops_daemon.core.alertmanager.lint.model import Check, Finding, Ours, Rule, Subject, Weight
from aiops_daemon.core.alertmanager.reading import sequence
from aiops_daemon.core.alertmanager.tree import read_tree

NOT_VALID = Rule(
    "not-valid",
    Weight.ERROR,
    "Alertmanager would refuse the configuration.",
    "It keeps the old one on a reload, and does not start with a new one.",
    "see what `amtool check-config` says",
)
UNDEFINED = Rule(
    "receiver-undefined",
    Weight.ERROR,
    "A route names a receiver that is not there.",
    "Alertmanager refuses the whole configuration.",
    "add the receiver, or correct the name",
)

CHECKS: tuple[Check, ...] = (*receivers.CHECKS, *routing.CHECKS, *timing.CHECKS, *inhibition.CHECKS)
RULES: tuple[Rule, ...] = (NOT_VALID, UNDEFINED, *(rule for rule, _ in CHECKS))


def lint(config: Mapping[str, Any], ours: Ours) -> tuple[Finding, ...]:
    """Find every trap; an error that stops the reading is told alone."""
    try:
        missing = tuple(_undefined(config))
        subject = Subject(config, read_tree(_completed(config, missing)), ours)
        found = [Finding(rule, place, words) for rule, check in CHECKS for place, words in check(subject)]
    except ValueError as error:
        place, _, words = str(error).partition(": ")
        return (Finding(NOT_VALID, place, words or "cannot be read"),)
    undefined = (Finding(UNDEFINED, place, f"no receiver is called {name!r}") for place, name in missing)
    return (*undefined, *(one for one in found if not _echo(one, missing)))


def our_urls(config: Mapping[str, Any], ours: Ours) -> tuple[tuple[str, str], ...]:
    """Return place and URL of each webhook that sends to this daemon; none where the configuration cannot be read."""
    try:
        subject = Subject(config, read_tree(_completed(config, tuple(_undefined(config)))), ours)
    except ValueError:
        return ()
    return tuple((f"{place}.url", str(hook["url"])) for place, hook in subject.our_webhooks() if hook.get("url"))


def _undefined(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    listed = sequence(config.get("receivers"), "receivers")
    known = {str(one.get("name")) for one in listed if isinstance(one, Mapping)}
    open_: list[tuple[str, object]] = [("route", config.get("route"))]
    while open_:
        place, route = open_.pop()
        if isinstance(route, Mapping):
            name = str(route.get("receiver") or "")
            if name and name not in known:
                yield f"{place}.receiver", name
            children = route.get("routes")
            below = children if isinstance(children, list) else []
            open_ += [(f"{place}.routes[{index}]", child) for index, child in enumerate(below)][::-1]


def _completed(config: Mapping[str, Any], missing: tuple[tuple[str, str], ...]) -> Mapping[str, Any]:
    """Add empty receivers for names without one, so that the rest can be looked at too."""
    if not missing:
        return config
    names = dict.fromkeys(name for _, name in missing)
    return {**config, "receivers": [*(config.get("receivers") or []), *({"name": name} for name in names)]}


def _echo(finding: Finding, missing: tuple[tuple[str, str], ...]) -> bool:
    """Say whether a finding only follows from a receiver that is not there."""
    return finding.rule in (routing.UNUSED, routing.OWN_HEALTH_LOST) and bool(missing)
