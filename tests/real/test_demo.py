"""The demo as a user meets it: a process, its terminal, its pages, and Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import real_servers
from prometheus_client.openmetrics.parser import text_string_to_metric_families

pytestmark = [pytest.mark.real, pytest.mark.alone]

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
PAGES = ["/metrics", "/findings/metrics"]


@dataclass
class Demo:
    """A demo that has printed what it found, and is left running."""

    process: subprocess.Popen[bytes]
    url: str
    output: Path

    def get(self, path: str, accept: str = "*/*") -> bytes:
        """GET a page."""
        with urlopen(Request(self.url + path, headers={"Accept": accept}), timeout=10) as answer:
            return bytes(answer.read())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, its replay quickened."""
    output, port = tmp_path_factory.mktemp("demo") / "output", real_servers.free_port()
    flags = ["--seconds=10", f"--web.listen-address=127.0.0.1:{port}"]
    with output.open("wb") as sink:
        argv = [sys.executable, "-m", "aiops_daemon", "demo", *flags]
        process = subprocess.Popen(argv, stdout=sink, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while "Ctrl-C ends the demo" not in output.read_text():
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < deadline, "the promised 60 seconds are over"
            time.sleep(0.25)
        yield Demo(process, f"http://127.0.0.1:{port}", output)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_findings_and_addresses_are_printed_within_a_minute(demo: Demo) -> None:
    """Progress, then sentences with numbers, then where to look."""
    text = demo.output.read_text()

    assert "[------------------------------]   0%" in text
    assert "p99 latency (service payment" in text
    assert "expected above the critical threshold of 95 %" in text
    assert all(f"{demo.url}{path}" in text for path in ["/", *PAGES])


def test_the_page_that_a_person_would_have_got_is_printed(demo: Demo) -> None:
    """Who, when, why, in which words; the daemon has nothing to say against itself."""
    text = demo.output.read_text()

    assert "Who would have been told of INC-" in text
    assert "is on call in schedule shop" in text
    assert "  | Why you: step 1 of shop" in text
    assert "AiopsPagingInvariantBroken" not in text
    assert b'"state":"shadow"' in demo.get("/api/v1/notifications?limit=1")


@pytest.mark.parametrize("path", PAGES)
def test_promtool_accepts_the_pages(demo: Demo, promtool: Path, path: str) -> None:
    """`promtool check metrics` has nothing to say."""
    page = demo.get(path)
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)

    assert (0, b"") == (done.returncode, done.stdout + done.stderr)


@pytest.mark.parametrize("path", PAGES)
def test_the_strict_parser_reads_the_pages(demo: Demo, path: str) -> None:
    """As OpenMetrics, with samples of ours."""
    families = list(text_string_to_metric_families(demo.get(path, OPENMETRICS).decode()))

    assert any(family.name.startswith("aiops_") and family.samples for family in families)


def test_the_landing_page_shows_findings_with_plots(demo: Demo) -> None:
    """The same sentences as in the terminal, beside small plots."""
    page = demo.get("/").decode()

    assert "p99 latency (service payment" in page
    assert "<svg" in page


def test_ctrl_c_ends_it_cleanly(demo: Demo) -> None:
    """Exit 0 and nothing left listening; runs last."""
    demo.process.send_signal(signal.SIGINT)

    assert 0 == demo.process.wait(timeout=10)
    assert demo.output.read_text().endswith("Stopped.\n")
