"""`aiops-daemon quality`: the table, proposals as rules, JSON; from a store and with one's own rule files."""

from __future__ import annotations

import asyncio
import json
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from rule_past import history, past
from store_rows import episode, incident
from store_world import opened, sqlite_spec

from aiops_daemon.cli.main import dispatch
from aiops_daemon.cli.qualitytable import listing, proposed
from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.alert import EpisodeState
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.flows.alerts.quality import summed_up
from aiops_daemon.ports.store import Changes

RULES = """
groups:
- name: shop
  rules:
  - alert: SlowCheckout
    expr: |
      latency > 0.5
    for: 2m
    labels: {severity: warning}
  - record: x
    expr: y
"""


@pytest.fixture
def spec(tmp_path: Path) -> StorageSpec:
    """A store in which SlowCheckout fired nine times for half a minute, lately."""
    made = sqlite_spec(tmp_path)
    now = SystemClock().now()

    async def fill() -> None:
        async with opened(made) as store:
            for turn in range(9):
                at = now - (turn + 1) * 7200
                opened_by = incident(turn + 1)
                alert = episode(
                    turn, opened_by.uid, labels=(("alertname", "SlowCheckout"),), team="shop", starts_at=at,
                    first_starts_at=at, ends_at=at + 30, heard_at=at, seen_at=at + 30, state=EpisodeState.RESOLVED,
                )  # fmt: skip
                await store.commit(Changes(episodes=(alert,), incidents=(opened_by,)))

    asyncio.run(fill())
    return made


def test_the_table_reads_like_amtools(spec: StorageSpec, capsys: pytest.CaptureFixture[str]) -> None:
    """A head and a line a rule, columns by width."""
    code = dispatch(["quality", f"--storage.url={spec.url}"])

    lines = capsys.readouterr().out.splitlines()
    assert (0, 2) == (code, len(lines))
    assert "TEAM  RULE          ALERTS  INCIDENTS  SELF-RESOLVED  ACTED ON  FLAPS  MEDIAN  MUTED  DOUBLES" == lines[0]
    assert "shop  SlowCheckout  9       9          100%           0%        0      30s     0%     -" == lines[1]


def test_proposals_are_rules_that_promtool_accepts(
    spec: StorageSpec, capsys: pytest.CaptureFixture[str], promtool: Path, tmp_path: Path
) -> None:
    """With one's own rule file the whole rule is written, its `for` counted on."""
    rules, changed = tmp_path / "mine.yml", tmp_path / "changed.yml"
    rules.write_text(RULES)
    code = dispatch(["quality", "--proposals", f"--rules={rules}", f"--storage.url={spec.url}"])
    printed = capsys.readouterr().out
    changed.write_text(printed)
    checked = subprocess.run([promtool, "check", "rules", changed], capture_output=True, text=True, check=False)

    assert (0, 0) == (code, checked.returncode), checked.stderr
    assert printed.startswith(
        "# for 3m: SlowCheckout would have opened 0 instead of 9 incidents, none lost that people"
    )
    assert "    expr: latency > 0.5\n    for: 3m\n" in printed


def test_without_the_rule_its_proposal_is_a_comment(spec: StorageSpec, capsys: pytest.CaptureFixture[str]) -> None:
    """And it says how to get more."""
    dispatch(["quality", "--proposals", f"--storage.url={spec.url}"])
    lines = capsys.readouterr().out.splitlines()

    assert all(line.startswith("#") for line in lines)
    assert lines[0].endswith("the rule itself is not known here: add 1m to what it has now")
    assert "# not written below, as the rule is not known (give its file with --rules): SlowCheckout" == lines[1]


def test_json_has_everything(spec: StorageSpec, capsys: pytest.CaptureFixture[str]) -> None:
    """The fields of the API."""
    dispatch(["quality", "-o", "json", f"--storage.url={spec.url}"])
    (rule,) = json.loads(capsys.readouterr().out)

    assert ("shop", "SlowCheckout", 9, 1.0) == (
        rule["team"],
        rule["rule"],
        rule["incidents"],
        rule["self_resolved_ratio"],
    )
    assert ["for"] == [each["change"] for each in rule["proposals"]]


