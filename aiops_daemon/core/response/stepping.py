"""What happens when a step is due: who is reached, what when nobody is, and when the next one comes.

Enters: a running escalation. Leaves: the same with positions moved, and pages. A step that is overdue, after a
restart, fires once: the next one counts from now. Nobody is told twice in one turn.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aiops_daemon.core.model.escalation import Escalation, Phase, Position, Told, Track
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.response.reach import Reached
from aiops_daemon.core.response.standing import Asked, Page, Reach, Remark, Turn


def again(state: Escalation, now: float, *, sounds: bool) -> Escalation:
    """Begin at step 1; `sounds`: a page that somebody answered must sound, so it carries the next key."""
    return replace(
        state,
        phase=Phase.RUNNING,
        run=state.run + 1,
        generation=state.generation + sounds,
        started_at=now,
        folded=(),
        fell=(),
        positions=tuple(
            Position(due_at=now + track.policy.steps[0].after, mode=position.mode)
            for track, position in zip(state.tracks, state.positions, strict=True)
        ),
    )


def stopped(state: Escalation) -> Escalation:
    """Wait for nothing, and remember how far it came."""
    return replace(state, positions=tuple(replace(one, due_at=None, left=None) for one in state.positions))


def passed(state: Escalation, reach: Reach) -> set[str]:
    """Return the destinations that the steps so far would have if they were told now."""
    return {
        destination.id
        for track, position in zip(state.tracks, state.positions, strict=True)
        for step in track.policy.steps[: None if position.round else position.step]
        for target in step.notify
        for destination in reach(target).destinations
    }


def fire(state: Escalation, now: float, reach: Reach) -> Turn:
    """Do what is due."""
    turn = _Turn(state, now, reach)
    positions = tuple(
        turn.follow(track, position) for track, position in zip(state.tracks, state.positions, strict=True)
    )
    return replace(state, positions=positions, told=tuple(turn.told)), tuple(turn.asked)


def fall_back(
    state: Escalation, name: str, now: float, reach: Reach, why: str, *, step: str = "", heard: bool = False
) -> Turn:
    """Tell the fallback of one track at once: what was sent did not arrive; `heard`: something else did.

    Once for all messages of one step; "": it is not known of which step this one was.
    """
    if step and (name, step) in state.fell:
        return state, (Remark(f"{why}; the fallback was asked in that step already", "unreached"),)
    turn = _Turn(state, now, reach, heard=heard)
    for track, position in zip(state.tracks, state.positions, strict=True):
        if track.name == name:
            turn.fall_back(track, position, why)
    fell = (*state.fell, (name, step)) if step else state.fell
    return replace(state, told=tuple(turn.told), fell=fell), tuple(turn.asked)


class _Turn:
    """One pass over all tracks of one escalation."""

    def __init__(self, state: Escalation, now: float, reach: Reach, *, heard: bool = False) -> None:
        self._heard = heard
        self.asked: list[Asked] = []
        self.told = dict.fromkeys(state.told)
        self._state = state
        self._now = now
        self._reach = reach
        self._paged: set[str] = set()

    def follow(self, track: Track, position: Position) -> Position:
        """Fire what is due of one track; a step that reaches nobody gives way to the next at once."""
        while position.due_at is not None and position.due_at <= self._now:
            held = self._held(track, position)
            if held is not None:
                return held
            position = self._step(track, position)
        return position

    def _held(self, track: Track, position: Position) -> Position | None:
        """Wait for the route's time intervals, where they forbid to tell anybody now."""
        until = silent_until(track, self._now)
        if until is None:
            return None
        opens = None if until < 0 else until
        words = "for longer than a year" if opens is None else "until they allow it"
        self.asked.append(Remark(f"{track.name} waits {words}: {track.why} is outside its time intervals", "interval"))
        return replace(position, due_at=opens)

    def _step(self, track: Track, position: Position) -> Position:
        policy = track.policy
        number = position.step
        if number >= len(policy.steps):
            self.fall_back(track, position, "nobody answered in any round")
            return replace(position, due_at=None)
        where = f"step {number + 1} of {track.name}" if len(policy.steps) > 1 else track.name
        if self._told_any(track, position, policy.steps[number].notify, str(number), where):
            return self._next(track, position)
        if number + 1 < len(policy.steps):
            return replace(position, step=number + 1, due_at=self._now)
        self.fall_back(track, position, f"{where} reached nobody")
        return self._next(track, position, fell_back=True)

    def _next(self, track: Track, position: Position, *, fell_back: bool = False) -> Position:
        policy, number = track.policy, position.step + 1
        if number < len(policy.steps):
            return replace(position, step=number, due_at=self._now + policy.steps[number].after)
        if position.round < policy.repeat:
            after = self._now + max(policy.repeat_after, policy.steps[0].after)
            return replace(position, step=0, round=position.round + 1, due_at=after)
        waits = policy.fallback and not fell_back and policy.fallback not in policy.steps[-1].notify
        return replace(position, step=number, due_at=self._now + policy.repeat_after if waits else None)

    def fall_back(self, track: Track, position: Position, why: str) -> None:
        """Tell the fallback of a track, or say that nobody was told."""
        fallback = track.policy.fallback
        if fallback and self._told_any(
            track, position, (fallback,), "fallback", f"fallback of {track.name}, for {why}"
        ):
            return
        lacking = "its fallback reached nobody either" if fallback else "it has no fallback"
        said = f"{why}, and {lacking}" if self._heard else f"nobody was told: {why}, and {lacking}"
        self.asked.append(Remark(said, "unreached", unheard=not self._heard))

    def _told_any(self, track: Track, position: Position, targets: Iterable[str], step: str, where: str) -> bool:
        found = [self._reach(target) for target in targets]
        for reached in found:
            if reached.destinations:
                self._page(track, position, reached, step, where)
            else:
                self.asked.append(Remark(f"{where}: {reached.sentence}", "unreached"))
        return any(reached.destinations for reached in found)

    def _page(self, track: Track, position: Position, reached: Reached, step: str, where: str) -> None:
        name = f"{self._state.run}/{position.round}/{step}"
        why = f"{where} ({track.why})" + (f": {reached.sentence}" if reached.sentence else "")
        why += f"; told again, for {self._state.because}" if self._state.because else ""
        for destination in (one.id for one in reached.destinations):
            if destination in self._paged:
                continue
            self._paged.add(destination)
            generation = self._state.generation
            self.asked.append(Page(destination, track.name, name, generation, position.mode, why))
            now = Told(destination, generation, position.mode is Mode.LIVE, why)
            self.told = {now if one == now else one: None for one in self.told} | {now: None}


def silent_until(track: Track, now: float) -> float | None:
    """Return when a route may tell again; None: it may now; -1: not within a year."""
    if track.active and not any(interval.holds(now) for interval in track.active):
        return min((at for one in track.active if (at := one.starts_at(now)) is not None), default=-1.0)
    if any(interval.holds(now) for interval in track.muted):
        return max((at for one in track.muted if one.holds(now) and (at := one.ends_at(now)) is not None), default=-1.0)
    return None
