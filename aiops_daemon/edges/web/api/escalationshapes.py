"""The JSON shape of an escalation.

Enters: how people are told of an incident. Leaves: structs that msgspec encodes; null where there is no escalation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from aiops_daemon.core.response.course import Upcoming
from aiops_daemon.edges.web.api.response import Response
from aiops_daemon.edges.web.api.shapes import Moment, moment, number

PhaseName = Literal["held", "running", "paused", "acknowledged", "snoozed", "ended"]


class TargetItem(msgspec.Struct, frozen=True):
    """Who is told: a target of the policy, and who stands behind it when its time comes."""

    target: str
    who: str


class StepItem(msgspec.Struct, frozen=True):
    """The next step of one policy; `at` null: it waits for the phase to end, and then for `left_seconds`."""

    policy: str
    mode: Literal["shadow", "live", "muted"]
    at: Moment | None
    left_seconds: float | None
    targets: list[TargetItem]
    step: int
    steps: int
    round: int
    rounds: int
    fallback: bool
    why: str


class EscalationItem(msgspec.Struct, frozen=True):
    """How an escalation stands; `until` is when a hold, a snooze or an acknowledgement ends."""

    phase: PhaseName
    started_at: Moment | None
    until: Moment | None
    next: list[StepItem]


def escalation_item(response: Response) -> EscalationItem | None:
    """Shape an escalation."""
    stands = response.course
    if stands is None:
        return None
    return EscalationItem(
        phase=stands.phase.value,
        started_at=moment(stands.started_at),
        until=moment(stands.until),
        next=[_step(one, response.who or {}) for one in stands.upcoming],
    )


def _step(one: Upcoming, who: Mapping[str, str]) -> StepItem:
    return StepItem(
        policy=one.policy,
        mode=one.mode.value,
        at=moment(one.at),
        left_seconds=number(one.left),
        targets=[TargetItem(target, who.get(target, "")) for target in one.targets],
        step=one.step,
        steps=one.steps,
        round=one.round,
        rounds=one.rounds,
        fallback=one.fallback,
        why=one.why,
    )
