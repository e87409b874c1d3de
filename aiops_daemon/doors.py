"""What comes in through the listener, wired to the road: pages and API, Slack, PagerDuty.

Enters: a store, a road, and functions that read the present settings. Leaves: the callables that the listener asks.
Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.channels.pagerduty import webhook_secrets
from aiops_daemon.core.model.channels.slack import SlackSpec
from aiops_daemon.core.model.receiver import ChannelSpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import Secret
from aiops_daemon.core.model.view import View
from aiops_daemon.core.response.oncall import next_hand_over, on_call
from aiops_daemon.core.response.reach import reach
from aiops_daemon.edges import slacksocket
from aiops_daemon.edges.slacksocket import SlackSocket
from aiops_daemon.edges.store.paging import SqlPaging
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.edges.web.ports import AlertPorts, PagerDutyPorts
from aiops_daemon.edges.web.slack.desk import SlackDesk
from aiops_daemon.edges.web.slack.ports import Duty, SlackPorts
from aiops_daemon.edges.web.slack.respond import Responder
from aiops_daemon.flows.alerts.quality import definitions_of, rule_qualities
from aiops_daemon.flows.alerts.road import AlertRoad

SLACK_PATIENCE = 15.0  # seconds; the click itself was answered by then, and a takeover takes five


@dataclass(frozen=True, slots=True)
class House:
    """What the doors lead to."""

    store: SqlStore
    paging: SqlPaging
    road: AlertRoad
    clock: Clock
    settings: Callable[[], Settings]
    view: Callable[[], View]


def alert_ports(house: House) -> AlertPorts:
    """Wire webhooks of Alertmanager, the API and the pages."""
    store, road = house.store, house.road
    return AlertPorts(
        accept=road.intake.accept,
        quarantine=road.intake.quarantine,
        too_large=road.intake.too_large,
        answered=road.intake.answered,
        sources=lambda: frozenset(one.name for one in house.settings().alertmanagers),
        tokens=lambda: house.settings().tokens,
        find_incidents=store.find_incidents,
        find_incident=store.find_incident,
        find_alerts=store.find_alerts,
        find_notifications=house.paging.find_notifications,
        escalations=house.paging.escalations,
        who=lambda target, at, severity: reach(target, at, severity, road.around.telling.directory).sentence,
        send_test=road.trials.send,
        tell_change=road.changes.tell,
        entries_after=store.entries_after,
        last_entry=store.last_entry,
        changed=road.desk.changed,
        act=road.handing.act,
        quality=lambda since, scope: rule_qualities(
            store, since, scope, house.clock.now(), definitions_of(road.evaluations.rules())
        ),
    )


def pagerduty_ports(house: House) -> PagerDutyPorts:
    """Wire the way back from PagerDuty."""
    return PagerDutyPorts(
        secrets=lambda: webhook_secrets(_channels(house.settings())),
        seen=lambda uid: house.paging.was_seen("pagerduty", uid),
        deliver=house.road.remote.deliver,
    )


def slack_ports(house: House) -> SlackPorts:
    """Wire buttons and commands of Slack."""
    return SlackPorts(
        signing_secrets=lambda: tuple(_signing_secrets(house.settings())),
        people=lambda: house.settings().people,
        claim=house.paging.claim_request,
        act=partial(house.road.handing.act, patience=SLACK_PATIENCE),
        find_incidents=house.store.find_incidents,
        find_incident=house.store.find_incident,
        on_call=lambda: _duties(house.settings(), house.clock.now()),
        view=house.view,
        respond=Responder(house.clock).respond,
        now=house.clock.now,
        place=lambda: (house.settings().external_url, house.settings().time_zone),
    )


def check_sockets(settings: Settings) -> None:
    """Raise SocketError where Socket Mode is asked for and its library is missing."""
    if _socket_specs(settings):
        slacksocket.require()


def slack_sockets(house: House) -> list[SlackSocket]:
    """Wire buttons and commands that come over Socket Mode: one connection for each token of an app."""
    specs = _socket_specs(house.settings())
    desk = SlackDesk(slack_ports(house))
    tokens = {one.app_level_token: one for one in specs}
    return [
        SlackSocket(token, desk.begin, house.clock, web_api_url=one.web_api_url)
        for token, one in tokens.items()
        if token is not None
    ]


def _socket_specs(settings: Settings) -> list[SlackSpec]:
    return [one for one in _channels(settings) if isinstance(one, SlackSpec) and one.app_level_token]


def _channels(settings: Settings) -> list[ChannelSpec]:
    return [channel for receiver in settings.receivers for channel in receiver.channels]


def _signing_secrets(settings: Settings) -> list[Secret]:
    found = [one.signing_secret for one in _channels(settings) if isinstance(one, SlackSpec)]
    return [secret for secret in dict.fromkeys(found) if secret is not None]


def _duties(settings: Settings, now: float) -> tuple[Duty, ...]:
    duties = []
    for schedule in settings.schedules:
        current, following = on_call(schedule, now), next_hand_over(schedule, now)
        until, who = (following.starts_at, following.person) if following else (None, "")
        duties.append(Duty(schedule.name, current.person, current.why, until, who))
    return tuple(duties)
