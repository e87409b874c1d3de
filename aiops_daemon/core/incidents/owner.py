"""What an alert's labels say of it: whose it is, and which service it is about."""

from __future__ import annotations

from collections.abc import Iterable

from aiops_daemon.core.model.alertmanager import TeamSpec
from aiops_daemon.core.model.labels import Labels, get
from aiops_daemon.core.model.matcher import all_match
from aiops_daemon.core.model.scope import DEFAULT_TEAM


def owner(labels: Labels, teams: Iterable[TeamSpec]) -> str:
    """Return the team: its label `team`, else the first team whose matchers hold, else the default.

    A label that names no configured team counts all the same: dropping it would hide who is meant.
    """
    fits = (team.name for team in teams if team.matchers and all_match(team.matchers, labels))
    return get(labels, "team") or next(fits, DEFAULT_TEAM)


def service(labels: Labels, names: Iterable[str]) -> str:
    """Return the value of the first of these labels that the alert has, "" when it has none."""
    values = dict(labels)
    return next((values[name] for name in names if values.get(name)), "")
