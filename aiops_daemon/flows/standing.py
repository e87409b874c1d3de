"""What follows from error budgets: steps of policies with since when they hold, and the health of services.

Enters: the statuses of every SLO watch, once a cycle. Leaves: the same statuses with the steps that hold, and health by
service. Remembers since when steps hold, over restarts and reloads. Never judges a budget itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aiops_daemon.core.model.budget import Health, HeldStep, PolicyStep
from aiops_daemon.core.model.findingspage import Block
from aiops_daemon.core.model.labels import Labels, adapt, escape, get
from aiops_daemon.core.model.labels import text as label_text
from aiops_daemon.core.model.learned import LearnedState
from aiops_daemon.core.model.metrics import (
    SERVICE_HEALTH,
    SLO_POLICY_STEP,
    SLO_POLICY_STEP_SINCE,
    SLO_RETURN,
    MetricSpec,
)
from aiops_daemon.core.model.slo import SloStatus
from aiops_daemon.core.signals.budget.health import Stand, healths
from aiops_daemon.core.signals.budget.policy import held_steps

STATE = "slo-policies"
_Key = tuple[str, str, Labels]  # SLO, source, group


@dataclass(frozen=True, slots=True)
class Told:
    """What a watch says of one budget: `text` is the label text of its metrics; `fresh`: it was read lately."""

    status: SloStatus
    text: str
    external_labels: Labels
    fresh: bool


class Standings:
    """Since when which steps of error-budget policies hold."""

    def __init__(self) -> None:
        self._held: dict[_Key, tuple[HeldStep, ...]] = {}

    def settle(self, told: Iterable[Told], now: float) -> list[Told]:
        """Judge the policies anew; what was not read lately stays as it was. Groups that are gone are forgotten."""
        found = [self._settled(one, now) for one in told]
        seen = {_key(one.status)[:2] for one in found}
        waiting = {key: held for key, held in self._held.items() if key[:2] not in seen}
        self._held = waiting | {_key(one.status): one.status.policy for one in found}
        return found

    def succeed(self, old: Standings, slos: Iterable[str]) -> None:
        """Take over what the configuration before knew of the SLOs that there still are."""
        kept = frozenset(slos)
        self._held = {key: held for key, held in old._held.items() if key[0] in kept}

    def export_state(self) -> LearnedState:
        """Return what a restart must keep."""
        rows = [(key, held) for key, steps in self._held.items() for held in steps]
        return LearnedState(
            meta={"of": STATE},
            texts=[_row(key) for key, _ in rows],
            arrays={
                "spent": np.array([held.step.spent_ratio for _, held in rows], dtype=np.float64),
                "since": np.array([held.since for _, held in rows], dtype=np.float64),
            },
        )

    def import_state(self, state: LearnedState) -> None:
        """Take back exported state; raises ValueError where it does not fit. What a step says comes with the policy."""
        columns = [np.asarray(state.arrays.get(name, ()), dtype=np.float64).tolist() for name in ("spent", "since")]
        for text, spent, since in zip(state.texts, *columns, strict=True):
            key = _key_of(text)
            self._held[key] = (*self._held.get(key, ()), HeldStep(PolicyStep(spent, ""), since))

    def _settled(self, told: Told, now: float) -> Told:
        status = told.status
        begin = status.period[0] if status.period else -math.inf  # a new period's budget is whole
        before = [held for held in self._held.get(_key(status), ()) if held.since >= begin]
        remaining = status.budget_remaining_ratio if told.fresh else None
        steps = held_steps(status.spec.policy, remaining, before, now, of_window=status.window_spent_ratio)
        return replace(told, status=replace(status, policy=steps))


def service_healths(told: Iterable[Told]) -> tuple[Health, ...]:
    """Return the health of every service that SLOs name; an SLO that was not read lately does not count."""
    return healths(
        Stand(
            service=adapt((("service", service),), add=one.external_labels),
            slo=one.status.spec.name,
            labels=one.status.group,
            state=one.status.state,
            remaining=one.status.budget_remaining_ratio if one.fresh else None,
            active=one.status.active,
        )
        for one in told
        if (service := get(one.status.spec.labels, "service"))
    )


def standing_blocks(told: Sequence[Told], services: Iterable[Health]) -> list[Block]:
    """Return the metrics of policies, of budgets that come back, and of services.

    Of two sources without external labels, whose texts are the same, the first is shown, as with all metrics of SLOs.
    """
    shown = list({one.text: one for one in reversed(told) if one.fresh}.values())
    steps = [
        (f'{one.text},aiops_step="{escape(held.step.name)}"', held.since) for one in shown for held in one.status.policy
    ]
    returning = {one.text: one.status.returns_at for one in shown if one.status.returns_at is not None}
    known = {label_text(health.labels): health.ratio for health in services if health.ratio is not None}
    return [
        _block(SLO_RETURN, returning),
        _block(SLO_POLICY_STEP, {text: 1.0 for text, _ in steps}),
        _block(SLO_POLICY_STEP_SINCE, dict(steps)),
        _block(SERVICE_HEALTH, known),
    ]


def _block(metric: MetricSpec, samples: Mapping[str, float]) -> Block:
    return Block(metric, list(samples), np.array(list(samples.values()), dtype=np.float64))


def _key(status: SloStatus) -> _Key:
    return (status.spec.name, status.source, status.group)


def _row(key: _Key) -> str:
    slo, source, group = key
    return "\0".join([slo, source, *(part for pair in group for part in pair)])


def _key_of(row: str) -> _Key:
    slo, source, *group = row.split("\0")
    return (slo, source, tuple(zip(group[::2], group[1::2], strict=True)))
