"""Ask every source whether it has loaded the rules that were written, and say so.

Enters: the files as last written. Leaves: gauges by file, a log line when what is wrong changes, and the same words for
the landing page. A source that does not answer, or has no rules API, says nothing about rules: what it said before
stands for ten minutes, and then there is no value.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from aiops_daemon.core.rules.document import RuleFile
from aiops_daemon.core.rules.loaded import FileState, Readings, file_states
from aiops_daemon.errors import SourceError
from aiops_daemon.flows.poll import Poller, Surroundings
from aiops_daemon.flows.write_rules import RuleWriter
from aiops_daemon.logs import fields
from aiops_daemon.ports.rules import LoadedGroup

log = logging.getLogger(__name__)

ASK_EVERY = 60.0  # seconds
ASK_SOON = 15.0  # seconds, until everything is loaded
KEPT = 600.0  # seconds that a file stands as it was last seen, while who has it does not answer
GRACE = 300.0  # seconds after a write in which Prometheus may be reloaded before a word is said


class LoadWatch:
    """Compares what was written with what is loaded."""

    def __init__(self, pollers: Sequence[Poller], writer: RuleWriter, around: Surroundings) -> None:
        self._pollers = pollers
        self._writer = writer
        self._around = around
        self._readings = Readings()
        self._states: dict[str, tuple[float, FileState]] = {}  # when each file was judged last, monotonic seconds
        self._began: float | None = None  # of looking, monotonic seconds
        self._lacking = True  # nothing was written, nobody answered, or not all is loaded

    async def run(self, beat: Callable[[], None]) -> None:
        """Ask once a minute, for ever."""
        while True:
            await self.look()
            beat()
            await self._around.clock.sleep(ASK_SOON if self._lacking else ASK_EVERY)

    async def look(self) -> None:
        """Ask once; without any answer everything stays as it was."""
        files = self._writer.files
        answers = await self._ask() if files else {}
        states = await asyncio.to_thread(file_states, files, answers, self._readings) if answers else ()
        if not files or files is not self._writer.files:
            return
        self._keep(states, {file.file_name for file in files})
        self._say(tuple(state for _, state in self._states.values()), files)

    def _say(self, states: Sequence[FileState], files: Sequence[RuleFile]) -> None:
        self._lacking = not states or not all(state.loaded for state in states)
        young = self._around.clock.now() - self._writer.written_at < GRACE
        wrong = tuple(
            f"{state.file}: {state.reason}" for state in states if state.reason and (state.loaded or not young)
        )
        if wrong != self._around.rule_troubles:
            for words in set(wrong) - set(self._around.rule_troubles):
                log.warning("rules are not evaluated as written", extra=fields(reason=words))
            if states and not wrong and not young:
                log.info("all rules are loaded as written", extra=fields(files=len(files)))
            self._around.rule_troubles = wrong

    async def _ask(self) -> dict[str, tuple[LoadedGroup, ...]]:
        answers: dict[str, tuple[LoadedGroup, ...]] = {}
        for poller in self._pollers:
            try:
                groups = await poller.source.rule_groups()
            except SourceError as error:
                log.debug("rules not read", extra=fields(source=poller.spec.name, err=error))  # polls tell of it
                continue
            if groups is not None:
                answers[poller.spec.name] = groups
        return answers

    def _keep(self, states: Sequence[FileState], names: set[str]) -> None:
        """Set the gauges; those of a file whose source does not answer stay for a while, for an alert must not flap."""
        meter, now = self._around.meter, self._around.clock.monotonic()
        for state in states:
            self._states[state.file] = now, state
            meter.set("aiops_rules_loaded", float(state.loaded), file=state.file)
            meter.set("aiops_rules_failing", state.failing, file=state.file)
        began = self._began = now if self._began is None else self._began
        for name in meter.shown("aiops_rules_loaded", "file"):  # also by the configuration before
            seen = self._states[name][0] if name in self._states else began
            if name not in names or now - seen > KEPT:
                self._states.pop(name, None)
                meter.forget(file=name)
