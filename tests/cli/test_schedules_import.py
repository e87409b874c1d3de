"""`aiops-daemon schedules import`: sections on standard output, the rest with reasons on standard error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aiops_daemon.cli.main import dispatch
from aiops_daemon.config.load import Overrides, inspect_text

CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:x
X-WR-CALNAME:Shop on call
BEGIN:VEVENT
UID:1
SUMMARY:ann@example.org
DTSTART;TZID=Europe/Berlin:20261123T090000
DTEND;TZID=Europe/Berlin:20261130T090000
RRULE:FREQ=WEEKLY
END:VEVENT
END:VCALENDAR
"""
ONCALL: dict[str, Any] = {
    "schedules": {"results": [{"id": "S", "name": "shop", "shifts": ["O"], "on_call_now": ["U2"]}]},
    "on_call_shifts": {
        "results": [
            {
                "id": "O", "name": "week", "type": "rolling_users", "start": "2020-01-06T09:00:00", "duration": 604_800,
                "frequency": "weekly", "rolling_users": [["U1"]],
            }
        ]
    },
    "users": {"results": [{"id": "U1", "username": "ann", "email": "ann@example.org"}, {"id": "U2", "username": "bo"}]},
}  # fmt: skip
GOALERT: dict[str, Any] = {
    "data": {
        "schedules": {
            "nodes": [
                {
                    "id": "s", "name": "shop", "timeZone": "Europe/Berlin",
                    "targets": [
                        {
                            "target": {"type": "user", "id": "u"},
                            "rules": [{"start": "00:00", "end": "00:00", "weekdayFilter": [True] * 7}],
                        }
                    ],
                }
            ]
        },
        "users": {"nodes": [{"id": "u", "name": "Ann", "email": "ann@example.org"}]},
    }
}  # fmt: skip


@pytest.fixture
def imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Import a text; return exit code, standard output, and the lines of standard error."""

    def run(source: str, text: str, *flags: str) -> tuple[int, str, list[str]]:
        file = tmp_path / "export"
        file.write_text(text)
        code = dispatch(["schedules", "import", f"--from={source}", *flags, str(file)])
        told = capsys.readouterr()
        return code, told.out, told.err.splitlines()

    return run


@pytest.mark.parametrize(
    ("source", "text", "name"),
    [
        ("ical", CALENDAR, "Shop-on-call"),
        ("oncall", json.dumps(ONCALL), "shop"),
        ("goalert", json.dumps(GOALERT), "shop"),
    ],
)
def test_what_is_printed_loads(imported, source: str, text: str, name: str) -> None:
    """As sections of our configuration."""
    code, out, _ = imported(source, text)
    found = inspect_text(out, overrides=Overrides(("http://localhost:9090",)))

    assert (0, ()) == (code, found.faults)
    assert found.loaded is not None
    assert [name] == [one.name for one in found.loaded.settings.schedules]


def test_a_calendar_may_be_named_and_placed(imported) -> None:
    """By flags; what is called otherwise is told."""
    _, out, lines = imported("ical", CALENDAR, "--name=shop", "--time-zone=UTC")

    assert "name: shop\n  time_zone: UTC" in out
    assert [
        "not carried over: events[0] (ann@example.org): has a time zone of its own (Europe/Berlin): written out until"
    ] == [line[: line.index("until") + 5] for line in lines]


def test_who_was_on_call_there_is_compared(imported) -> None:
    """When somebody else is on call here, it is said: the import may have misunderstood."""
    _, _, lines = imported("oncall", json.dumps(ONCALL))

    assert ["to be compared: schedules.shop: bo was on call there, here ann is now"] == lines


def test_people_without_an_address_are_to_be_mended(imported) -> None:
    """Exit 1: the sections do not load as they are."""
    code, out, lines = imported("ical", CALENDAR.replace("ann@example.org", "Ann"))

    assert 1 == code
    assert "name: Ann" in out
    assert (
        "to be mended: output:3:3: people[0]: cannot be reached: there is no address; add phone, email or slack"
        == lines[-1]
    )
    assert "- name: Ann" == out.splitlines()[2]


@pytest.mark.parametrize(
    ("source", "text", "words"),
    [
        ("ical", "hello", "no calendar in iCalendar's format"),
        ("ical", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", "holds no event"),
        ("oncall", "{", "is not JSON"),
        ("goalert", "[]", "is no JSON object"),
        ("oncall", '{"schedules": 1}', "schedules: must be a list"),
    ],
)
def test_what_cannot_be_read_exits_1(imported, source: str, text: str, words: str) -> None:
    """With what is wrong."""
    code, out, lines = imported(source, text)

    assert (1, "", True) == (code, out, words in lines[0])


def test_a_zone_that_there_is_not_is_wrong_use(imported) -> None:
    """Exit 2."""
    assert 2 == imported("ical", CALENDAR, "--time-zone=Nowhere")[0]


@pytest.mark.parametrize("days", ["0", "-5", "99999999", "x", "²"])
def test_a_number_of_days_that_there_is_not_is_wrong_use(imported, days: str) -> None:
    """Exit 2, before the file is read."""
    with pytest.raises(SystemExit) as ended:
        imported("ical", CALENDAR, f"--days={days}")

    assert 2 == ended.value.code


def test_without_the_extra_it_is_said(tmp_path: Path) -> None:
    """In a process in which icalendar cannot be imported; other sources need nothing."""
    (tmp_path / "icalendar.py").write_text("raise ImportError('not installed')\n")
    (tmp_path / "a.ics").write_text(CALENDAR)
    (tmp_path / "a.json").write_text(json.dumps(GOALERT))
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from aiops_daemon.cli.main import dispatch; "
        "sys.exit(dispatch(['schedules', 'import', *sys.argv[1:]]))"
    )
    results = [
        subprocess.run(
            [sys.executable, "-c", code, f"--from={source}", str(tmp_path / name)],
            capture_output=True, text=True, check=False, timeout=60,
        )
        for source, name in (("ical", "a.ics"), ("goalert", "a.json"))
    ]  # fmt: skip

    assert [1, 0] == [result.returncode for result in results]
    assert "reading calendars needs the extra: pip install 'aiops-daemon[ical]'" in results[0].stderr
