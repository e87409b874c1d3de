"""One ticket in Jira for each incident: created, kept up to date, resolved, opened again.

Enters: a notification. Leaves: up to five requests to Jira's REST API, the ticket's key as the reply. The ticket is
found by the key of the first message, else by a label made of the incident, as Alertmanager does: an answer that was
lost after the ticket was made does not lead to a second one, once Jira has indexed the first. What people wrote into a
ticket beside summary and description stays.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.channels.jira import JiraSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.edges.notify.exchange import Answer, Exchange
from aiops_daemon.edges.notify.render import Renderer, TemplateError
from aiops_daemon.edges.notify.sandbox import Medium
from aiops_daemon.edges.notify.statuses import unreachable

LONGEST_SUMMARY = 255  # characters, Jira's limit
LONGEST_DESCRIPTION = 32_767
_FIELDS = ("status", "resolution", "resolutiondate")
_FOUND = 10  # tickets looked at: the newest of those with the label
_DONE = "done"
_CHANGES = (MessageEvent.UPDATE, MessageEvent.ACKNOWLEDGE)


class _RefusedError(Exception):
    """Jira did not do what was asked."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.detail)
        self.failed = failed


@dataclass(frozen=True, slots=True)
class _Ticket:
    key: str
    done: bool = False
    resolution: str = ""
    resolved_at: float | None = None


