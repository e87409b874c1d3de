"""Changes of an alert rule that would have spared people incidents, with their effect on the past.

Enters: a rule's past episodes, its definition and, for thresholds, how far the value went in each episode. Leaves:
proposals with incidents before and after and what would have been lost, and the changed rule as a document that
promtool accepts. Proposes nothing that would have lost an alert that people acted on; changes no rule itself.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from aiops_daemon.core.model.durations import parse_duration, prometheus_duration
from aiops_daemon.core.model.listing import RuleEpisode, RuleHistory
from aiops_daemon.core.model.rulequality import Proposal, RuleDefinition, RuleQuality
from aiops_daemon.core.quality.rules import incidents_opened
from aiops_daemon.core.rules.document import AlertRule, Document, RuleGroup, groups_document
from aiops_daemon.core.rules.threshold import Threshold, threshold_of

FOR = (60.0, 120.0, 180.0, 300.0, 600.0, 900.0)  # seconds more than now
FOR_CRITICAL = FOR[:2]  # what is critical must not come much later
KEEP = (120.0, 300.0, 600.0, 900.0, 1800.0)
LEAST_BEFORE = 5  # incidents from which a change is worth proposing
LEAST_SPARED = 0.3  # share of them
_NEARLY = 0.9  # the mildest change that spares this share of what the best spares
_NOT_KNOWN = "; the rule itself is not known here"

Episodes = tuple[RuleEpisode, ...]


class Effect(NamedTuple):
    """What a change would have done: incidents opened by the rule before and after, acted-on alerts lost."""

    before: int
    after: int
    lost: int


def proposals(
    history: RuleHistory, definition: RuleDefinition | None, peaks: Mapping[str, float] | None = None
) -> tuple[Proposal, ...]:
    """Return at most one proposal of each kind: `for`, `keep_firing_for`, threshold.

    `peaks`: by episode uid, the value farthest beyond the threshold; without it no threshold is proposed.
    """
    found = [_longer_for(history, definition), _longer_keep(history, definition)]
    threshold = threshold_of(definition.expr) if definition is not None else None
    if threshold is not None and peaks:
        found.append(_other_threshold(history, threshold, peaks))
    return tuple(proposal for proposal in found if proposal is not None)


def with_proposals(
    quality: RuleQuality,
    history: RuleHistory,
    definition: RuleDefinition | None,
    peaks: Mapping[str, float] | None = None,
) -> RuleQuality:
    """Return a rule's quality with what is proposed for it."""
    return replace(quality, proposals=proposals(history, definition, peaks), definition=definition)


def known_as(quality: RuleQuality, definition: RuleDefinition | None) -> RuleQuality:
    """Return a quality that was summed up without the rule's definition as it is with it: durations are added to it."""
    if definition is None or quality.definition is not None:
        return quality
    added = tuple(_added(proposal, definition) for proposal in quality.proposals)
    return replace(quality, definition=definition, proposals=added)


def _added(proposal: Proposal, definition: RuleDefinition) -> Proposal:
    now = {"for": definition.hold, "keep_firing_for": definition.keep}.get(proposal.change)
    if now is None:
        return proposal
    value = prometheus_duration(now + parse_duration(proposal.value))
    sentence = proposal.sentence.replace(f"{proposal.change} {proposal.value}:", f"{proposal.change} {value}:", 1)
    return replace(proposal, value=value, sentence=sentence.partition(_NOT_KNOWN)[0])


def replay_for(episodes: Episodes, more: float) -> Effect:
    """Replay a `for` that is `more` seconds longer: episodes that are shorter than that do not come."""
    return _effect(episodes, [one for one in episodes if one.ends_at is None or one.ends_at - one.starts_at >= more])


def replay_keep(episodes: Episodes, more: float) -> Effect:
    """Replay a `keep_firing_for` that is `more` seconds longer: an alert back after a shorter gap never went away."""
    effect = _effect(episodes, _heads(episodes, more))
    return effect._replace(lost=0)


def replay_threshold(episodes: Episodes, threshold: Threshold, number: float, peaks: Mapping[str, float]) -> Effect:
    """Replay another number: episodes whose peak is not beyond it do not come; an unknown peak is beyond."""
    beyond = [one for one in episodes if one.uid not in peaks or threshold.holds(peaks[one.uid], number)]
    return _effect(episodes, beyond)


def changed(definition: RuleDefinition, changes: Iterable[Proposal]) -> RuleDefinition:
    """Return the rule with all proposals applied."""
    for proposal in changes:
        if proposal.change == "for":
            definition = replace(definition, hold=parse_duration(proposal.value))
        elif proposal.change == "keep_firing_for":
            definition = replace(definition, keep=parse_duration(proposal.value))
        elif (threshold := threshold_of(definition.expr)) is not None:
            definition = replace(definition, expr=threshold.written(float(proposal.value)))
    return definition


def document(qualities: Iterable[RuleQuality]) -> Document:
    """Return a rule file of all rules for which something is proposed and whose definition is known."""
    rules: dict[tuple[str, str], list[AlertRule]] = defaultdict(list)
    for quality in qualities:
        if quality.proposals and quality.definition is not None:
            rules[quality.team, quality.rule].append(_written(changed(quality.definition, quality.proposals)))
    groups = [RuleGroup(f"{team} {rule}", tuple(written)) for (team, rule), written in rules.items()]
    return groups_document(tuple(groups))


