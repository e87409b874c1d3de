"""`rules lint --prometheus.url` against a real Prometheus: what exists, what joins, what it knows of its metrics."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from real_servers import Server, Servers

from aiops_daemon.cli.main import dispatch

pytestmark = pytest.mark.real

PAGE = """\
# TYPE shop_jobs gauge
shop_jobs{queue="a"} 3
# TYPE shop_ops counter
shop_ops{queue="a"} 7
# TYPE shop_requests_total counter
shop_requests_total{code="200"} 9
# TYPE shop_errors_total counter
shop_errors_total{code="500",kind="x"} 1
"""
RULES = {
    "metric-unknown": "nowhere_at_all > 1",
    "series-unknown": 'shop_jobs{queue="b"} > 1',
    "nothing-joined": "rate(shop_errors_total[1m]) / (rate(shop_requests_total[1m]) > 0) > 0.1",
    "rate-of-gauge": "rate(shop_jobs[1m]) > 1",
    "gauge-function": "deriv(shop_ops[1m]) > 1",
    "beyond-retention": "shop_jobs > 2 * avg_over_time(shop_jobs[1d] offset 12y)",
}
GOOD = [
    'shop_jobs{queue="a"} > 100 and on (queue) shop_ops > 1',
    "sum(rate(shop_errors_total[1m])) / (sum(rate(shop_requests_total[1m])) > 0) > 0.1",
    "rate(shop_ops[1m]) > 1",
    "deriv(shop_jobs[1m]) > 1",
    "shop_jobs > 2 * avg_over_time(shop_jobs[1h])",
]

SEVEN = "/api/v1/query?query=count_over_time(shop_jobs[1m])"


class Exporter(BaseHTTPRequestHandler):
    """Shows the page."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def server(module_servers: Servers) -> Iterator[Server]:
    """A Prometheus that scrapes the page every second and keeps samples for ten years."""
    exporter = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    Thread(target=exporter.serve_forever, daemon=True).start()
    scrapes = f"[{{job_name: shop, static_configs: [{{targets: ['127.0.0.1:{exporter.server_port}']}}]}}]"
    config = f"global: {{scrape_interval: 1s}}\nscrape_configs: {scrapes}\n"
    running = module_servers.prometheus(config)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and b'"7"' not in running.get(SEVEN):
        time.sleep(0.3)
    yield running
    exporter.shutdown()
    exporter.server_close()


def lint(server: Server, folder: Path, *exprs: str) -> int:
    """Lint alerts against the server."""
    file = folder / "rules.yml"
    rules = "".join(f"  - alert: A{index}\n    expr: {expr}\n    for: 5m\n" for index, expr in enumerate(exprs))
    file.write_text(f"groups:\n- name: g\n  rules:\n{rules}")
    return dispatch(["rules", "lint", f"--prometheus.url={server.url}", str(file)])


@pytest.mark.parametrize(("check", "expr"), RULES.items(), ids=RULES)
def test_what_the_server_knows_better(
    check: str, expr: str, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each trap is found by asking."""
    assert 1 == lint(server, tmp_path, expr)
    assert check in re.findall(r": (?:error|warning): ([a-z-]+): A0: ", capsys.readouterr().out)


def test_careful_rules_are_clean(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names that look odd are fine where the server knows the type; all that is told is how often they fired."""
    assert 0 == lint(server, tmp_path, *GOOD)
    told = capsys.readouterr().out.splitlines()

    assert len(GOOD) == len([line for line in told if "fired-last-week" in line]) == len(told)
    assert all("would not have fired in the last week" in line for line in told)


def test_what_is_not_asked_is_said(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asking about a week has a limit, for the server has other work; how to raise it is said."""
    file = tmp_path / "rules.yml"
    alerts = "".join(f"  - alert: A{index}\n    expr: shop_jobs > {index + 9}\n" for index in range(3))
    file.write_text(f"groups:\n- name: g\n  rules:\n{alerts}")
    flags = ("rules", "lint", f"--prometheus.url={server.url}", "--past.timeout=1ms", str(file))

    assert 0 == dispatch(list(flags))
    assert (
        f"{file}:4: info: fired-last-week: not asked of 3 alerts, from A0 on: "
        "the 1 ms for the last week are over; --past.timeout gives more\n"
    ) == capsys.readouterr().out
    assert 0 == dispatch([*flags, "--disable=fired-last-week"])
    assert "" == capsys.readouterr().out


def test_how_often_it_would_have_fired(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An alert that has fired is told with times and length; a recording that is lacking is put in."""
    file = tmp_path / "rules.yml"
    file.write_text(
        "groups:\n- name: g\n  interval: 1s\n  rules:\n"
        "  - record: queue:jobs:max\n    expr: max by (queue) (shop_jobs)\n"
        "  - alert: A\n    expr: queue:jobs:max > 2\n    keep_firing_for: 1s\n"
    )

    assert 0 == dispatch(["rules", "lint", f"--prometheus.url={server.url}", str(file)])
    told = capsys.readouterr().out
    assert "info: fired-last-week: A: would have fired 1 time in the last week, " in told
    assert not re.search(r"\d{5,}ms in all", told)
