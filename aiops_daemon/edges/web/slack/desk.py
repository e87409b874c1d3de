"""What comes of a click or a command: the daemon is asked, and the answer goes to the person.

Enters: documents of Slack, already known to be Slack's, and a key by which a repetition is told. Leaves: acts in the
name of who asked, and one answer to the request's response URL. Never acts twice on one key, and never lets the sender
wait: the work goes on after `begin` returned.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from aiops_daemon.core.model.action import Action
from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.core.model.listing import IncidentQuery, IncidentSort
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.edges.slackblocks import escape
from aiops_daemon.edges.web.slack.asked import Look, Request, Show, clicked, commanded, scope_of
from aiops_daemon.edges.web.slack.ports import SlackPorts
from aiops_daemon.edges.web.slack.views import MOST_ROWS, Answer, Views, told, usage
from aiops_daemon.errors import StoreError
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

INTERACTIVE = "interactive"
COMMAND = "slash_commands"
DEADLINE = 30.0  # seconds for the daemon's part; people wait, and a response URL lives for thirty minutes
STOP_SECONDS = 2.0  # for work in flight, of the listener's three
REPLAY_SECONDS = 600.0  # longer than a signature holds, whichever way the clocks differ
_ACTIVE = tuple(str(state) for state in IncidentState if not state.closed)


class SlackDesk:
    """Serves clicks and commands, whichever way they came."""

    def __init__(self, ports: SlackPorts) -> None:
        self._ports = ports
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, kind: str, document: Mapping[str, Any], key: str) -> None:
        """Begin to do what a document asks, if it is ours; raises ValueError for what Slack never sends."""
        read = {INTERACTIVE: clicked, COMMAND: commanded}.get(kind)
        request = read(document) if read else None
        if request is not None:
            task = asyncio.create_task(self._serve(request, key), name="slack request")
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Let what was begun end, within a deadline; idempotent."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        for task in self._tasks:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a request of Slack failed", exc_info=error)

    async def _serve(self, request: Request, key: str) -> None:
        """Do what was asked and answer; an act whose key came before is left alone."""
        try:
            async with asyncio.timeout(DEADLINE):
                if isinstance(request.wish, Action) and not await self._claim(key):  # to look needs no store
                    log.warning("left a repeated request of Slack alone", extra=fields(user=request.user))
                    return
                answer = await self._answer(request, scope_of(request, self._ports.people()))
        except StoreError as error:
            answer = told(f"Not done: the store cannot be used now ({error.reason}). Try again.")
        except TimeoutError:
            answer = told("This takes too long. Look at the incident before you try again.")
        if request.respond_to:
            await self._ports.respond(request.respond_to, answer)

    async def _claim(self, key: str) -> bool:
        return await self._ports.claim(key, self._ports.now() + REPLAY_SECONDS)

    async def _answer(self, request: Request, scope: Scope) -> Answer:
        wish, views = request.wish, Views(*self._ports.place())  # anew each time: a reload may have changed it
        if isinstance(wish, Action):
            return views.acted(wish.kind, await self._ports.act(wish, scope))
        if wish.show is Show.INCIDENTS:
            query = IncidentQuery(states=_ACTIVE, sort=IncidentSort.PRIORITY, limit=MOST_ROWS)
            return views.incidents(await self._ports.find_incidents(query, scope))
        if wish.show is Show.INCIDENT:
            return await self._incident(wish, scope, views)
        if wish.show is Show.ON_CALL:
            return views.on_call(self._ports.on_call())
        if wish.show is Show.FINDINGS:
            return views.findings(self._ports.view().findings)
        if wish.show is Show.SLOS:
            return views.slos(self._ports.view().slos)
        return usage(wish.fault)

    async def _incident(self, wish: Look, scope: Scope, views: Views) -> Answer:
        detail = await self._ports.find_incident(wish.ref, scope)
        if detail is None:
            return told(f"There is no incident {escape(wish.ref, 100)}.")
        return views.incident(detail, self._ports.now())
