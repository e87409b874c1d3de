"""The judge of alerts: what is told at once, what a little later, what not while something holds it, and why.

Enters: episodes as they start, change and end, and the moment. Leaves: verdicts with their reason and numbers.
A verdict decides when somebody is told, never whether an incident opens. What was learned delays by at most
`max_delay` after an alert was heard of, never a critical one (unless configured), and drops nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aiops_daemon.core.model.alert import AlertKey, Episode, EpisodeState, Mute, Verdict, VerdictKind, VerdictReason
from aiops_daemon.core.model.alertmanager import QualitySpec
from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.quantity import UNKNOWN, utc
from aiops_daemon.core.model.shared import Shared
from aiops_daemon.core.quality.flapping import Flapper, Flapping
from aiops_daemon.core.quality.memory import Memory, Past
from aiops_daemon.core.quality.score import score
from aiops_daemon.core.quality.suppress import Held, Suppression
from aiops_daemon.core.quality.transient import Hold, hold

_MUTES = {Mute.SILENCED.value: VerdictReason.SILENCED, Mute.INHIBITED.value: VerdictReason.INHIBITED}
_SHARED = 256  # verdicts: those of one step of a storm are few
_PATIENT = ("warning", "info")  # whatever is neither is told like critical


class _Decision(NamedTuple):
    """A verdict without its score; fields in the order of Verdict's."""

    kind: VerdictKind
    reason: VerdictReason
    sentence: str
    notify_at: float | None = None
    until: float | None = None


class Judge:
    """Verdicts, and all that they rest on. `remembered`: the memory given could be read."""

    def __init__(self, spec: QualitySpec, memory: bytes = b"") -> None:
        self._spec = spec
        self._memory = Memory()
        self.remembered = self._memory.load(memory) if memory else True
        self._flapping = Flapping(spec)
        self._suppression = Suppression(spec)
        self._shared = Shared[Verdict](_SHARED)

    def verdict(self, episode: Episode, now: float, *, corroboration: Sequence[tuple[str, float]] = ()) -> Verdict:
        """Judge an alert as it stands: `notify_at` is at or after now, or None while something holds it.

        Asked again for one that is held, returns the very same object until that changes.
        """
        past = self._memory.get((episode.team, episode.rule))
        decision = _recorded(episode)
        if decision is None and (held := self._held(episode, now)) is not None:
            if _still(episode.verdict, held):
                return episode.verdict
            decision = _Decision(VerdictKind.SUPPRESS, held.reason, held.sentence, None, held.until)
        decision = decision or self._open(episode, past, now)
        return self._shared(Verdict(*decision, *score(episode.severity, past, corroboration)))

    def started(self, episode: Episode, now: float) -> bool:
        """Take note of a firing with a startsAt of its own; says whether the alert flaps now."""
        self._suppression.started(episode)
        return self._flapping.started(episode.key, episode.starts_at, episode.uid, now)

    def ended(self, episode: Episode, now: float) -> None:
        """Take note of an alert's end and learn how long it lived."""
        self._suppression.ended(episode)
        ends_at = now if episode.ends_at is None else min(episode.ends_at, now)
        life = max(0.0, ends_at - episode.first_starts_at)
        self._memory.ended((episode.team, episode.rule), episode.first_starts_at, life, episode.incident)

    def acted(self, rule: tuple[str, str], now: float) -> None:
        """Learn that a person acted on an incident that this rule (team, alertname) opened."""
        del now  # what people value fades with the incidents that follow, not with time
        self._memory.acted(rule)

    def resume(self, episodes: Iterable[Episode], now: float) -> None:
        """Take note of alerts that were open before a restart; call once, before anything else."""
        for episode in episodes:
            if episode.open:
                self._suppression.started(episode)
            if episode.flapping:
                self._flapping.resume(episode.key, min(episode.starts_at, now), episode.uid)

    def settle(self, now: float) -> Sequence[AlertKey]:
        """Return, once, the alerts that flap no more since the last call."""
        return self._flapping.settle(now)

    @property
    def changes(self) -> int:
        """Return a number that rises with everything learned: while it stands, `export` gives the same."""
        return self._memory.changes

    def export(self) -> bytes:
        """Return what was learned per rule, for the next start."""
        return self._memory.export()

    def reconfigure(self, spec: QualitySpec, firing: Iterable[Episode]) -> None:
        """Judge by other numbers, rules and windows from now on; nothing learned is lost. `firing`: what is open."""
        self._spec = spec
        self._flapping.reconfigure(spec)
        self._suppression.reconfigure(spec, firing)

    def _held(self, episode: Episode, now: float) -> Held | None:
        """Say what holds an alert: Alertmanager first, since it tells nobody either, then the configuration."""
        for mute, by in episode.muted:
            if mute in _MUTES:
                return Held(_MUTES[mute], f"{mute} in Alertmanager by {by}" if by else f"{mute} in Alertmanager")
        return self._suppression.holds(episode, now)

    def _open(self, episode: Episode, past: Past | None, now: float) -> _Decision:
        """Judge what nothing holds."""
        if episode.verdict.kind is VerdictKind.SUPPRESS:
            return _told(VerdictReason.OVER, f"still fires, and no longer held ({episode.verdict.sentence})", now)
        critical = episode.severity not in _PATIENT
        flapper = self._flapping.get(episode.key)
        if flapper is not None:
            return self._flaps(episode, flapper, now, critical=critical)
        wait = hold(episode, past, self._spec) if self._spec.transient_critical or not critical else None
        if wait is not None and wait.until > now:
            return self._delayed(VerdictReason.TRANSIENT, _usually(wait), wait.until, now)
        if critical:
            return _told(VerdictReason.CRITICAL, "critical is told at once", now)
        return _told(VerdictReason.NEW, _why_new(past, wait, self._spec), now)

    def _flaps(self, episode: Episode, flapper: Flapper, now: float, *, critical: bool) -> _Decision:
        """Tell once that an alert flaps; what it does after that waits as long as it may."""
        within = prometheus_duration(self._spec.flapping_window)
        sentence = f"flaps: {len(flapper.starts)} starts in the last {within}; counts as firing"
        if critical:
            return _told(VerdictReason.CRITICAL, f"critical is told at once; {sentence}", now)
        until = episode.heard_at + self._spec.max_delay
        if episode.uid == flapper.since or until <= now:
            return _told(VerdictReason.FLAPPING, sentence, now)
        sentence = f"{sentence}; told so at {_time(flapper.since_at)}"
        return self._delayed(VerdictReason.FLAPPING, sentence, until, now)

    def _delayed(self, reason: VerdictReason, sentence: str, until: float, now: float) -> _Decision:
        notify_at = min(until, now + self._spec.max_delay)
        return _Decision(VerdictKind.DELAY, reason, f"{sentence}; held until {_time(notify_at)}", notify_at)


