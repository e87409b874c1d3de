"""`incidents what-if` on the past in a store, read beside a daemon that uses it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from store_rows import T0, episode, incident
from store_world import opened, sqlite_spec

from aiops_daemon.cli.main import dispatch
from aiops_daemon.cli.parsing import Exit
from aiops_daemon.core.model.alert import EpisodeState
from aiops_daemon.core.model.incident import Correction
from aiops_daemon.edges.store.history import read_past
from aiops_daemon.ports.store import Changes

FIRST, SECOND = "incident-00000001", "incident-00000002"


def _past() -> Changes:
    """Four alerts of one service that stood in two incidents, which people merged; one was only recorded."""
    ended = {"state": EpisodeState.RESOLVED, "ends_at": T0 + 500}
    alerts = [episode(number, FIRST if number < 2 else SECOND, **ended) for number in range(4)]
    merge = Correction(
        "c", T0 + 60, "ann", "merge", "default",
        tuple(one.labels for one in alerts[:2]), tuple(one.labels for one in alerts[2:]),
    )  # fmt: skip
    recorded = replace(episode(9), incident="")
    return Changes((*alerts, recorded), (incident(1), incident(2)), corrections=(merge,))


async def test_the_past_is_read_while_the_store_is_open(tmp_path: Path) -> None:
    """Oldest first, without what was only recorded, and only since then."""
    spec = sqlite_spec(tmp_path)
    async with opened(spec) as store:
        await store.commit(_past())
        past = read_past(spec, T0)
        late = read_past(spec, T0 + 2)

    assert [T0, T0 + 1, T0 + 2, T0 + 3] == [one.starts_at for one in past.episodes]
    assert 1 == len(past.corrections)
    assert [T0 + 2, T0 + 3] == [one.starts_at for one in late.episodes]


async def test_what_if_judges_by_what_people_merged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They stood apart and should not have; the grouping that is tried puts them together."""
    spec = sqlite_spec(tmp_path)
    async with opened(spec) as store:
        await store.commit(_past())
    (tmp_path / "config.yaml").write_text("grouping: {}\n")
    arguments = ["incidents", "what-if", "--config.file", str(tmp_path / "config.yaml"), "--storage.url", spec.url]
    code = dispatch([*arguments, "--since", "3650d", "-o", "json"])
    shown = json.loads(capsys.readouterr().out)

    assert Exit.GOOD == code
    assert "corrections" == shown["against"]
    assert (2, 0.0) == (shown["present"]["incidents"], shown["present"]["recall"])
    assert (1, 1.0) == (shown["tried"]["incidents"], shown["tried"]["recall"])


async def test_an_empty_past_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do about it."""
    spec = sqlite_spec(tmp_path)
    async with opened(spec):
        pass
    (tmp_path / "config.yaml").write_text("grouping: {}\n")
    arguments = ["incidents", "what-if", "--config", str(tmp_path / "config.yaml"), "--storage.url", spec.url]

    assert Exit.USAGE == dispatch(arguments)
    assert "no alert began in the last 30d; give a longer --since" in capsys.readouterr().err
