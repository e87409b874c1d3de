"""Ranges of time intervals are taken and refused as the real Alertmanager takes and refuses them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aiops_daemon.config.load import Overrides, inspect
from aiops_daemon.core.model import ranges

WRITTEN = {
    "weekdays": (
        "monday",
        "Monday:Friday",
        "sunday:saturday",
        "friday:monday",
        "mon",
        "1",
        "1:5",
        "monday:",
        "a:b:c",
        "",
    ),
    "days_of_month": (
        *("1", "31", "0", "32", "-1", "-31", "-32", "1:5", "5:1", "-3:-1", "-1:-3", "1:-1", "-1:1"),
        *("31:-1", "20:-1", "27:-1", "28:-1", "first", "1:2:3", ""),
    ),
    "months": ("january", "January:march", "1:3", "march:1", "december:january", "jan", "1:december", ""),
    "years": ("2026", "2026:2028", "2028:2026", "next", "2026:", ""),
    "times": ("08:00-17:00", "00:00-24:00", "17:00-08:00", "08:00-08:00", "8:00-17:00", "08:60-17:00", "08:00-24:01"),
}


def section(kind: str, text: str) -> str:
    """Write one interval as both of us read it."""
    if kind == "times":
        start, end = text.split("-")
        inner = f'[{{start_time: "{start}", end_time: "{end}"}}]'
    else:
        inner = f'["{text}"]'
    return f"time_intervals: [{{name: a, time_intervals: [{{{kind}: {inner}}}]}}]\n"


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in WRITTEN.items() for text in texts])
def test_what_alertmanager_takes_is_taken(kind: str, text: str, amtool: Path, tmp_path: Path) -> None:
    """amtool and our loader agree about every text."""
    theirs, ours = tmp_path / "alertmanager.yml", tmp_path / "config.yaml"
    theirs.write_text("route: {receiver: x}\nreceivers: [{name: x}]\n" + section(kind, text))
    ours.write_text('prometheus: [{name: a, urls: ["http://p"]}]\n' + section(kind, text))

    result = subprocess.run([str(amtool), "check-config", str(theirs)], capture_output=True, check=False, timeout=30)
    assert (result.returncode == 0) == (inspect(ours, environ={}, overrides=Overrides()).loaded is not None)


@pytest.mark.parametrize("text", ["0", "13", "0:12"])
def test_months_that_never_come_are_refused_only_here(text: str, amtool: Path, tmp_path: Path) -> None:
    """Alertmanager takes a thirteenth month and waits for it; we read it in its file, and refuse it in ours."""
    theirs, ours = tmp_path / "alertmanager.yml", tmp_path / "config.yaml"
    theirs.write_text("route: {receiver: x}\nreceivers: [{name: x}]\n" + section("months", text))
    ours.write_text('prometheus: [{name: a, urls: ["http://p"]}]\n' + section("months", text))

    result = subprocess.run([str(amtool), "check-config", str(theirs)], capture_output=True, check=False, timeout=30)
    assert 0 == result.returncode
    assert ranges.months(text)
    assert ["is no month; write a name, or 1 to 12"] == [
        f"{fault.message}; {fault.remedy}" for fault in inspect(ours, environ={}, overrides=Overrides()).faults
    ]
