"""The pages of incidents: the list, one incident, and the forms that move it.

Enters: requests of people, with a token of their own in every form. Leaves: HTML that needs no script; a form that was
good leads back to the page, one that was not shows it again with the reason in words. Never decides what an act does.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import hdrs, web
from multidict import MultiDict

from aiops_daemon.core.model.action import Refusal, Stored
from aiops_daemon.core.model.listing import IncidentDetail
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.edges.web.api.access import alert_road, scope_for
from aiops_daemon.edges.web.api.answers import REFUSED, store_trouble
from aiops_daemon.edges.web.api.parameters import ACTIVE, read_incident_query
from aiops_daemon.edges.web.api.response import response_of
from aiops_daemon.edges.web.csrf import FIELD, form_token
from aiops_daemon.edges.web.ports import WebPorts
from aiops_daemon.edges.web.problem import ProblemError
from aiops_daemon.edges.web.ui.escalationcard import told_view
from aiops_daemon.edges.web.ui.forms import NOTHING_SENT, SAID, SNOOZES, VERB_BY_WORD, Sent, form_action
from aiops_daemon.edges.web.ui.incidentcard import incident_view
from aiops_daemon.edges.web.ui.incidentlist import list_view
from aiops_daemon.edges.web.ui.templating import html, load_templates

_HEADERS = {"Referrer-Policy": "same-origin"}  # with no-referrer a browser sends forms from the origin "null"
_NAME = re.compile(r"INC-\d{1,12}")
_FORM = "application/x-www-form-urlencoded"

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


class IncidentPages:
    """Handlers under `/incidents`."""

    def __init__(self, ports: WebPorts) -> None:
        self._ports = ports
        self._templates = load_templates()

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.get("/incidents", self._page(self.incidents)),
            web.get("/incidents/{ref}", self._page(self.incident)),
            web.post("/incidents/{ref}/{verb}", self._page(self.act)),
        ]

    async def incidents(self, request: web.Request) -> web.StreamResponse:
        """Show the list; open ones unless told otherwise."""
        scope = scope_for(request, Role.VIEWER, "page")
        asked = [(name, value) for name, value in request.query.items() if value or name == "state"]
        if "state" not in request.query:
            asked.append(("state", ACTIVE))
        now = self._ports.now()
        wanted = [pair for pair in asked if pair != ("state", "")]  # an empty state is any
        query = read_incident_query(MultiDict([*wanted, ("facets", "true")]), now)
        with store_trouble():
            page = await alert_road(self._ports).find_incidents(query, scope)
        view = list_view(page, tuple(asked), now)
        return html(await asyncio.to_thread(self._templates.render, "incidents.html", view=view, root=""))

    async def incident(self, request: web.Request) -> web.StreamResponse:
        """Show one incident, with what was just done when the address says so."""
        scope = scope_for(request, Role.VIEWER, "page")
        detail = await self._found(request.match_info["ref"], scope)
        said = SAID.get(request.query.get("done", ""), "")
        created = request.query.get("new", "")
        if said and _NAME.fullmatch(created):
            return await self._show(request, detail, scope, said=said, created=created)
        return await self._show(request, detail, scope, said=said)

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Do what a form asks, then lead back to the page; or show the page with the reason why not."""
        verb = VERB_BY_WORD.get(request.match_info["verb"])
        if verb is None:
            raise ProblemError(404, "There is no such act.")
        if request.content_type != _FORM:
            raise ProblemError(415, f"A form must be sent as {_FORM}.")
        form = await request.post()
        scope = scope_for(request, Role.RESPONDER, "page")
        reference = request.match_info["ref"]
        sent = Sent.of(verb, form)
        try:
            action = form_action(verb, reference, form, self._ports.now())
        except ProblemError as error:
            return await self._again(request, scope, sent, error.status, "; ".join(error.errors) or str(error))
        with store_trouble():
            done = await alert_road(self._ports).act(action, scope, "")
        if isinstance(done, Refusal):
            return await self._again(request, scope, sent, REFUSED[done.reason], done.text)
        if isinstance(done, Stored):
            return web.Response(status=303, headers={hdrs.LOCATION: f"../{quote(reference, safe='')}?done=stored"})
        told = f"done={verb.word if done.changed else 'same'}"
        told += "" if done.created is None else f"&new={done.created.name}"
        location = f"../{done.incident.name}?{told}"  # relative: a proxy may serve us under a prefix
        return web.Response(status=303, headers={hdrs.LOCATION: location})

    async def _again(
        self, request: web.Request, scope: Scope, sent: Sent, status: int, trouble: str
    ) -> web.StreamResponse:
        """Show the page again with what went wrong, and what was written: nobody writes it twice."""
        detail = await self._found(request.match_info["ref"], scope)
        response = await self._show(request, detail, scope, sent=sent, trouble=trouble)
        response.set_status(status)
        return response

    async def _show(
        self, request: web.Request, detail: IncidentDetail, scope: Scope, *, sent: Sent = NOTHING_SENT, **told: str
    ) -> web.StreamResponse:
        winner = await self._winner(detail, scope)
        now, token, root = self._ports.now(), form_token(request), _root(request)
        response = await response_of(alert_road(self._ports), detail.incident, scope, now)
        text = await asyncio.to_thread(
            lambda: self._templates.render(
                "incident.html",
                view=incident_view(detail, now),
                told_of=told_view(response, now),
                winner=winner,
                field=FIELD,
                token=token,
                may_act=scope.may(Role.RESPONDER),
                actor=scope.actor,
                snoozes=SNOOZES,
                root=root,
                sent_verb=sent.verb,
                sent=sent.texts,
                ticked=sent.alerts,
                **({"said": "", "created": "", "trouble": ""} | told),
            )
        )
        return html(text)

    async def _found(self, reference: str, scope: Scope) -> IncidentDetail:
        with store_trouble():
            detail = await alert_road(self._ports).find_incident(reference, scope)
        if detail is None:
            raise ProblemError(404, f"There is no incident {reference}, or it is another team's.")
        return detail

    async def _winner(self, detail: IncidentDetail, scope: Scope) -> str:
        """Return the name of the incident that this one went into, "" for none."""
        if not detail.incident.merged_into:
            return ""
        with store_trouble():
            found = await alert_road(self._ports).find_incident(detail.incident.merged_into, scope)
        return "" if found is None else found.incident.name

    def _page(self, handle: Handle) -> Handle:
        """Make a handler whose problems are pages, and whose answers let forms be sent to us alone."""

        async def handled(request: web.Request) -> web.StreamResponse:
            try:
                response = await handle(request)
            except ProblemError as error:
                view = {"status": error.status, "detail": str(error), "errors": error.errors, "root": _root(request)}
                text = await asyncio.to_thread(self._templates.render, "trouble.html", **view)
                response = html(text, error.status)
            response.headers.update(_HEADERS)
            return response

        return handled


def _root(request: web.Request) -> str:
    """Return the way from this page back to `/`."""
    return "../" * (request.rel_url.raw_path.count("/") - 1)