class JiraNotifier:
    """Keeps tickets in one project."""

    def __init__(self, spec: JiraSpec, renderer: Renderer, clock: Clock) -> None:
        self._spec, self._renderer, self._clock = spec, renderer, clock
        self._exchange = Exchange(spec.http, clock, spec.timeout)

    async def send(self, notification: Notification) -> Outcome:
        """Bring the ticket to what the message says."""
        try:
            async with asyncio.timeout(self._spec.timeout):
                return Sent(reply=await self._bring(notification))
        except TemplateError as error:
            return Failed(FailureReason.TEMPLATE_ERROR, str(error), retry=False)
        except _RefusedError as error:
            return error.failed
        except TimeoutError as error:
            return unreachable(error)

    async def close(self) -> None:
        """Close the connections; idempotent."""
        await self._exchange.close()

    async def _bring(self, notification: Notification) -> str:
        """Find, create or update, and move; return the ticket's key, "" when there was nothing to resolve."""
        firing = notification.message.event is not MessageEvent.RESOLVE
        ticket = self._chosen(await self._tickets(notification), firing)
        if ticket is None and notification.thread and notification.message.event in _CHANGES:
            return notification.thread  # deleted, or not to be seen by this user: each change would make another
        if ticket is None:
            return await self._create(notification) if firing else ""
        if ticket.done and (not firing or self._left_alone(ticket)):
            return ticket.key
        await self._ask("PUT", f"issue/{quote(ticket.key)}", {"fields": await self._words(notification)})
        if firing == ticket.done:  # an open ticket whose incident is over, or a resolved one whose incident is back
            await self._move(ticket, self._spec.reopen_transition if firing else self._spec.resolve_transition)
        return ticket.key

    async def _tickets(self, notification: Notification) -> list[_Ticket]:
        """Return the incident's tickets: that of the first message, else the newest with its label."""
        if notification.thread:
            path = f"issue/{quote(notification.thread, safe='')}?fields={','.join(_FIELDS)}"
            answer = await self._exchange.ask("GET", self._url(path), headers=_JSON)
            if isinstance(answer, Answer):
                return [_ticket(answer.document())]
            if not answer.detail.startswith("HTTP 404"):
                raise _RefusedError(answer)
        return await self._search(notification)

    async def _search(self, notification: Notification) -> list[_Ticket]:
        labelled = f"project = {_quoted(self._spec.project)} AND labels = {_quoted(label(notification))}"
        query = {"jql": f"{labelled} ORDER BY created DESC", "maxResults": _FOUND, "fields": list(_FIELDS)}
        path = "search"
        if self._spec.cloud:  # Jira Cloud took /search away in 2025
            path = "search/jql"
        answer = await self._ask("POST", path, query)
        return [_ticket(one) for one in answer.get("issues") or () if isinstance(one, dict)]

    def _chosen(self, tickets: list[_Ticket], firing: bool) -> _Ticket | None:
        """Take an open ticket; of resolved ones, one that is left alone, or one that may be opened again."""
        opened = next((one for one in tickets if not one.done), None)
        if opened is not None or not firing:
            return opened or next(iter(tickets), None)
        return next((one for one in tickets if self._returns(one)), None)

    def _returns(self, ticket: _Ticket) -> bool:
        if self._left_alone(ticket):
            return True
        if not self._spec.reopen_transition:
            return False
        longest = self._spec.reopen_duration
        return longest is None or ticket.resolved_at is None or self._clock.now() - ticket.resolved_at <= longest

    def _left_alone(self, ticket: _Ticket) -> bool:
        return bool(ticket.resolution) and ticket.resolution == self._spec.wont_fix_resolution

    async def _create(self, notification: Notification) -> str:
        spec = self._spec
        fields = json.loads(spec.fields_json) | {
            "project": {"key": spec.project},
            "issuetype": {"name": spec.issue_type},
            "labels": [*spec.labels, label(notification)],
            **await self._words(notification),
        }
        if spec.priority:
            fields["priority"] = {"name": spec.priority}
        return str((await self._ask("POST", "issue", {"fields": fields})).get("key", ""))

    async def _words(self, notification: Notification) -> dict[str, Any]:
        message, spec, render = notification.message, self._spec, self._renderer.render
        rich = spec.api_url.endswith("/3")  # version 3 takes documents, version 2 wiki notation
        medium = Medium.TEXT if rich else Medium.WIKI
        summary = " ".join((await render("jira.summary", Medium.TEXT, message, spec.summary)).split())
        description = _cut(await render("jira", medium, message, spec.description), LONGEST_DESCRIPTION)
        return {
            "summary": _cut(summary, LONGEST_SUMMARY) or "Incident",
            "description": _rich_text(description) if rich else description,
        }

    async def _move(self, ticket: _Ticket, name: str) -> None:
        """Take a transition by its name; without a name the ticket stays as it is."""
        if not name:
            return
        path = f"issue/{quote(ticket.key)}/transitions"
        known = (await self._ask("GET", path)).get("transitions") or ()
        ids = [one.get("id") for one in known if isinstance(one, dict) and one.get("name") == name]
        if not ids:
            words = f"{ticket.key} has no transition of the configured name now"
            raise _RefusedError(Failed(FailureReason.CLIENT_ERROR, words, retry=False))
        await self._ask("POST", path, {"transition": {"id": ids[0]}})

    async def _ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        body = json.dumps(document).encode() if document is not None else b""
        answer = await self._exchange.ask(method, self._url(path), headers=_JSON, body=body)
        if isinstance(answer, Failed):
            raise _RefusedError(answer)
        return answer.document()

    def _url(self, path: str) -> str:
        base = self._spec.api_url
        if path == "search/jql":
            base = f"{base.removesuffix('/2')}/3" if base.endswith("/2") else base
        return f"{base}/{path}"


_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


def label(notification: Notification) -> str:
    """Return the label by which a ticket is found again: the same for all messages of an incident."""
    about = notification.incident or notification.dedup_key
    return f"aiops-{hashlib.sha256(about.encode()).hexdigest()[:24]}"


def _ticket(document: dict[str, Any]) -> _Ticket:
    found = document.get("fields")
    fields: dict[str, Any] = found if isinstance(found, dict) else {}
    category = (fields.get("status") or {}).get("statusCategory") or {}
    resolution = fields.get("resolution") or {}
    return _Ticket(
        key=str(document.get("key", "")),
        done=category.get("key") == _DONE,
        resolution=str(resolution.get("name", "")),
        resolved_at=_moment(fields.get("resolutiondate")),
    )


def _moment(text: Any) -> float | None:
    """Read Jira's time, 2026-11-21T04:10:00.000+0000; None for what is none."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
    except (TypeError, ValueError):
        return None


def _quoted(text: str) -> str:
    """Quote a text for JQL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 3].rstrip() + "..."


def _rich_text(text: str) -> dict[str, Any]:
    """Return text as an Atlassian document: a paragraph a line."""
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in text.splitlines() if line
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}
