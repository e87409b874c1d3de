"""`aiops-daemon slo` against a listener: the table, JSON, the sheet, reasons of breaches, refusals, exit codes."""

from __future__ import annotations

import asyncio
import json

import pytest
from background import in_background
from incident_world import AlertDaemon, busy_detail, incident
from reports_world import DAY, OCTOBER, SPEC, after, october
from web_world import HOSTILE, NOW, FakeDaemon, busy_view, slo

from aiops_daemon.cli.main import dispatch
from aiops_daemon.cli.sloincidents import read_causes, read_incidents
from aiops_daemon.cli.slomonth import report_document
from aiops_daemon.cli.slorows import health_document, health_from, row_from, slo_document
from aiops_daemon.cli.slotable import report_text
from aiops_daemon.core.model.budget import Health, HealthPart
from aiops_daemon.core.model.view import View
from aiops_daemon.core.reports.compliance import MonthReport, compliance
from aiops_daemon.core.reports.month import month_of
from aiops_daemon.core.reports.reasons import PastIncident
from aiops_daemon.core.rules.slo.plan import plan
from aiops_daemon.edges.remote.client import DaemonClient
from aiops_daemon.edges.sheets.render import report_sheet, status_sheet
from aiops_daemon.edges.web.api.shapes import ServiceItem, SloItem
from aiops_daemon.edges.web.server import WebServer

ESCAPE = "\x1b[31mred\x07"


@pytest.fixture
def daemon():
    daemon = FakeDaemon()
    daemon.shown = busy_view()
    return daemon


@pytest.fixture
def told(daemon, capsys, monkeypatch):
    """Run `slo status`; returns exit code, output and complaints."""
    monkeypatch.delenv("AIOPS_TOKEN", raising=False)
    with in_background(WebServer(daemon.ports(), listen_address="127.0.0.1:0")) as address:

        def run(*arguments):
            code = dispatch(["slo", "status", "--url", address, *arguments])
            return (code, *capsys.readouterr())

        yield run


def test_the_table_tells_what_is_worst_first(told):
    """What pages stands first, then by budget; each with what is left, how fast it burns, when it ends, what is held
    back."""
    code, out, _ = told()
    head, first, *_ = out.splitlines()

    assert code == 0
    assert head.split() == [
        "SLO", "OBJECTIVE", "WINDOW", "REMAINING", "BURN", "RATE", "EXHAUSTION", "GUARD", "STATE",
    ]  # fmt: skip
    assert first.startswith(
        "checkout-availability  99.9 %     30d     43 %       1h 16, 6h 4  in 19h, back in 5d  no ticket"
    )
    assert "no ticket: fewer than two errors" in first
    assert first.endswith("page since 2026-11-21 03:03 UTC")
    assert out.index("search-latency") < out.index("batch ")


def test_the_table_tells_of_services_and_of_what_was_agreed(told):
    """Health with its worst part, and the policy step that holds."""
    _, out, _ = told("--time-zone", "Europe/Berlin")

    assert "checkout eu1  22 of 100" in out
    assert "50 % spent since 2026-11-21 02:10 CET: Look at what spends the budget" in out


def test_json_is_what_the_api_says(told):
    """Programs get the items of /api/v1/slos and /api/v1/services."""
    code, out, _ = told("-o", "json", "--slo", "batch")
    document = json.loads(out)

    assert (0, ["batch"], ["checkout"]) == (
        code, [one["name"] for one in document["slos"]], [one["name"] for one in document["services"]],
    )  # fmt: skip
    assert document["slos"][0]["state"] == "idle"


def test_rows_written_are_items_of_the_api(told):
    """What is read from records has the same keys, so that one program reads both; the daemon's own ones may lack."""
    _, out, _ = told("-o", "json")
    document = json.loads(out)
    only_daemon = {"window_seconds", "period_begin", "period_end", "error_ratio"}

    for item in document["slos"]:
        written = slo_document(row_from(item))
        assert set(SloItem.__struct_fields__) - only_daemon == set(written)
        assert row_from(item) == row_from(written)
    for item in document["services"]:
        assert set(ServiceItem.__struct_fields__) == set(health_document(health_from(item)))
        assert health_from(item) == health_from(health_document(health_from(item)))