def _written(rule: RuleDefinition) -> AlertRule:
    return AlertRule(rule.name, rule.expr, rule.labels, rule.annotations, rule.hold, rule.keep)


def _longer_for(history: RuleHistory, definition: RuleDefinition | None) -> Proposal | None:
    steps = FOR_CRITICAL if any(one.severity == "critical" for one in history.episodes) else FOR
    best = _mildest({more: replay_for(history.episodes, more) for more in steps})
    if best is None:
        return None
    more, effect = best
    later = f"what remains would come {prometheus_duration(more)} later"
    return _proposal(history, "for", _duration(definition, more, "hold"), effect, later + _unknown(definition, more))


def _longer_keep(history: RuleHistory, definition: RuleDefinition | None) -> Proposal | None:
    best = _mildest({more: replay_keep(history.episodes, more) for more in KEEP})
    if best is None:
        return None
    more, effect = best
    later = f"each end would be told {prometheus_duration(more)} later"
    value = _duration(definition, more, "keep")
    return _proposal(history, "keep_firing_for", value, effect, later + _unknown(definition, more))


def _other_threshold(history: RuleHistory, threshold: Threshold, peaks: Mapping[str, float]) -> Proposal | None:
    numbers = {abs(number - threshold.number): number for number in _numbers(history.episodes, threshold, peaks)}
    effects = {
        distance: replay_threshold(history.episodes, threshold, number, peaks) for distance, number in numbers.items()
    }
    best = _mildest(effects)
    if best is None:
        return None
    distance, effect = best
    said = f"now {threshold.op} {threshold.number:.10g}"
    return _proposal(history, "threshold", f"{numbers[distance]:.10g}", effect, said)


def _numbers(episodes: Episodes, threshold: Threshold, peaks: Mapping[str, float]) -> set[float]:
    """Return round numbers between the present one and the peaks, each stricter than the present one."""
    side = math.floor if threshold.above else math.ceil
    rounded = {_round(peaks[one.uid], side) for one in episodes if math.isfinite(peaks.get(one.uid, math.nan))}
    return {number for number in rounded if number != threshold.number and threshold.holds(number, threshold.number)}


def _round(value: float, side: Callable[[float], int]) -> float:
    """Round to two digits, towards the side that keeps the value beyond."""
    if value == 0:
        return 0.0
    digits = 1 - math.floor(math.log10(abs(value)))
    scaled = side(value * 10.0**digits) if abs(digits) < 300 else None
    return value if scaled is None else float(f"{scaled}e{-digits}")


def _mildest(effects: Mapping[float, Effect]) -> tuple[float, Effect] | None:
    """Return the smallest change that loses nothing and spares nearly as much as the best; None: not worth it."""
    good = {size: effect for size, effect in effects.items() if _worth(effect)}
    most = max((effect.before - effect.after for effect in good.values()), default=0)
    enough = [size for size, effect in good.items() if effect.before - effect.after >= _NEARLY * most]
    return (min(enough), good[min(enough)]) if enough else None


def _worth(effect: Effect) -> bool:
    spared = effect.before - effect.after
    return effect.lost == 0 and effect.before >= LEAST_BEFORE and spared >= LEAST_SPARED * effect.before


def _effect(episodes: Episodes, kept: Iterable[RuleEpisode]) -> Effect:
    """Compare incidents; one that the rule opened comes still while one of its alerts in it does."""
    remaining = list(kept)
    uids = {one.uid for one in remaining}
    opened = incidents_opened(episodes)
    after = {one.incident for one in remaining} & opened.keys()
    gone = [one for one in episodes if one.uid not in uids]
    acted = sum(1 for one in gone if one.acted_at is not None and not one.false_positive and one.incident not in after)
    return Effect(len(opened), len(after), acted)


def _heads(episodes: Episodes, more: float) -> list[RuleEpisode]:
    """Return the episodes that are not the continuation of an earlier one of the same alert."""
    heads: list[RuleEpisode] = []
    until: dict[tuple[str, str], float] = {}
    for episode in sorted(episodes, key=lambda one: (one.starts_at, one.uid)):
        key = (episode.source, episode.fingerprint)
        if episode.starts_at - until.get(key, -math.inf) >= more:
            heads.append(episode)
        end = math.inf if episode.ends_at is None else episode.ends_at
        until[key] = max(until.get(key, end), end)
    return heads


def _duration(definition: RuleDefinition | None, more: float, field: str) -> str:
    now = 0.0 if definition is None else float(getattr(definition, field))
    return prometheus_duration(now + more)


def _unknown(definition: RuleDefinition | None, more: float) -> str:
    if definition is not None:
        return ""
    return f"{_NOT_KNOWN}: add {prometheus_duration(more)} to what it has now"


def _proposal(history: RuleHistory, change: str, value: str, effect: Effect, rest: str) -> Proposal:
    before, after, lost = effect
    sentence = (
        f"{change} {value}: {history.rule} would have opened {after} instead of {before} incidents, none lost that "
        f"people acted on; {rest}"
    )
    return Proposal(history.rule, change, value, before, after, lost, sentence)