class Daemon:
    """Answers the API's path for quality, and keeps what it was asked."""

    def __init__(self, items: list[dict[str, object]]) -> None:
        self.items = items
        self.asked: list[tuple[str, str]] = []

    async def quality(self, request: web.Request) -> web.Response:
        self.asked.append((request.query_string, request.headers.get("Authorization", "")))
        return web.json_response({"data": self.items})


def ask(daemon: Daemon, *arguments: str) -> int:
    """Run the command against a daemon on a port of its own."""

    async def served() -> int:
        app = web.Application()
        app.router.add_get("/api/v1/quality", daemon.quality)
        async with TestServer(app) as server:
            return await asyncio.to_thread(dispatch, ["quality", f"--url=http://127.0.0.1:{server.port}", *arguments])

    return asyncio.run(served())


def item(**more: object) -> dict[str, object]:
    """Return a rule as the API shapes it: without the rule's definition, null where nothing is known."""
    blips = history(*(past(turn * 3600.0, 30) for turn in range(9)))
    (quality,) = summed_up([blips], {})
    shaped = asdict(quality) | {"duplicate_of": None, "duplicate_ratio": None} | more
    shaped.pop("definition")
    return shaped


def test_a_running_daemon_is_asked_when_no_store_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With its token, for the time asked for; the table is the same."""
    token = tmp_path / "token"
    token.write_text("secret\n")
    daemon = Daemon([item()])
    code = ask(daemon, "--since=7d", f"--token-file={token}")

    assert (0, [("since=7d", "Bearer secret")]) == (code, daemon.asked)
    assert "shop  SlowCheckout  9       9          100%           0%        0      30s     0%     -" in (
        capsys.readouterr().out
    )


def test_what_a_daemon_proposes_is_written_with_ones_own_rules(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A daemon that does not know the rule says what to add; the rule file says to what."""
    rules = tmp_path / "mine.yml"
    rules.write_text(RULES)
    code = ask(Daemon([item()]), "--proposals", f"--rules={rules}")
    printed = capsys.readouterr().out

    assert 0 == code
    assert "    expr: latency > 0.5\n    for: 3m\n" in printed
    assert "not known" not in printed


def test_values_are_read_only_for_episodes_of_a_store(capsys: pytest.CaptureFixture[str]) -> None:
    """A daemon tells no episodes; exit 2 and what to give."""
    assert 2 == dispatch(["quality", "--prometheus.url=http://127.0.0.1:9"])
    assert "give --storage.url or --config.file" in capsys.readouterr().err


def test_a_daemon_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3, with the address."""
    assert 3 == dispatch(["quality", "--url=http://127.0.0.1:9"])
    assert "http://127.0.0.1:9" in capsys.readouterr().err


def test_nothing_lately_says_so(spec: StorageSpec, capsys: pytest.CaptureFixture[str]) -> None:
    """No empty table."""
    code = dispatch(["quality", "--since=1m", f"--storage.url={spec.url}"])

    assert (0, "no alert came in the last 1m\n") == (code, capsys.readouterr().out)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("groups: [{rules: [{alert: A, expr: up, for: soon}]}]", "promtool check rules"),
        ("groups: [{rules: [{alert: A}]}]", "promtool check rules"),
        ("{", "mine.yml"),
        (None, "No such file"),
    ],
)
def test_a_rule_file_that_cannot_be_read_is_told_with_its_name(
    text: str | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the remedy."""
    path = tmp_path / "mine.yml"
    if text is not None:
        path.write_text(text)
    code = dispatch(["quality", f"--rules={path}"])
    told = capsys.readouterr().err

    assert 3 == code
    assert str(path) in told
    assert words in told


def test_a_store_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not made by asking."""
    code = dispatch(["quality", f"--storage.url=sqlite:///{tmp_path}/none.db"])

    assert 3 == code
    assert "there is no such file" in capsys.readouterr().err
    assert [] == list(tmp_path.iterdir())


def test_names_cannot_break_the_lines() -> None:
    """Alert text is data."""
    rule = history(*(past(turn * 3600.0, 30) for turn in range(9)), rule="Evil\n\x1b[31m{{ x }}", team="a\rb")
    qualities = summed_up([rule], {})

    assert 2 == len(listing(qualities).splitlines())
    assert "\x1b" not in listing(qualities) + proposed(qualities)
    assert all(line.startswith("#") for line in proposed(qualities).splitlines())
