"""The outgoing heartbeat: its address is a secret, for whoever has it can keep the dead man's switch quiet."""

from __future__ import annotations

from pathlib import Path

import pytest
from http_channel_server import Recorder, http_server

from aiops_daemon.config.secret import FileSecret, HeldSecret
from aiops_daemon.core.model.alertmanager import HeartbeatSpec
from aiops_daemon.edges.heartbeat import send_heartbeat
from aiops_daemon.errors import SourceError

TOKEN = "5e7f-canary-token"


async def test_it_is_one_get() -> None:
    """With the query, where there is one."""
    recorder = Recorder(200)
    async with http_server(recorder) as url:
        await send_heartbeat(HeartbeatSpec(HeldSecret(f"{url}/{TOKEN}?status=up")))

    (request,) = recorder.requests
    assert ("GET", f"/{TOKEN}?status=up") == (request.method, request.path)


@pytest.mark.parametrize("status", [302, 404, 500])
@pytest.mark.parametrize("place", [TOKEN, f"ping/{TOKEN}", f"ping?key={TOKEN}"])
async def test_a_server_that_repeats_the_address_makes_us_tell_no_secret(status: int, place: str) -> None:
    """The host is enough to know which one it was."""
    recorder = Recorder(status, body=f"there is no /{place}, or {TOKEN}")
    async with http_server(recorder) as url:
        with pytest.raises(SourceError) as caught:
            await send_heartbeat(HeartbeatSpec(HeldSecret(f"{url}/{place}")))

    assert TOKEN not in str(caught.value)
    assert url in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://nowhere.invalid", "https://127.0.0.1:1"])
async def test_nobody_there_makes_us_tell_no_secret(url: str) -> None:
    """Neither do its repr and that of its errors."""
    spec = HeartbeatSpec(HeldSecret(f"{url}/{TOKEN}"))
    with pytest.raises(SourceError) as caught:
        await send_heartbeat(spec)

    assert TOKEN not in f"{caught.value} {caught.value!r} {spec!r}"


async def test_the_address_may_stand_in_a_file_that_is_read_each_time(tmp_path: Path) -> None:
    """A file that is rotated needs no reload."""
    recorder, file = Recorder(200), tmp_path / "url"
    spec = HeartbeatSpec(FileSecret(file))
    async with http_server(recorder) as url:
        for name in ("old", "new"):
            file.write_text(f"{url}/{name}\n")
            await send_heartbeat(spec)

    assert ["/old", "/new"] == [request.path for request in recorder.requests]


@pytest.mark.parametrize(
    "text", ["", TOKEN, f"ftp://beats.example.org/{TOKEN}", f"http:///{TOKEN}", f"http://[{TOKEN}"]
)
async def test_a_file_without_an_address_is_told_without_what_it_holds(text: str, tmp_path: Path) -> None:
    """The key is named."""
    file = tmp_path / "url"
    file.write_text(text)
    with pytest.raises(SourceError, match=r"heartbeat\.url_file holds no http or https URL") as caught:
        await send_heartbeat(HeartbeatSpec(FileSecret(file)))

    assert TOKEN not in str(caught.value)


async def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """It counts as a beat that failed."""
    with pytest.raises(SourceError, match=r"heartbeat\.url_file cannot be read: No such file"):
        await send_heartbeat(HeartbeatSpec(FileSecret(tmp_path / "none")))
