"""The landing page as HTML."""

import re
from dataclasses import replace
from importlib.resources import files

import aiohttp
import pytest
from outline import Outline
from web_world import HOSTILE, NOW, PAGE, FakeDaemon, busy_view, disk_finding, finding, latency_plot, slo, stream

from aiops_daemon.core.model.slo import Calendar, CalendarUnit, DataState
from aiops_daemon.core.model.view import Readiness, View
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.edges.web.ui.landing import Landing


def render(view, readiness=Readiness(True), now=NOW):  # noqa: B008 - frozen
    return Landing(FakeDaemon().ports()).render(view, readiness, now)


def page(*parts, **keywords):
    return Outline(render(*parts, **keywords))


def quiet(**changes):
    return View(**({"at": NOW, "page": PAGE, "streams": (stream(), stream("b", series=1_000))} | changes))


def test_a_busy_page_tells_the_whole_story():
    """Headline, sentences, numbers, budgets, what is watched, packs, links."""
    text = page(busy_view()).text

    for part in (
        "3 things are not as expected", "1 page", "1 critical", "1 warning", "7.5 times the expected 320 ms",
        "in 3h 20m", "12m ago", "2026-11-21 02:58 UTC", "16.2×", "43 % left", "no traffic", "Recently closed",
        "Lasted 30m", "1 of 4 queries failing", "query timed out after 30 s", "node_cpu_seconds_total and 6 more",
        "/findings/metrics", "PromQL info", "Ready",
    ):  # fmt: skip
        assert part in text


def test_the_gravest_comes_first():
    """By tone, then the newest."""
    sentences = [attrs["id"] for tag, attrs in page(busy_view()).tags if tag == "article"]

    assert ["u3", "u2", "u1"] == sentences


@pytest.mark.parametrize(
    ("expected", "view", "now"),
    [
        ("Nothing unusual All 1,012 watched series are inside", quiet(), NOW),
        ("Nothing is judged yet 12 series are watched and none has", quiet(streams=(stream(warming=12),)), NOW),
        ("Nothing unusual 5 of 12 watched series are too young", quiet(streams=(stream(warming=5),)), NOW),
        ("Nothing is judged yet No query has found a series", quiet(streams=(stream(series=0),)), NOW),
        ("Nothing is judged yet No series can be judged", quiet(streams=(stream(series=0, last_error="x"),)), NOW),
        ("Nothing is watched yet", View(at=NOW), NOW),
        ("The first look is not done yet", quiet(page=None), NOW),
        ("nobody has looked lately", quiet(), NOW + 600),
        ("The series that could be read are inside", quiet(streams=(stream(), stream("b", last_error="x"))), NOW),
        ("the history is still being read", quiet(history_progress_ratio=0.4), NOW),
        ("Learning from history: 40 % read", quiet(history_progress_ratio=0.4), NOW),
    ],
)
def test_quiet_is_said_with_its_reason(expected, view, now):
    """An empty page never looks like all is well when nobody has looked."""
    assert expected in page(view, now=now).text


@pytest.mark.parametrize(("expected", "warming"), [("calm good", 0), ("calm good", 5), ("calm warning", 12)])
def test_what_is_not_judged_is_not_green(expected, warming):
    """Green is for what was looked at."""
    shades = [attrs["class"] for _, attrs in page(quiet(streams=(stream(warming=warming),))).tags if "class" in attrs]

    assert [expected] == [shade for shade in shades if shade.startswith("calm")]


def test_what_is_not_ready_is_named():
    """In words, not by colour."""
    assert "Not ready: history, source eu1" in page(quiet(), Readiness(False, ("history", "source eu1"))).text


def test_hostile_text_is_escaped_everywhere():
    """Labels, sentences, errors, names and warnings are text, never markup."""
    hostile = finding(
        uid="u1", sentence=HOSTILE, labels=((HOSTILE, HOSTILE),), severity=HOSTILE, query=HOSTILE, source=HOSTILE,
        unit=HOSTILE,
    )  # fmt: skip
    view = quiet(
        findings=(hostile,), recent=(hostile,), plots={"u1": latency_plot()}, warnings=(HOSTILE,),
        streams=(stream(HOSTILE, expr=HOSTILE, last_error=HOSTILE, pack=HOSTILE, source=HOSTILE),),
        packs=((HOSTILE, HOSTILE, HOSTILE),), slos=(slo(HOSTILE, active=frozenset({HOSTILE})),),
    )  # fmt: skip
    html = render(view, Readiness(False, (HOSTILE,)))

    assert [{"src", "defer"}] == [set(attrs) for tag, attrs in Outline(html).tags if tag == "script"]
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;") >= 15


def test_the_page_needs_no_inline_script_or_style():
    """So the content security policy can forbid both."""
    for tag, attrs in page(busy_view()).tags:
        assert not [name for name in attrs if name.startswith("on") or name == "style"]
        assert tag != "style"


def test_the_page_is_usable_by_a_screen_reader():
    """One h1, every plot named, every table head scoped, language set."""
    tags = page(busy_view()).tags

    assert [{"lang": "en"}] == [attrs for tag, attrs in tags if tag == "html"]
    assert len([tag for tag, _ in tags if tag == "h1"]) == 1
    assert all(attrs.get("aria-label") or attrs.get("aria-hidden") for tag, attrs in tags if tag == "svg")
    assert all("scope" in attrs for tag, attrs in tags if tag == "th")


