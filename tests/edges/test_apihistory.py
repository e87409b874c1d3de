"""The past of backtests: one request a stretch, no retry, no redirect, no secret in words, halves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator

import fake_prometheus as fake
import numpy as np
import pytest
from aiohttp import web
from fake_prometheus import FakePrometheus

from aiops_daemon.core.model.source import HttpSpec, SourceSpec
from aiops_daemon.edges.prometheus.apihistory import ApiHistory, Stretch
from aiops_daemon.errors import SourceError, SourceReason

RANGE = "/api/v1/query_range"
TIMES = np.arange(1_700_000_000.0, 1_700_000_600.0, 60.0)
SECRET = "hunter2-hunter2"


@pytest.fixture
async def served() -> AsyncIterator[tuple[FakePrometheus, ApiHistory]]:
    """A fake server and a reader of it that sends a token."""
    server = FakePrometheus()
    running = await server.start()
    http = HttpSpec(bearer=lambda: SECRET)
    past = ApiHistory(SourceSpec("eu1", (str(running.make_url("")).rstrip("/"),), timeout=2.0, http=http))
    yield server, past
    past.close()
    await running.close()


def matrix(*series: tuple[dict[str, str], list[float]]) -> fake.Reply:
    """Answer a range vector with these moments."""
    result = [{"metric": labels, "values": [[at, "1"] for at in moments]} for labels, moments in series]
    return fake.says(fake.compact({"status": "success", "data": {"resultType": "matrix", "result": result}}))


async def read(past: ApiHistory) -> list[Stretch]:
    """Read everything."""
    return [part async for part in past.read("up", TIMES)]


async def test_series_lie_where_they_were(served: tuple[FakePrometheus, ApiHistory]) -> None:
    """Each label set with its places on the grid; the question is that of the range."""
    server, past = served
    server.scripts[RANGE] = [matrix(({"__name__": "up", "job": "a"}, [TIMES[1], TIMES[3]]))]
    (part,) = await read(past)

    assert [1, 3] == np.flatnonzero(part.present[(("__name__", "up"), ("job", "a"))]).tolist()
    assert TIMES.tolist() == part.times.tolist()
    assert f"Bearer {SECRET}" == server.seen[0].headers["Authorization"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (fake.refuses(401), SourceReason.AUTH_ERROR),
        (fake.refuses(403), SourceReason.AUTH_ERROR),
        (fake.refuses(404), SourceReason.CLIENT_ERROR),
        (fake.refuses(429), SourceReason.RATE_LIMITED),
        (fake.refuses(500), SourceReason.SERVER_ERROR),
        (fake.refuses(422, "execution", "many-to-many matching not allowed"), SourceReason.QUERY_ERROR),
        (fake.says("", status=302, headers={"Location": "/elsewhere"}), SourceReason.REDIRECTED),
        (fake.says("<html>sign in</html>"), SourceReason.MALFORMED),
        (fake.says('{"status":"success"}'), SourceReason.MALFORMED),
        (fake.says('{"status":"success","data":{"result":[1]}}'), SourceReason.MALFORMED),
        (fake.breaks_off(b'{"status":"success"'), SourceReason.CONNECTION),
        (fake.refuses(500, "internal", f"token {SECRET} is odd"), SourceReason.SERVER_ERROR),
    ],
)
async def test_every_failure_has_a_reason(
    reply: fake.Reply, reason: SourceReason, served: tuple[FakePrometheus, ApiHistory]
) -> None:
    """One request, no retry; the words hold no secret."""
    server, past = served
    server.scripts[RANGE] = [reply]
    with pytest.raises(SourceError) as raised:
        await read(past)

    assert reason is raised.value.reason
    assert 1 == len(server.seen)
    assert SECRET not in str(raised.value)


async def test_what_is_too_much_is_asked_in_halves(served: tuple[FakePrometheus, ApiHistory]) -> None:
    """A stretch that is refused as too large is halved until it is answered; the parts join."""
    server, past = served

    async def up_to_three(request: web.Request) -> web.StreamResponse:
        start, end, step = (float(request.query[key]) for key in ("start", "end", "step"))
        many = (end - start) / step + 1
        too_much = fake.refuses(422, "execution", "query processing would load too many samples into memory")
        return await (too_much if many > 3 else matrix(({"job": "a"}, [start])))(request)

    server.scripts[RANGE] = [up_to_three]
    parts = await read(past)

    assert TIMES.tolist() == [at for part in parts for at in part.times]
    assert all(part.present[(("job", "a"),)][0] for part in parts)


def test_the_library_is_loaded_when_it_is_used() -> None:
    """Neither the command line's nouns nor the module itself load it."""
    code = (
        "import sys, aiops_daemon.cli.rules, aiops_daemon.edges.prometheus.apihistory\n"
        "print([name for name in ('prometheus_api_client', 'requests', 'dateparser') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert "[]" == told.stdout.strip()
