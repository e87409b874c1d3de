"""The sections `alertmanagers`, `watchdogs` and `heartbeat`: where alerts come from, and how silence is noticed."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from aiops_daemon.config.channels.fields import SecretUrl
from aiops_daemon.config.fields import DurationIn, Section, refusal, unique
from aiops_daemon.config.http import HttpOptions
from aiops_daemon.config.matching import LabelSet, MatcherList
from aiops_daemon.config.texts import FilePath, Name, Text, WebUrl

RESERVED = ("aiops", "findings")


def _own_name(value: str) -> str:
    if value in RESERVED:
        raise refusal("is a reserved name", "what the daemon says and finds itself comes from there; choose another")
    return value


class Alertmanager(HttpOptions):
    """One Alertmanager, or the peers of one cluster of them."""

    name: Annotated[Name, AfterValidator(_own_name)]
    """Name by which alerts, logs and metrics speak of it, and the last part of the address that its webhook sends to,
    `/webhooks/alertmanager/<name>`. Required, unique."""

    urls: Annotated[list[WebUrl], AfterValidator(unique)] = Field(default=[])
    """Base URLs of the peers of one gossip cluster, all of them asked. Without any, what webhooks cannot tell (resolved
    while this daemon was down, silenced, inhibited) stays unknown."""

    receiver: Text = "aiops"
    """Name of the receiver there that sends to this daemon. Only alerts that are routed to it open incidents."""

    interval: Annotated[float, DurationIn("5s", "1h")] = 30.0
    """Time between two comparisons with what the Alertmanager holds."""

    timeout: Annotated[float, DurationIn("100ms", "10m")] = 10.0
    """Deadline of one request. Keep it below `interval`."""


class Watchdog(Section):
    """Alerts that fire always, whose absence is an incident."""

    matchers: MatcherList
    """Matchers in Alertmanager's notation, all of which must hold. Required."""

    within: Annotated[float, DurationIn("30s", "7d")] = 600.0
    """Longest time between two of them. Must be at least `repeat_interval` + 2 x `group_interval` of their route in
    Alertmanager; the daemon says when it is not."""

    expect: list[LabelSet] = Field(default=[])
    """Label sets, such as `{cluster: eu1}`, each of which must come; one that never came counts as missing. Default:
    each one once seen must keep coming."""


class Heartbeat(HttpOptions):
    """A URL elsewhere that is told that this daemon lives, and that raises an alarm when it hears nothing."""

    url: SecretUrl | None = None
    """URL that gets a GET. Default: nobody is told. Never shown, for whoever has it can keep the alarm quiet. At most
    one of this and `url_file`."""

    url_file: FilePath | None = None
    """File that holds the URL; read again for every beat."""

    interval: Annotated[float, DurationIn("10s", "1h")] = 60.0
    """Time between two beats."""