def test_a_flood_of_findings_is_cut_and_counted():
    """Forty cards, the rest by link."""
    many = page(quiet(findings=tuple(finding(f"u{n}") for n in range(100))))

    assert len([tag for tag, _ in many.tags if tag == "article"]) == 40
    assert "60 more in /api/v1/findings" in many.text
    assert "100 things are not as expected" in many.text


@pytest.mark.parametrize(
    "odd",
    [
        finding(value=float("nan"), lower=None, upper=None, since=float("nan")),
        finding(lower=float("-inf"), score=float("inf")),
        disk_finding(breach_at=None),
        disk_finding(lower=0.1, upper=None, breach_at=NOW - 5),
    ],
)
def test_odd_numbers_do_not_break_the_page(odd):
    """What is not known is said so."""
    assert "nan" not in page(quiet(findings=(odd,), plots={odd.uid: latency_plot()})).text


def test_overspent_budgets_are_said():
    """Below nothing left, the bar is empty."""
    row = page(quiet(slos=(slo(budget_remaining_ratio=-0.3), slo("x", state=DataState.GONE))))

    assert "-30 % left · budget spent" in row.text
    assert "series gone" in row.text
    assert {"0.0", "43.0"} == {attrs["width"] for tag, attrs in row.tags if attrs.get("class") == "left"}


async def test_the_page_and_its_files_are_served():
    """Whatever the page loads is there, beneath any prefix."""
    server = WebServer(FakeDaemon(shown=busy_view()).ports(), listen_address="127.0.0.1:0")
    await server.start()
    async with aiohttp.ClientSession(server.address) as http:
        async with http.get("/") as answer:
            assert ("text/html", "utf-8", "no-store") == (
                answer.content_type, answer.charset, answer.headers["Cache-Control"],
            )  # fmt: skip
            tags = Outline(await answer.text()).tags
        addresses = [attrs.get("href") or attrs.get("src") for tag, attrs in tags if tag in {"link", "script", "a"}]
        for address in addresses:
            assert not address.startswith("/")
            if not address.startswith(("data:", "#")):
                async with http.get(f"/{address}") as answer:
                    assert answer.status == 200
    await server.stop()


def test_a_breach_that_came_is_now_and_ranges_stay_above_zero():
    """No breach lies in the past, no share below nothing."""
    crossed = disk_finding(value=0.97, breach_at=NOW - 900)

    assert "Breach now" in page(quiet(findings=(crossed,))).text
    assert "Expected at most 480 ms" in page(quiet(findings=(finding(lower=-0.1),))).text


STYLE = (files("aiops_daemon.edges.web.ui") / "static" / "style.css").read_text(encoding="utf-8")
SCHEMES = [
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block)) for block in re.findall(r":root {(.*?)}", STYLE, re.DOTALL)
]
PAIRS = [("text", "page"), ("quiet", "page"), ("quiet", "card"), ("link", "page"), ("critical", "card")] + [
    (tone, f"{tone}-soft") for tone in ("critical", "warning", "info", "good")
]


def luminance(colour):
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_text_has_contrast_in_both_schemes(scheme, front, back):
    """At least 4.5 to 1, as WCAG asks of text (level AA)."""
    darker, lighter = sorted((luminance(scheme[front]), luminance(scheme[back])))

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_slos_tell_what_is_held_back_what_was_agreed_and_how_services_are():
    """Guard, policy step with its begin, return of the budget, health with its parts."""
    text = page(busy_view()).text

    for part in (
        "no ticket on fewer than two errors", "Look at what spends the budget", "since 2h ago",
        "ends in 19h, some is back in 5d", "22 of 100", "43 % of its budget is left, halved while its page alert holds",
        "batch /pay: cannot be judged: it has no traffic",
    ):  # fmt: skip
        assert part in text


def test_a_flood_of_budgets_is_cut_and_counted():
    """A thousand groups are no page for people: those that alert come first, then those with the least left."""
    many = [slo(f"s{n}", budget_remaining_ratio=n / 1000, active=frozenset()) for n in range(999)]
    outline = page(quiet(slos=(*many, slo("burns", budget_remaining_ratio=0.9, active=frozenset({"page"})))))

    assert len([tag for tag, attrs in outline.tags if attrs.get("class") == "left"]) == 200
    assert "800 more in /api/v1/slos" in outline.text
    assert outline.text.index("burns") < outline.text.index("s0")
    assert "s999" not in outline.text


def test_slos_alone_are_watched_and_their_troubles_are_told():
    """Without a query of its own the daemon still watches: what is wrong is not hidden, and nothing is called quiet."""
    view = quiet(streams=(), slos=(slo(),), warnings=("SLO checkout@main: its past was not read",))

    assert "SLO checkout@main: its past was not read" in page(view).text
    assert "Nothing is watched yet" not in page(view).text
    assert "No budget burns faster than it may" in page(view).text


def test_a_calendar_window_is_called_by_its_unit():
    """A month is not thirty days."""
    spec = replace(slo().spec, window=Calendar(CalendarUnit.MONTH))

    assert "over the month" in page(quiet(slos=(replace(slo(), spec=spec),))).text


def test_a_budget_without_an_end_has_no_return():
    """What is not in sight is not told of."""
    text = page(quiet(slos=(slo(exhaustion_at=None),))).text

    assert "some is back" not in text