def test_an_slo_that_there_is_not(told):
    """The names that there are, and exit 2."""
    code, _, err = told("--slo", "checkout")

    assert code == 2
    assert "--slo checkout: there is no such SLO; there are batch, checkout-availability, search-latency" in err


def test_without_slos(told, daemon):
    """Nothing is no fault."""
    daemon.shown = View(at=NOW)

    assert told()[:2] == (0, "no SLOs\n")


def test_control_characters_do_not_reach_the_terminal(told, daemon):
    """What came from series is escaped."""
    daemon.shown = View(at=NOW, slos=(slo("a", group=(("handler", ESCAPE),)),))
    _, out, _ = told()

    assert "\x1b" not in out
    assert "\\x1b[31mred\\x07" in out


def test_the_sheet_is_written_to_a_file(told, tmp_path):
    """One file, nothing loaded, nothing run."""
    sheet = tmp_path / "status.html"
    code, out, _ = told("--html", str(sheet))
    text = sheet.read_text()

    assert (0, f"{sheet}\n") == (code, out)
    assert "<script" not in text
    assert "checkout-availability" in text
    assert "@media print" in text


def test_a_sheet_that_cannot_be_written(told, tmp_path):
    """Said with the reason, exit 2."""
    code, _, err = told("--html", str(tmp_path / "no" / "status.html"))

    assert code == 2
    assert "cannot be written: no such file or directory" in err


def test_records_need_both_slos_and_a_server(capsys):
    """One without the other is used wrongly."""
    assert dispatch(["slo", "status", "-i", "slos.yaml"]) == 2
    assert "-i and --prometheus.url belong together" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--month", "2026-13", "--config.file", "{}"], "'2026-13' is no month; write 2026-10"),
        (["--month", "2999-01", "--config.file", "{}"], "--month 2999-01: it has not begun"),
        (["--month", "2026-10"], "give --config.file, or -i FILE with --prometheus.url"),
        (["--month", "2026-10", "-i", "x.yaml"], "give --prometheus.url with -i"),
        (["--month", "2026-10", "--time-zone", "Berlin"], "'Berlin' is no time zone; write Europe/Berlin"),
    ],
)
def test_a_report_that_is_asked_wrongly(arguments, words, capsys, tmp_path):
    """Exit 2 with what to write."""
    file = tmp_path / "config.yaml"
    file.write_text("prometheus: [{name: eu1, urls: ['http://127.0.0.1:1']}]\n")
    try:
        code = dispatch(["slo", "report", *(each.replace("{}", str(file)) for each in arguments)])
    except SystemExit as ended:
        code = ended.code

    assert code == 2
    assert words in capsys.readouterr().err


def test_a_prometheus_that_does_not_answer_gives_no_report(capsys, tmp_path):
    """Nothing is known then: exit 3, and no empty report."""
    file = tmp_path / "slos.yaml"
    file.write_text("slos: [{name: a, objective: 99, sli: {events: {bad: b, total: t}}}]\n")
    asked = ["-i", str(file), "--prometheus.url=http://127.0.0.1:1", "--month", "2026-10", "--no-incidents"]

    assert dispatch(["slo", "report", *asked]) == 3
    assert capsys.readouterr().out == ""


def test_incidents_of_a_month_come_with_what_people_found():
    """Open ones too; the causes are read of those that are named."""
    daemon = AlertDaemon()

    async def read(address):
        client = DaemonClient(address)
        found = await read_incidents(client, month_of("2026-11", "UTC"))
        return await read_causes(client, found, [found[0].name])

    with in_background(WebServer(daemon.ports(), listen_address="127.0.0.1:0")) as address:
        (first, *_) = asyncio.run(read(address))

    expected = busy_detail()
    assert (incident().title, incident().service) == (first.title, first.service)
    assert tuple(dict.fromkeys(one.cause for one in expected.outcomes if one.cause)) == first.causes


