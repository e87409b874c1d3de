"""PagerDuty on loopback as a process of its own, so that its work is not counted as the daemon's.

Prints its port, then answers; GET /heard lists the dedup key, the summary and the time (unix seconds) of every alert
event that came in, GET /named how often each incident is named in pages and when first, GET /limited counts the 429s.
Run by paging.py and storms.py: python benchmarks/pagerduty.py [--limited]
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from fake_pagerduty import FakePagerDuty
from pages_named import named


async def main() -> None:
    """Serve until killed."""
    fake = FakePagerDuty(limited="--limited" in sys.argv)
    await fake.start()

    async def heard(_request: web.Request) -> web.Response:
        events = (one for one in fake.requests if one.body.get("event_action") == "trigger")
        rows = [(one.body["dedup_key"], one.body["payload"]["summary"], one.at) for one in events]
        return web.json_response(rows)

    async def naming(_request: web.Request) -> web.Response:
        return web.json_response({name: (one.keys, one.first_at) for name, one in named(fake.requests).items()})

    async def limited(_request: web.Request) -> web.Response:
        return web.json_response(sum(one.status == 429 for one in fake.requests))

    app = web.Application()
    app.router.add_get("/named", naming)
    app.router.add_get("/limited", limited)
    app.router.add_get("/heard", heard)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(fake.url, f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
