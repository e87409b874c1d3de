"""A real browser, driven over its debugging port: screens of any width, scripts, pictures, what its console says."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import real_servers

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)  # fmt: skip
PATIENCE = 60.0


def chromium_path():
    """Find Debian's chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return found or str(real_servers.binary("chromium"))


class Tab:
    """One page of the browser; `complaints` is what its console and its policies said."""

    def __init__(self, socket):
        self._socket = socket
        self._last = 0
        self._answers = {}
        self._loaded = asyncio.Event()
        self.complaints = []

    async def listen(self):
        """Sort what the browser says."""
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif told["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif told["method"] in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                self.complaints.append(json.dumps(told["params"]))

    async def ask(self, method, **parameters):
        """Send one command and return its result."""
        self._last += 1
        answer = self._answers[self._last] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._last, "method": method, "params": parameters})
        async with asyncio.timeout(PATIENCE):
            return (await answer).get("result")

    async def open(self, address):
        """Load a page."""
        self._loaded.clear()
        await self.ask("Page.navigate", url=address)
        await self.loaded()

    async def loaded(self):
        """Wait for the page that is loading."""
        async with asyncio.timeout(PATIENCE):
            await self._loaded.wait()

    async def run(self, script):
        """Run a script and return its value."""
        return (await self.ask("Runtime.evaluate", expression=script, returnByValue=True))["result"].get("value")

    async def submit(self, script):
        """Run a script that sends a form, and wait for the page that answers."""
        self._loaded.clear()
        await self.run(script)
        await self.loaded()

    async def screen(self, width, *, dark=False):
        """Look like a phone or a desk."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.ask("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self, path):
        """Write a picture of the whole page."""
        shot = await self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        await asyncio.to_thread(Path(path).write_bytes, base64.b64decode(shot["data"]))


@asynccontextmanager
async def browsing(folder, *, script=True):
    """Start a browser and give its first tab; without `script`, pages run none (evaluation still works)."""
    process = await asyncio.create_subprocess_exec(
        chromium_path(), *FLAGS, f"--user-data-dir={folder}", "about:blank",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"HOME": str(folder)},
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            async for line in process.stderr:
                if b"DevTools listening on" in line:
                    break
        drain = asyncio.create_task(process.stderr.read())
        port = line.decode().split(":")[2].split("/")[0]
        async with aiohttp.ClientSession() as http:
            async with http.get(f"http://127.0.0.1:{port}/json/list") as answer:
                page = next(each for each in await answer.json() if each["type"] == "page")
            async with http.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                tab = Tab(socket)
                listening = asyncio.create_task(tab.listen())
                for domain in ("Page", "Runtime", "Log"):
                    await tab.ask(f"{domain}.enable")
                await tab.ask("Emulation.setScriptExecutionDisabled", value=not script)
                yield tab
                listening.cancel()
        drain.cancel()
    finally:
        process.kill()
        await process.wait()