def judged(*, incidents=(), lost_until=None):
    """Make a report on October with one outage."""
    steps = october((2 * DAY, 7200.0, 0.5))
    if lost_until is not None:
        lost = steps.times <= lost_until
        steps.known[lost] = False
        steps.total[lost] = steps.bad[lost] = 0.0
    return MonthReport(OCTOBER, OCTOBER.end, (compliance(plan(SPEC), "eu1", steps, OCTOBER, incidents),))


def test_a_report_tells_of_breaches_and_their_reasons():
    """Begin, length, share of the budget; incident, title, cause."""
    cause = PastIncident("INC-7", "checkout fails", "checkout", (), after(2 * DAY), after(3 * DAY), ("a bad deploy",))
    text = report_text(judged(incidents=[cause]))

    assert "SLO report for 2026-10 (UTC)" in text
    assert "checkout-availability  99.9 %     99.86 %" in text
    assert "missed" in text
    assert "page and ticket, errors since 2026-10-03 00:00 UTC, 134 % of the budget" in text
    assert "the month's budget was spent" in text
    assert "INC-7 checkout fails: a bad deploy" in text


def test_a_budget_of_half_a_month_is_not_the_month_s():
    """Of what is not known nobody can say what it allowed."""
    steps = october((12 * DAY, 7200.0, 0.5))
    lost = steps.times <= after(10 * DAY)
    steps.known[lost] = False
    steps.total[lost] = steps.bad[lost] = 0.0
    report = MonthReport(OCTOBER, OCTOBER.end, (compliance(plan(SPEC), "eu1", steps, OCTOBER, None),))

    for text in (report_text(report), report_sheet(report)):
        assert "the budget of what is known was spent" in text
        assert "month&#39;s budget was spent" not in text.replace("month's", "month&#39;s")


def test_a_report_on_half_a_month_says_so():
    """A star at the ratio, what is lacking, and no verdict."""
    text = report_text(judged(lost_until=after(10 * DAY), incidents=None))

    assert "99.9 %     not known*  not known*    0         not known" in text
    assert "in what is known: 100 %" in text
    assert "100 %*" not in text
    assert "67.74 % of the month is known; nothing is known from 2026-10-01 00:00 UTC to 2026-10-11 00:00 UTC." in text
    assert "met" not in text.replace("was met", "")


def test_incidents_that_were_not_read_are_not_none():
    """No reason is something else than a reason that nobody asked for."""
    assert "incidents were not read" in report_text(judged(incidents=None))
    assert "the daemon knows of no incident that was open then" in report_text(judged())
    assert report_document(judged(incidents=None))["slos"][0]["breaches"][0]["incidents"] is None


def test_sheets_escape_what_came_from_elsewhere():
    """Titles of incidents, names of groups, labels: all are data."""
    bad = PastIncident("INC-7", HOSTILE, "checkout", (), after(2 * DAY), after(3 * DAY), (HOSTILE,))
    row = row_from(
        {
            "at": None, "name": HOSTILE, "labels": {"service": HOSTILE}, "group": {"handler": HOSTILE}, "source": "x",
            "objective_ratio": 0.999, "window": "30d", "state": "ok", "error_budget_remaining_ratio": 0.4,
            "burn_rate": {"1h": 2.0}, "exhaustion_at": None, "returns_at": None, "alerts": [], "guard": {},
            "policy": [{"spent_ratio": 0.5, "action": HOSTILE, "severity": None, "since": None}],
        }
    )  # fmt: skip
    health = Health((("service", HOSTILE),), None, (HealthPart(HOSTILE, (), None, HOSTILE),))

    for text in (report_sheet(judged(incidents=[bad])), status_sheet([row], [health], NOW, "UTC", HOSTILE)):
        assert HOSTILE not in text
        assert "&lt;" in text
