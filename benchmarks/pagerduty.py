"""PagerDuty on loopback as a process of its own, so that its work is not counted as the daemon's.

Prints its port, then answers; GET /heard lists the dedup key, the summary and the time (unix seconds) of every alert
event that came in. Run by paging.py: python benchmarks/pagerduty.py
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from fake_pagerduty import FakePagerDuty


async def main() -> None:
    """Serve until killed."""
    fake = FakePagerDuty()
    await fake.start()

    async def heard(_request: web.Request) -> web.Response:
        events = (one for one in fake.requests if one.body.get("event_action") == "trigger")
        rows = [(one.body["dedup_key"], one.body["payload"]["summary"], one.at) for one in events]
        return web.json_response(rows)

    app = web.Application()
    app.router.add_get("/heard", heard)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(fake.url, f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
