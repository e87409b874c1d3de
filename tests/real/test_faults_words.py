"""Names and values that mean something elsewhere: text in every page, and nothing more than text."""

from __future__ import annotations

import html
import subprocess
import urllib.request
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, Item, eventually
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from webhook_faults import alert, code, lone_daemon, processed

pytestmark = pytest.mark.real

NASTY = {
    "quotes": "a\"b'c`d",
    "newlines": "a\nb\r\nc\td",
    "backslash": "a\\nb\\",
    "emoji": "🔥👩\u200d🚒é",
    "right to left": "שלום \u202eevil",
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "closing": '"></textarea></title></script><script>alert(1)</script><!--',
    "link": "javascript:alert(1)",
    "templates": '{{ 7 * 7 }}{% raw %}${7*7}#{7*7}{{template "x"}}',
    "shell": "$(touch /tmp/x)`id`; rm -rf / | cat && true",
    "header": "a\r\nSet-Cookie: x=1",
    "exposition": 'x"} 1\naiops_fake{a="',
    "long": "é" * 3_000,
    "separators": "a\x1fb\x7fc\u2028d\ufeffe",
}
NAMES = ["dotted.name", 'with "quotes"', "new\nline", "emoji🔥", "<b>", "{{x}}", "$(id)", "שלום", "a=b,c"]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A daemon to which every nasty value was sent, in each place of an alert."""
    with lone_daemon(tmp_path_factory.mktemp("daemon")) as process:
        for name, value in NASTY.items():
            assert 200 == code(process, alert("Words", labels=labels(name, value), annotations=words(value)))
        processed(process)
        yield process


def labels(name: str, value: str) -> dict[str, str]:
    """Put a value into labels that we read, and under names that nobody expects."""
    known = {"alertname": f"Words {value}", "severity": "critical", "job": f"{name} {value}"}
    return known | {"team": value, "instance": value, "n": name} | dict.fromkeys(NAMES, value)


def words(value: str) -> dict[str, str]:
    """Put a value into annotations that we read, and under names that nobody expects."""
    return dict.fromkeys(["summary", "description", "runbook_url", *NAMES], value)


def one(daemon: DaemonProcess, name: str) -> Item:
    """Return the alert with a value."""
    (found,) = [each for each in daemon.alerts() if each["labels"].get("n") == name]
    return found


class Outline(HTMLParser):
    """What a browser would make of a page: elements, attributes, text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.scripts: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        given = dict(attrs)
        if tag == "script":
            self.scripts.append(given.get("src") or "")
        self.links += [str(given[name]) for name in ("href", "src", "action") if name in given]

    def handle_data(self, text: str) -> None:
        """Note text."""
        self.text += text


@pytest.mark.parametrize("name", NASTY)
def test_json_gives_back_what_was_sent(daemon: DaemonProcess, name: str) -> None:
    """Every label and annotation, to the character."""
    found = one(daemon, name)
    detail = daemon.incident(found["incident"])

    assert labels(name, NASTY[name]) == found["labels"]
    assert words(NASTY[name]) == found["annotations"]
    assert labels(name, NASTY[name]) in [each["labels"] for each in detail["alerts"]]


@pytest.mark.parametrize("name", NASTY)
def test_the_page_of_an_incident_shows_it_as_text(daemon: DaemonProcess, name: str) -> None:
    """No element, attribute, script or link comes from an alert."""
    incident = one(daemon, name)["incident"]
    shown = next(each["name"] for each in daemon.incidents() if each["uid"] == incident)

    for path in (f"/incidents/{shown}", "/incidents"):
        page = daemon.get(path).decode()
        outline = Outline(page)

        assert "img" not in outline.tags
        assert not {each for each in outline.attributes if each.startswith("on")}
        assert all(each.startswith(("../static/", "static/")) for each in outline.scripts)
        assert not [each for each in outline.links if each.lower().startswith(("javascript:", "$", "{{", "<", '"'))]
        assert "49" not in outline.text.split()
    assert html.escape(NASTY[name].split()[0][:20], quote=False) in page.replace("&#34;", '"').replace("&#39;", "'")


def with_incidents(daemon: DaemonProcess) -> bytes:
    """Return the findings page once it shows all incidents; it is made anew every few seconds."""
    page = daemon.get("/findings/metrics")
    return page if page.count(b"aiops_incident_info{") == len(daemon.incidents()) else b""


def samples(page: str) -> dict[str, dict[str, str]]:
    """Return the labels of `aiops_incident_info` by incident, as Prometheus reads them."""
    families = {family.name: family for family in text_string_to_metric_families(page)}
    assert {name for name in families if not name.startswith("aiops_")} == set()
    assert "aiops_fake" not in families
    return {sample.labels["incident"]: sample.labels for sample in families["aiops_incident_info"].samples}


def test_the_findings_page_is_read_by_strict_parsers(daemon: DaemonProcess, promtool: Path) -> None:
    """By two of Prometheus's client and by promtool; the team and the service are as they were told."""
    page = eventually(lambda: with_incidents(daemon), "the page shows the incidents").decode()
    shown = samples(page)
    checked = subprocess.run([promtool, "check", "metrics"], input=page.encode(), capture_output=True, check=False)

    assert {each["name"]: each["team"] for each in daemon.incidents()} == {
        name: each["team"] for name, each in shown.items()
    }
    assert set(NASTY.values()) <= {each["team"] for each in daemon.alerts()}
    assert 0 == checked.returncode, checked.stdout + checked.stderr


@pytest.mark.parametrize("path", ["/metrics", "/findings/metrics"])
def test_openmetrics_is_read_by_its_strict_parser(daemon: DaemonProcess, path: str) -> None:
    """As Prometheus asks for it."""
    eventually(lambda: with_incidents(daemon), "the page shows the incidents")
    request = urllib.request.Request(
        daemon.url + path, headers={"Accept": "application/openmetrics-text;version=1.0.0"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        page = answer.read().decode()

    assert page.endswith("# EOF\n")
    assert list(openmetrics.text_string_to_metric_families(page))
