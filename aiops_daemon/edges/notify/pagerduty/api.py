"""PagerDuty's REST API: whether a page was made, ends that did not arrive, notes, and whose page an incident is.

Enters: dedup keys and texts. Leaves: answers, None for what could not be found out. One attempt each, within a
deadline. Needs a token; what is written needs the e-mail address of a user too. Never changes a status that the Events
API changed: what the REST API does is told as done by that user, and cannot be told from what people do.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import httpx2

from aiops_daemon.core.model.channels.pagerduty import PagerDutySpec
from aiops_daemon.core.model.notification import Failed, FailureReason, Outcome, Sent
from aiops_daemon.core.model.remote import NOTE_MARK, RemotePage
from aiops_daemon.edges.notify.pagerduty.answers import once
from aiops_daemon.edges.notify.pagerduty.clients import Api
from aiops_daemon.edges.notify.pagerduty.lane import DEADLINE_SECONDS, Lane
from aiops_daemon.edges.notify.pagerduty.limits import clean, cut
from aiops_daemon.edges.notify.secret import read_secret
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_NEWEST = 5  # incidents of one key that are looked at; a key outlives an incident only when it is triggered anew
_SKEW_SECONDS = 5.0  # between their clock and ours; more, and what ended just before a page came would confirm it
_NOTE_UNITS = 25_000
_LESS = {"acknowledged": ("triggered",), "resolved": ("triggered", "acknowledged")}  # what a status comes after
_MANY = 100  # incidents of one answer
_MOST_LISTED = 10_000  # PagerDuty's own bound on offset and limit together
_ID = re.compile(r"[A-Za-z0-9]{1,40}")


class Incidents:
    """The incidents of one account."""

    def __init__(self, spec: PagerDutySpec, now: Callable[[], float], *, deadline: float = DEADLINE_SECONDS) -> None:
        self._spec = spec
        self._now = now
        self._lane = Lane(spec.api_url, deadline=deadline, threads=2)

    async def shown(self, dedup_key: str, since: float) -> bool | None:
        """Say whether there is an incident of this key that was open after `since` (unix seconds)."""
        found = await self._ask(lambda client: _find(client, dedup_key))
        if isinstance(found, Failed):
            return None
        return any(_open_after(one, since - _SKEW_SECONDS) for one in found)

    async def settled(self, dedup_key: str, status: str, before: float) -> bool | None:
        """Make sure that incidents of this key that were made before then are acknowledged, or resolved.

        What still is not was lost (the Events API drops what comes by another key than the page did), and is written
        in the name of the user; None: it could not be.
        """
        if not self._spec.writes:
            return None
        body = {"type": "incident_reference", "status": status}

        def settle(client: Api) -> None:
            for one in _find(client, dedup_key):
                if one.get("status") in _LESS[status] and _made_before(one, before):
                    client.rput(f"/incidents/{one['id']}", json=body)
                    log.warning("an end that was lost is written by the REST API", extra=fields(key=dedup_key))

        return None if isinstance(await self._ask(settle), Failed) else True

    async def note(self, dedup_key: str, text: str, *, since: float | None = None) -> Outcome:
        """Write a note to the newest incident of this key; `since`: unless an attempt after then did."""
        if not self._spec.writes:
            return Failed(FailureReason.CLIENT_ERROR, "notes need api_token and from", retry=False)
        content = cut(NOTE_MARK + clean(text), _NOTE_UNITS)

        def write(client: Api) -> bool:
            found = _find(client, dedup_key)
            path = f"/incidents/{found[0]['id']}/notes" if found else ""
            if path and (since is None or content not in _contents(client.rget(path), since - _SKEW_SECONDS)):
                client.rpost(path, json={"content": content})
            return bool(found)

        written = await self._ask(write)
        if isinstance(written, Failed):
            return written
        if not written:
            return Failed(FailureReason.CLIENT_ERROR, "PagerDuty shows no incident of this key", retry=True)
        return Sent(dedup_key)

    async def dedup_key(self, remote_id: str) -> str | None:
        """Return the key of the incident that PagerDuty calls so, "" when it has none; None: it could not be asked."""
        if not _ID.fullmatch(remote_id):
            return ""
        found = await self._ask(lambda client: client.rget(f"/incidents/{remote_id}"))
        if isinstance(found, Failed):  # without a token nobody can ever be asked; 404: another account's
            return "" if found.reason is FailureReason.CLIENT_ERROR else None
        key = found.get("incident_key") if isinstance(found, Mapping) else None
        return key if isinstance(key, str) else ""

    async def listed(self, since: float, until: float) -> list[RemotePage] | Failed:
        """Return the incidents of the account that were created in this time, whoever made them."""
        found: list[RemotePage] = []
        asked = {"since": _iso(since), "until": _iso(until), "sort_by": "created_at:asc", "limit": _MANY}
        for offset in range(0, _MOST_LISTED, _MANY):
            rows = await self._ask(partial(_rows, {**asked, "offset": offset}))
            if isinstance(rows, Failed):
                return rows
            found += [one for row in rows if (one := _page(row)) is not None]
            if len(rows) < _MANY:
                break
        return found

    async def _ask(self, call: Callable[[Api], _T]) -> _T | Failed:
        if self._spec.api_token is None:
            return Failed(FailureReason.CLIENT_ERROR, "there is no api_token", retry=False)
        token = read_secret(self._spec.api_token, "token of the REST API")
        answer = token if isinstance(token, Failed) else await self._attempt(call, token)
        if isinstance(answer, Failed):
            log.warning("PagerDuty's REST API did not answer", extra=fields(reason=answer.reason, err=answer.detail))
        return answer

    async def _attempt(self, call: Callable[[Api], _T], token: str) -> _T | Failed:
        spec = self._spec

        def ask(transport: httpx2.BaseTransport) -> _T:
            return call(Api(token, spec.sender, spec.api_url, transport))

        return await once(self._lane, ask, token, self._now())

    def close(self) -> None:
        """Close the connections."""
        self._lane.close()


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _rows(asked: Mapping[str, object], client: Api) -> list[Mapping[str, Any]]:
    answer = client.rget("/incidents", params=dict(asked))
    return [one for one in answer if isinstance(one, Mapping)] if isinstance(answer, list) else []


def _page(row: Mapping[str, Any]) -> RemotePage | None:
    try:
        at = datetime.fromisoformat(str(row.get("created_at"))).timestamp()
    except ValueError:
        return None
    return RemotePage(at, str(row.get("title") or ""), str(row.get("incident_key") or ""))


def _find(client: Api, dedup_key: str) -> list[Mapping[str, Any]]:
    """Return the incidents of a key, the newest first. The default range is a month; pages may stay open longer."""
    asked = {"incident_key": dedup_key, "date_range": "all", "sort_by": "created_at:desc", "limit": _NEWEST}
    found = client.rget("/incidents", params=asked)
    listed = found if isinstance(found, list) else []
    return [one for one in listed if isinstance(one, Mapping) and one.get("incident_key") == dedup_key and "id" in one]


def _contents(notes: object, since: float) -> list[object]:
    """Return what was written after then: the same words written earlier are another note."""
    listed = [one for one in notes if isinstance(one, Mapping)] if isinstance(notes, list) else []
    return [one.get("content") for one in listed if not _made_before(one, since)]


def _open_after(incident: Mapping[str, Any], moment: float) -> bool:
    if incident.get("status") != "resolved":
        return True
    try:
        return datetime.fromisoformat(str(incident.get("last_status_change_at"))).timestamp() >= moment
    except ValueError:
        return False


def _made_before(incident: Mapping[str, Any], moment: float) -> bool:
    try:
        return datetime.fromisoformat(str(incident.get("created_at"))).timestamp() <= moment
    except ValueError:
        return False