def _recorded(episode: Episode) -> _Decision | None:
    """Say what opens nothing: ended already, or of severity none."""
    if episode.state is EpisodeState.RESOLVED:
        ended = "" if episode.ends_at is None else f" at {_time(episode.ends_at)}"
        return _Decision(VerdictKind.RECORD, VerdictReason.LATE, f"ended{ended}, before anybody had to be told")
    if episode.severity == "none":
        return _Decision(VerdictKind.RECORD, VerdictReason.SEVERITY_NONE, "severity none opens no incident")
    return None


def _told(reason: VerdictReason, sentence: str, now: float) -> _Decision:
    return _Decision(VerdictKind.NOTIFY, reason, sentence, now)


def _still(before: Verdict, held: Held) -> bool:
    """Say whether a verdict says what holds an alert now."""
    now = (before.kind, before.reason, before.until, before.sentence)
    return now == (VerdictKind.SUPPRESS, held.reason, held.until, held.sentence)


def _usually(wait: Hold) -> str:
    return f"{wait.short} of the last {wait.past} ended within {prometheus_duration(wait.seconds)}"


def _why_new(past: Past | None, wait: Hold | None, spec: QualitySpec) -> str:
    """Say why nothing learned delays an alert."""
    if wait is not None:
        return f"{_usually(wait)}, but this one did not"
    if past is None or not past.lives:
        return "new; nothing is known of how long such alerts last"
    short, of = past.short(spec.transient_hold), len(past.lives)
    known = _usually(Hold(0.0, short, of, spec.transient_hold))
    needed = f"{spec.transient_share:.0%} of at least {spec.transient_episodes}"
    return f"new; {known}: waiting takes {needed}"


def _time(at: float) -> str:
    """Say a time of day to the second."""
    moment = utc(at)
    return UNKNOWN if moment is None else f"{moment:%H:%M:%S} UTC"
