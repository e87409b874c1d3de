"""A Jira in memory that speaks its REST API: create, edit, read, search by JQL, transitions, and its errors.

Versions 2 (wiki notation) and 3 (documents); Data Center searches at `search`, Cloud at `search/jql`. Search finds a
new ticket only once `index` was called, as Jira's index does a moment later, unless `indexes_at_once`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

USER, TOKEN = "aiops@example.org", "jira-api-token"
_JQL = re.compile(r'project = "((?:[^"\\]|\\.)*)" AND labels = "((?:[^"\\]|\\.)*)" ORDER BY created DESC')
_WORKFLOW = {
    "To Do": {"11": ("Start", "In Progress"), "21": ("Done", "Done")},
    "In Progress": {"21": ("Done", "Done")},
    "Done": {"31": ("Reopen", "To Do")},
}
_CATEGORIES = {"To Do": "new", "In Progress": "indeterminate", "Done": "done"}


@dataclass
class Ticket:
    """One issue."""

    key: str
    fields: dict[str, Any]
    status: str = "To Do"
    resolution: str = ""
    resolved: str = ""  # Jira's time
    indexed: bool = False


@dataclass
class FakeJira:
    """One site. `refuse` answers the next requests: (method, part of the path) -> (status, body)."""

    projects: tuple[str, ...] = ("OPS",)
    cloud: bool = False
    indexes_at_once: bool = True
    now: str = "2025-11-21T03:50:00.000+0000"
    tickets: dict[str, Ticket] = field(default_factory=dict)
    refuse: dict[tuple[str, str], tuple[int, dict[str, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    lose_answers_to: set[str] = field(default_factory=set)  # methods whose work is done, but not told

    def index(self) -> None:
        """Let search find what there is."""
        for ticket in self.tickets.values():
            ticket.indexed = True

    def close(self, key: str, resolution: str = "Done", resolved: str = "") -> None:
        """Resolve a ticket, as a person does."""
        ticket = self.tickets[key]
        ticket.status, ticket.resolution, ticket.resolved = "Done", resolution, resolved or self.now

    def application(self) -> web.Application:
        """Make the routes."""
        app = web.Application(middlewares=[self._guard])
        for version in ("2", "3"):
            base = f"/rest/api/{version}"
            app.router.add_post(f"{base}/issue", self._create)
            app.router.add_get(f"{base}/issue/{{key}}", self._read)
            app.router.add_put(f"{base}/issue/{{key}}", self._edit)
            app.router.add_get(f"{base}/issue/{{key}}/transitions", self._transitions)
            app.router.add_post(f"{base}/issue/{{key}}/transitions", self._transit)
            if not self.cloud:
                app.router.add_post(f"{base}/search", self._search)
        if self.cloud:
            app.router.add_post("/rest/api/3/search/jql", self._search)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append((request.method, request.path))
        wanted = {"Basic " + b64encode(f"{USER}:{TOKEN}".encode()).decode(), f"Bearer {TOKEN}"}
        if request.headers.get("Authorization") not in wanted:
            return web.json_response({"message": "Client must be authenticated"}, status=401)
        for (method, part), (status, body) in self.refuse.items():
            if request.method == method and part in request.path:
                return web.json_response(body, status=status)
        answer: web.StreamResponse = await handler(request)
        if request.method in self.lose_answers_to:
            assert request.transport is not None
            request.transport.abort()
        return answer

    async def _create(self, request: web.Request) -> web.Response:
        fields = (await request.json())["fields"]
        errors = self._errors(fields, request.path)
        if fields.get("project", {}).get("key") not in self.projects:
            errors["project"] = "valid project is required"
        if not fields.get("issuetype", {}).get("name"):
            errors["issuetype"] = "issue type is required"
        if any(" " in label for label in fields.get("labels", [])):
            errors["labels"] = "The label can't contain spaces."
        if errors:
            return web.json_response({"errorMessages": [], "errors": errors}, status=400)
        key = f"{fields['project']['key']}-{len(self.tickets) + 1}"
        self.tickets[key] = Ticket(key, fields, indexed=self.indexes_at_once)
        return web.json_response({"id": "10001", "key": key, "self": f"{request.url}/{key}"}, status=201)

    async def _edit(self, request: web.Request) -> web.Response:
        ticket = self.tickets.get(request.match_info["key"])
        if ticket is None:
            return self._gone()
        fields = (await request.json())["fields"]
        errors = self._errors(fields, request.path)
        if errors:
            return web.json_response({"errorMessages": [], "errors": errors}, status=400)
        ticket.fields |= fields
        return web.Response(status=204)

    async def _read(self, request: web.Request) -> web.Response:
        ticket = self.tickets.get(request.match_info["key"])
        return self._gone() if ticket is None else web.json_response(self._shown(ticket))

    async def _search(self, request: web.Request) -> web.Response:
        query = await request.json()
        match = _JQL.fullmatch(query["jql"])
        if match is None:
            return web.json_response({"errorMessages": ["Error in the JQL Query."], "errors": {}}, status=400)
        project, label = match.groups()
        found = [
            ticket
            for ticket in reversed(self.tickets.values())
            if ticket.indexed and ticket.key.startswith(f"{project}-") and label in ticket.fields["labels"]
        ]
        return web.json_response({"issues": [self._shown(one) for one in found[: query["maxResults"]]]})

    async def _transitions(self, request: web.Request) -> web.Response:
        ticket = self.tickets[request.match_info["key"]]
        known = [{"id": number, "name": name} for number, (name, _) in _WORKFLOW[ticket.status].items()]
        return web.json_response({"expand": "transitions", "transitions": known})

    async def _transit(self, request: web.Request) -> web.Response:
        ticket = self.tickets[request.match_info["key"]]
        number = (await request.json())["transition"]["id"]
        if number not in _WORKFLOW[ticket.status]:
            words = f"It seems that you have tried to perform a workflow operation ({number}) that is not valid."
            return web.json_response({"errorMessages": [words], "errors": {}}, status=400)
        ticket.status = _WORKFLOW[ticket.status][number][1]
        done = ticket.status == "Done"
        ticket.resolution, ticket.resolved = ("Done", self.now) if done else ("", "")
        return web.Response(status=204)

    def _shown(self, ticket: Ticket) -> dict[str, Any]:
        category = {"key": _CATEGORIES[ticket.status]}
        return {
            "key": ticket.key,
            "fields": {
                "status": {"name": ticket.status, "statusCategory": category},
                "resolution": {"name": ticket.resolution} if ticket.resolution else None,
                "resolutiondate": ticket.resolved or None,
            },
        }

    def _errors(self, fields: dict[str, Any], path: str) -> dict[str, str]:
        errors = {}
        summary = fields.get("summary", "")
        if not summary.strip() or "\n" in summary:
            errors["summary"] = "You must specify a summary of the issue, in one line."
        if len(summary) > 255:
            errors["summary"] = "Summary must be less than 255 characters."
        document = isinstance(fields.get("description"), dict)
        if document != ("/api/3/" in path):
            errors["description"] = (
                "Operation value must be an Atlassian Document" if not document else "must be a string"
            )
        if not document and len(fields.get("description", "")) > 32_767:
            errors["description"] = "The entered text is too long."
        return errors

    def _gone(self) -> web.Response:
        words = "Issue does not exist or you do not have permission to see it."
        return web.json_response({"errorMessages": [words], "errors": {}}, status=404)


@asynccontextmanager
async def serving(jira: FakeJira) -> AsyncIterator[str]:
    """Serve until left; yields the site's URL."""
    runner = web.AppRunner(jira.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
