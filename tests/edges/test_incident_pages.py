"""The pages of incidents as HTML: the list, one incident, forms, refusals, hostile text."""

import re

import aiohttp
import pytest
from incident_world import AlertDaemon, FakeRoad, busy_detail, entry, episode, incident, listening, uid
from outline import Outline
from web_world import HOSTILE, NOW, burn_finding
from yarl import URL

from aiops_daemon.core.model.action import Action, ActionKind, Done, Refusal, RefusalReason
from aiops_daemon.core.model.alert import Verdict, VerdictKind, VerdictReason
from aiops_daemon.core.model.attachment import write_attachment
from aiops_daemon.core.model.incident import EntryKind, IncidentState, LinkedFinding, Outcome
from aiops_daemon.core.model.listing import IncidentDetail, IncidentQuery, IncidentSort
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.edges.web.ui.alertrows import verdict_words
from aiops_daemon.edges.web.ui.incidentcard import notify_words
from aiops_daemon.edges.web.ui.templating import web_link
from aiops_daemon.errors import StoreError, StoreReason

ACTIVE = ("open", "acknowledged", "investigating", "mitigated")
FIELD = "csrf_token"


@pytest.fixture
def daemon():
    return AlertDaemon()


@pytest.fixture
async def http(daemon):
    async with listening(daemon.ports()) as session:
        yield session


async def page(http, path, status=200):
    async with http.get(path) as answer:
        assert (status, "text/html", "utf-8") == (answer.status, answer.content_type, answer.charset)
        return Outline(await answer.text())


async def send(http, path, **fields):
    """Send a form as the page would, with its token; a redirect is not followed."""
    token = (await page(http, "/incidents/INC-42")).named(FIELD)[0]["value"]
    return await http.post(path, data={FIELD: token, **fields}, allow_redirects=False)


async def test_the_list_tells_what_matters(http, daemon):
    """Number, title, severity, priority, state, since when, alerts, why, team, assignee."""
    shown = await page(http, "/incidents")

    assert [(IncidentQuery(states=ACTIVE, facets=True), "page")] == [
        (query, scope.origin) for query, scope in daemon.road.asked
    ]
    for part in (
        "1 open incident", "INC-42", "CheckoutLatencyHigh and 3 more rules in checkout", "critical", "P1", "open",
        "25m ago", "4 of 5 alerts firing, 1 muted", "data, shop", "assigned to ann",
        "checkout-availability burns its budget 16 times too fast",
    ):  # fmt: skip
        assert part in shown.text
    assert "incidents/INC-42" in shown.links


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        (IncidentQuery(states=ACTIVE, facets=True), "/incidents"),
        (IncidentQuery(facets=True), "/incidents?state="),
        (IncidentQuery(states=("resolved",), facets=True), "/incidents?state=resolved"),
        (IncidentQuery(states=ACTIVE, facets=True), "/incidents?q=&sort=&limit=&since=&label=&severity="),
        (IncidentQuery(states=ACTIVE, words="a b", severities=("critical",), facets=True, sort=IncidentSort.SEVERITY),
         "/incidents?severity=critical&sort=severity&q=a+b"),
        (IncidentQuery(states=ACTIVE, label=(("pod", "a"),), cursor="50", facets=True),
         "/incidents?label=pod%3Da&cursor=50"),
    ],
)  # fmt: skip
async def test_the_list_asks_what_its_address_says(http, daemon, expected, path):
    """Open ones unless a state is named; an empty one is any."""
    await page(http, path)

    assert expected == daemon.road.asked[0][0]


async def test_filters_are_links_that_toggle(http, daemon):
    """A value narrows what is shown already; the same value again takes it away. The search keeps the rest."""
    daemon.road.details = [busy_detail(incident=incident(n, severity=severity)) for n, severity in
                           enumerate((Severity.CRITICAL, Severity.WARNING, Severity.CRITICAL))]  # fmt: skip
    shown = await page(http, "/incidents?severity=critical&state=open&cursor=0")
    links = shown.links

    assert "incidents?severity=critical&state=acknowledged" in links
    assert "incidents?state=open" in links
    assert "incidents?state=open&severity=warning" in links
    assert "incidents?severity=critical&state=open&sort=priority" in links
    assert "incidents" in links
    assert {"severity": "critical", "state": "open"} == {
        attrs["name"]: attrs["value"] for tag, attrs in shown.tags if tag == "input" and attrs["type"] == "hidden"
    }


async def test_pages_of_the_list_follow_each_other(http, daemon):
    """Next while there is more, first from the second on."""
    daemon.road.details = [busy_detail(incident=incident(n, opened_at=NOW - n)) for n in range(1, 4)]
    first = await page(http, "/incidents?limit=2")
    following = next(link for link in first.links if "cursor" in link)
    second = await page(http, f"/{following}")

    assert "INC-3" not in first.text
    assert "INC-3" in second.text
    assert "3 open incidents" in second.text
    assert "incidents?limit=2&state=active" in second.links
    assert not [link for link in second.links if "cursor" in link]


async def test_an_empty_list_says_so(http, daemon):
    """Not an empty page."""
    daemon.road.details = []

    assert "No open incident" in (await page(http, "/incidents")).text


async def test_a_list_that_filters_emptied_says_that_they_did(http, daemon):
    """That nothing fits them is no sign that all is well."""
    daemon.road.details = []

    assert "No incident fits" in (await page(http, "/incidents?state=resolved")).text


async def test_of_what_is_over_it_is_not_said_when_people_are_told(http, daemon):
    """The hold that was running when it ended told nobody, and its time has passed."""
    over = incident(state=IncidentState.RESOLVED, resolved_at=NOW - 60, notify_at=NOW - 30, notify_reason="short-lived")
    daemon.road.details = [busy_detail(incident=over)]
    shown = await page(http, "/incidents/INC-42")

    assert "resolved" in shown.text
    assert "to be told" not in shown.text


async def test_an_incident_tells_the_whole_story(http):
    """State and who acts, when people are told and why, alerts, findings, why together, timeline, outcomes."""
    shown = await page(http, "/incidents/INC-42")

    for part in (
        "INC-42 CheckoutLatencyHigh and 3 more rules in checkout", "Who acts ann", "4 of 5 alerts firing, 1 muted",
        "People are to be told since 2026-11-21 02:45 UTC: CheckoutLatencyHigh is critical and new",
        "CheckoutLatencyHigh critical 2 of 2 open", "silenced by 7f3a", "flapping, 6 starts",
        "delay: 8 of 10 ended within 4m; tells in 3m 20s", "told resolved, but its Prometheus is not evaluating",
        "gone without proof of an end", "ended 12m ago", "99th percentile of checkout is 2.4 s",
        "7.5 times the expected 320 ms", "Here because: same service checkout, 100 s after the first alert",
        "CheckoutLatencyHigh ×2 joined: 20 s after the first", "BatchLate kept apart: no common label, 0.12 under 0.35",
        "INC-41 was merged into this", "looking at the database", "(open → acknowledged)", "index missing",
        "Did it help yes",
    ):  # fmt: skip
        assert part in shown.text
    assert len([tag for tag, attrs in shown.tags if tag == "svg"]) == 2
    assert 7 == len(shown.named("alerts"))


async def test_alerts_of_a_storm_are_folded(http, daemon):
    """Five of a rule are in sight, the others unfold and can be ticked; what all share is said once."""
    daemon.road.details = [busy_detail(episodes=tuple(episode(n) for n in range(1, 13)))]
    shown = await page(http, "/incidents/INC-42")

    assert 12 == len(shown.named("alerts"))
    assert "7 more" in shown.text
    assert 1 == shown.text.count("notify: critical alerts are never delayed")


@pytest.mark.parametrize(("read", "left_out"), [(201, 0), (150, 1)])
async def test_a_part_is_not_counted_as_the_whole(http, daemon, read, left_out):
    """How many a rule has is not said where only some of them were looked at."""
    storm = tuple(episode(n) for n in range(1, read + 1))
    daemon.road.details = [busy_detail(episodes=storm, alerts_left_out=left_out)]
    shown = await page(http, "/incidents/INC-42")

    assert f"the gravest {min(read, 200)} are here" in shown.text
    assert "200 open" not in shown.text
    assert "1 more in /api/v1/alerts?incident=INC-42" in shown.text


async def test_lines_that_were_not_read_are_counted(http, daemon):
    """Those between the first and the latest."""
    daemon.road.details = [busy_detail(lines_left_out=90_000)]

    assert "90,000 older lines in" in (await page(http, "/incidents/INC-42")).text


async def test_reasons_of_a_storm_are_folded(http, daemon):
    """One line for a rule; twenty other reasons behind it, and how many are left."""
    storm = tuple(
        episode(n, joined_reason=f"{n} s after its last alert", first_starts_at=NOW + n) for n in range(1, 31)
    )
    daemon.road.details = [busy_detail(episodes=storm)]
    shown = await page(http, "/incidents/INC-42")

    assert "CheckoutLatencyHigh ×30 1 s after its last alert Its other alerts 2 s after" in shown.text
    assert "21 s after its last alert and 9 more" in shown.text
    assert "22 s after its last alert" not in shown.text


async def test_alerts_that_joined_in_a_row_are_folded_in_the_timeline(http, daemon):
    """What people wrote is not lost between a thousand lines; nothing is left out."""
    row = [entry(n, EntryKind.JOINED, f"Slow joined as number {n}") for n in range(1, 9)]
    gone = [entry(n, EntryKind(kind), f"Slow {n}") for n, kind in ((11, "alert_unknown"), (12, "alert_unknown"))]
    note = entry(9, EntryKind.NOTE, "database is slow", actor="ann", origin="page")
    late = entry(10, EntryKind.JOINED, "Late alert")
    daemon.road.details = [busy_detail(timeline=(entry(0), *row, note, late, *gone))]
    shown = await page(http, "/incidents/INC-42")

    assert "7 more before" in shown.text
    assert "alert unknown Slow 12 aiops-daemon, webhook 1 more before" in shown.text
    assert ["Late alert", "database is slow", "number 8", "7 more", "number 7", "number 1"] == sorted(
        ("number 1", "number 7", "7 more", "number 8", "database is slow", "Late alert"), key=shown.text.index
    )


async def test_the_first_alert_of_a_rule_does_not_hide_why_the_others_joined(http, daemon):
    """That one alert began the incident says nothing of the nine others."""
    told = ("began this incident", "same service checkout", "12 s after its last alert")
    daemon.road.details = [busy_detail(episodes=tuple(
        episode(n, joined_reason=reason, first_starts_at=NOW + n) for n, reason in enumerate(told)))]  # fmt: skip
    shown = await page(http, "/incidents/INC-42")

    assert "×3 began this incident; then same service checkout Its other alerts 12 s after" in shown.text


async def test_a_plot_has_its_threshold(http, daemon):
    """A forecast's finding shows where it will cross."""
    classes = [attrs.get("class") for tag, attrs in (await page(http, "/incidents/INC-42")).tags if tag == "path"]

    assert classes.count("threshold") == 1
    assert classes.count("line") == 2


async def test_findings_without_a_plot_are_told(http, daemon):
    """A burn has none; an unreadable body has none."""
    told = [LinkedFinding(name, uid(42), "shop", "q", "burn", (), "page", NOW, None, f"sentence {name}", "why", body)
            for name, body in (("a", write_attachment(burn_finding(), None)), ("b", "{"))]  # fmt: skip
    daemon.road.details = [busy_detail(findings=tuple(told))]
    shown = await page(http, "/incidents/INC-42")

    assert "sentence a" in shown.text
    assert "sentence b" in shown.text
    assert not [tag for tag, _ in shown.tags if tag == "svg"]


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("Nobody is told: maintenance until 06:00", {"notify_at": None, "notify_reason": "maintenance until 06:00"}),
        (
            "People are told in 4m (2026-11-21 03:14 UTC): may pass",
            {"notify_at": NOW + 240, "notify_reason": "may pass"},
        ),
        ("People are to be told since 2026-11-21 03:09 UTC", {"notify_at": NOW - 60, "notify_reason": ""}),
    ],
)
def test_why_somebody_is_or_is_not_told_is_said(expected, changes):
    """Time and reason."""
    assert expected == notify_words(incident(**changes), NOW)


@pytest.mark.parametrize(
    ("expected", "verdict"),
    [
        ("suppress: night batch; that ends in 1h",
         Verdict(VerdictKind.SUPPRESS, VerdictReason.MAINTENANCE, "night batch", None, NOW + 3600)),
        ("record: severity none", Verdict(VerdictKind.RECORD, VerdictReason.SEVERITY_NONE)),
        ("delay: transient; tells in 2m", Verdict(VerdictKind.DELAY, VerdictReason.TRANSIENT, "", NOW + 120)),
        ("notify: new", Verdict(VerdictKind.NOTIFY, VerdictReason.NEW, "new", NOW - 1)),
    ],
)  # fmt: skip
def test_a_verdict_is_said_with_its_reason(expected, verdict):
    """Never a bare word of the program where there is a sentence."""
    assert expected == verdict_words(verdict, NOW)


@pytest.mark.parametrize(
    ("verbs", "state"),
    [
        (["ack", "investigate", "mitigate", "resolve", "assign", "snooze", "note", "merge", "split", "false-positive"],
         IncidentState.OPEN),
        (["investigate", "mitigate", "unack", "resolve", "assign", "snooze", "note", "merge", "split",
          "false-positive"], IncidentState.ACKNOWLEDGED),
        (["reopen", "note", "merge", "split", "false-positive"], IncidentState.RESOLVED),
        ([], IncidentState.MERGED),
    ],
)  # fmt: skip
async def test_buttons_fit_the_state(http, daemon, verbs, state):
    """What the state does not allow is not offered."""
    daemon.road.details = [busy_detail(incident=incident(state=state))]

    assert [f"../incidents/INC-42/{verb}" for verb in verbs] == (await page(http, "/incidents/INC-42")).forms


@pytest.mark.parametrize(("count", "firing"), [(2, 2), (0, 0)])
async def test_force_is_offered_only_while_alerts_fire(http, daemon, count, firing):
    """With the number of them."""
    daemon.road.details = [busy_detail(incident=incident(firing=firing))]

    assert count == len((await page(http, "/incidents/INC-42")).named("force"))


async def test_a_merged_incident_leads_to_the_one_it_went_into(http, daemon):
    """By link."""
    loser = incident(41, state=IncidentState.MERGED, merged_into=uid(42))
    daemon.road.details.append(busy_detail(incident=loser))
    shown = await page(http, "/incidents/INC-41")

    assert "Merged into INC-42" in shown.text
    assert "../incidents/INC-42" in shown.links


@pytest.mark.parametrize(
    ("word", "fields", "expected"),
    [
        ("ack", {}, Action(ActionKind.ACK, "INC-42")),
        ("assign", {"assignee": " bo "}, Action(ActionKind.ASSIGN, "INC-42", assignee="bo")),
        ("note", {"text": "one\r\ntwo"}, Action(ActionKind.NOTE, "INC-42", text="one\ntwo")),
        ("snooze", {"seconds": "3600", "text": ""}, Action(ActionKind.SNOOZE, "INC-42", seconds=3600.0)),
        ("resolve", {"cause": "c", "done": "d", "helped": "no", "force": "yes"},
         Action(ActionKind.RESOLVE, "INC-42", cause="c", done="d", helped=False, force=True)),
        ("resolve", {"cause": "", "done": "", "helped": ""}, Action(ActionKind.RESOLVE, "INC-42")),
        ("merge", {"into": "INC-7"}, Action(ActionKind.MERGE, "INC-42", other="INC-7")),
        ("false-positive", {"text": "x"}, Action(ActionKind.FALSE_POSITIVE, "INC-42", text="x")),
    ],
)  # fmt: skip
async def test_a_form_becomes_an_action_and_leads_back(http, daemon, word, fields, expected):
    """303 to the page, which says what was done."""
    answer = await send(http, f"/incidents/INC-42/{word}", **fields)

    assert [(expected, "page")] == [(asked, scope.origin) for asked, scope in daemon.road.acted]
    assert (303, f"../INC-42?done={word}") == (answer.status, answer.headers["Location"])
    assert [
        attrs for _, attrs in (await page(http, f"/incidents/INC-42?done={word}")).tags if attrs.get("role") == "status"
    ]


async def test_ticked_alerts_are_split_off(http, daemon):
    """The page links to the new incident."""
    token = (await page(http, "/incidents/INC-42")).named(FIELD)[0]["value"]
    data = [(FIELD, token), ("alerts", uid(1001)), ("alerts", uid(1003)), ("text", "")]
    async with http.post("/incidents/INC-42/split", data=data) as answer:
        shown = Outline(await answer.text())

    assert Action(ActionKind.SPLIT, "INC-42", episodes=(uid(1001), uid(1003))) == daemon.road.acted[0][0]
    assert "../incidents/INC-77" in shown.links
    assert "Split. The alerts that left are in INC-77" in shown.text


async def test_what_already_was_so_is_said(http, daemon):
    """Two people press the same button."""

    async def act(action, scope, uid):
        return Done(incident(), changed=False)

    daemon.road.act = act
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    await server.start()
    async with aiohttp.ClientSession(server.address) as session:
        answer = await send(session, "/incidents/INC-42/ack")
    await server.stop()

    assert "../INC-42?done=same" == answer.headers["Location"]
    assert "It already was so." in (await page(http, "/incidents/INC-42?done=same")).text


async def test_what_is_stored_and_not_done_yet_is_said(http, daemon):
    """The page shows the incident as it still is, and that the act need not be sent again."""
    daemon.road.stored = True
    answer = await send(http, "/incidents/INC-42/ack")

    assert (303, "../INC-42?done=stored") == (answer.status, answer.headers["Location"])
    shown = (await page(http, "/incidents/INC-42?done=stored")).text
    assert "It is stored, and will be done as soon as a replica leads. Do not send it again." in shown
    assert "Acknowledged." not in shown


async def test_only_known_words_are_said_from_the_address(http):
    """Nobody puts sentences into our page by a link."""
    shown = await page(http, "/incidents/INC-42?done=<b>paid</b>&new=javascript:x")

    assert "paid" not in shown.text
    assert "Split." in (await page(http, "/incidents/INC-42?done=split&new=x")).text
    assert not [link for link in shown.links if "javascript" in link]


@pytest.mark.parametrize(
    ("status", "words", "verb", "fields"),
    [
        (422, "Nothing was changed: Object missing required field `text`", "note", {"text": " "}),
        (422, "alerts: Expected `array` of length >= 1", "split", {}),
        (422, "seconds: Expected `float | null`, got `str`", "snooze", {"seconds": "long"}),
        (422, "zz: unknown field", "ack", {"zz": "1"}),
        (422, "helped: Expected `bool | null`, got `str`", "resolve", {"helped": "perhaps"}),
    ],
)
async def test_a_form_that_does_not_fit_shows_the_page_again(http, daemon, status, words, verb, fields):
    """With what is wrong in words, and working links."""
    answer = await send(http, f"/incidents/INC-42/{verb}", **fields)
    shown = Outline(await answer.text())

    assert status == answer.status
    assert words in shown.text
    assert daemon.road.acted == []
    assert {"../../incidents/INC-42/ack"} <= set(shown.forms)


async def test_a_refusal_is_said_in_its_words(http, daemon):
    """On the page of the incident, with its status."""
    daemon.road.refusal = Refusal(RefusalReason.CONFLICT, "2 alerts still fire; tick the box to resolve all the same")
    answer = await send(http, "/incidents/INC-42/resolve")

    assert 409 == answer.status
    assert "2 alerts still fire; tick the box" in Outline(await answer.text()).text


async def test_what_was_written_is_not_lost(http, daemon):
    """A form that was refused comes back as it was sent, unfolded."""
    daemon.road.refusal = Refusal(RefusalReason.CONFLICT, "alerts fire")
    answer = await send(http, "/incidents/INC-42/resolve", cause="<index>", done="built", helped="no", force="yes")
    text = await answer.text()
    shown = Outline(text)
    answer = await send(http, "/incidents/INC-42/split", alerts=uid(1003), text="two faults")
    split = Outline(await answer.text())

    assert ">&lt;index&gt;</textarea>" in text
    assert "built" in shown.text
    assert [False, True, False] == ["checked" in attrs for attrs in shown.named("helped")]
    assert [True, False] == ["checked" in attrs for attrs in shown.named("force")]
    assert [True, *[False] * 6] == ["open" in attrs for tag, attrs in shown.tags if tag == "details"]
    assert [uid(1003)] == [attrs["value"] for attrs in split.named("alerts") if "checked" in attrs]
    assert "two faults" in split.text


@pytest.mark.parametrize("token", [None, "", "x" * 64])
async def test_a_form_without_its_token_does_nothing(http, daemon, token):
    """Another site cannot press our buttons."""
    data = {} if token is None else {FIELD: token}
    async with http.post("/incidents/INC-42/ack", data={**data, "text": ""}) as answer:
        assert answer.status == 403
    assert daemon.road.acted == []


async def test_a_form_from_another_site_does_nothing(http, daemon):
    """Even with a token that was seen somewhere."""
    token = (await page(http, "/incidents/INC-42")).named(FIELD)[0]["value"]
    async with http.post(
        "/incidents/INC-42/ack", data={FIELD: token}, headers={"Origin": "https://evil.example"}
    ) as answer:
        assert answer.status == 403
    assert daemon.road.acted == []


async def test_what_is_no_form_is_refused(http, daemon):
    """The page takes what its forms send."""
    async with http.post("/incidents/INC-42/ack", json={}) as answer:
        assert (415, "text/html") == (answer.status, answer.content_type)


@pytest.mark.parametrize(
    ("status", "words", "path"),
    [
        (404, "There is no incident INC-9, or it is another team's.", "/incidents/INC-9"),
        (400, "limit must be a whole number from 1 to 500", "/incidents?limit=0"),
    ],
)
async def test_what_cannot_be_shown_is_said_on_a_page(http, status, words, path):
    """For people, not as JSON."""
    shown = await page(http, path, status)

    assert words in shown.text
    assert "../incidents" in shown.links or "incidents" in shown.links


async def test_trouble_with_the_store_is_said_on_a_page(http, daemon):
    """503, in words."""
    daemon.road.failure = StoreError(StoreReason.UNREACHABLE, "no answer")

    assert "The store cannot be used now (unreachable): no answer" in (await page(http, "/incidents", 503)).text
    assert "Incidents (the store cannot be read)" in (await page(http, "/")).text


async def test_an_unknown_verb_is_a_404(http):
    """A page again."""
    assert 404 == (await send(http, "/incidents/INC-42/delete")).status


def hostile_detail():
    """Make an incident in which every text is markup."""
    odd = episode(
        1, HOSTILE, labels={HOSTILE: HOSTILE}, joined_reason=HOSTILE, muted=(("silenced", HOSTILE),),
        annotations=(("dashboard", "javascript:x"), ("runbook_url", f"https://x/{HOSTILE}"), ("summary", HOSTILE)),
        generator_url="data:text/html,<script>", external_url="//evil.example", severity=HOSTILE,
        verdict=Verdict(sentence=HOSTILE),
    )  # fmt: skip
    one = incident(
        title=HOSTILE, priority_reason=HOSTILE, notify_reason=HOSTILE, team=HOSTILE, teams=(HOSTILE,), service=HOSTILE,
        labels=((HOSTILE, HOSTILE),), assignee=HOSTILE,
    )  # fmt: skip
    linked = LinkedFinding("u1", uid(42), "shop", HOSTILE, HOSTILE, (), HOSTILE, NOW, None, HOSTILE, HOSTILE, HOSTILE)
    lines = tuple(entry(n, kind, HOSTILE, actor=HOSTILE, origin=HOSTILE, before=HOSTILE, after=HOSTILE)
                  for n, kind in enumerate((EntryKind.NOTE, EntryKind.APART)))  # fmt: skip
    outcome = Outcome(uid(42), "shop", NOW, HOSTILE, HOSTILE, HOSTILE)
    return IncidentDetail(one, (odd,), lines, (linked,), (outcome,), (incident(41, title=HOSTILE),))


@pytest.mark.parametrize("path", ["/incidents", "/incidents/INC-42", f"/incidents?q={HOSTILE}&team={HOSTILE}&state="])
async def test_hostile_text_is_escaped_everywhere(http, daemon, path):
    """Alert text is data: never markup, never a link to a script."""
    daemon.road = FakeRoad([hostile_detail()])
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    await server.start()
    async with aiohttp.ClientSession(server.address) as session, session.get(path) as answer:
        text = await answer.text()
    await server.stop()
    shown = Outline(text)

    assert [{"src", "defer"}] == [set(attrs) for tag, attrs in shown.tags if tag == "script"]
    assert "<script>alert" not in text
    assert "javascript:" not in text
    assert "data:text" not in text
    for tag, attrs in shown.tags:
        assert tag != "style"
        assert not [name for name in attrs if name.startswith("on") or name == "style"]
        if tag == "a" and "://" in attrs["href"]:
            assert attrs["href"].startswith("https://x/")
            assert "noopener" in attrs["rel"]


@pytest.mark.parametrize(
    ("expected", "address"),
    [
        ("https://x/y?z=1", " https://x/y?z=1 "), ("HTTP://x", "HTTP://x"), ("", "javascript:alert(1)"), ("", "//x/y"),
        ("", "/x"), ("", "ftp://x"), ("", "http:///x"), ("", "https://["), ("", ""), ("", "java\nscript:alert(1)"),
    ],
)  # fmt: skip
def test_only_addresses_of_the_web_are_links(expected, address):
    """Everything else is left out."""
    assert expected == web_link(address)


@pytest.mark.parametrize("path", ["/incidents", "/incidents/INC-42", "/incidents/INC-9"])
async def test_pages_are_usable_by_a_screen_reader_and_beneath_a_prefix(http, daemon, path):
    """One h1, language, every field has a label, every plot a name; addresses are relative and served."""
    daemon.road.details.append(busy_detail(incident=incident(41)))
    async with http.get(path) as answer:
        text, base = await answer.text(), answer.url
    shown = Outline(text)
    labelled = {attrs["for"] for tag, attrs in shown.tags if tag == "label" and "for" in attrs}
    inside = re.findall(r"<label(?![^>]* for=)[^>]*><input[^>]*>", text)

    assert [{"lang": "en"}] == [attrs for tag, attrs in shown.tags if tag == "html"]
    assert len([tag for tag, _ in shown.tags if tag == "h1"]) == 1
    assert all(attrs.get("aria-label") for tag, attrs in shown.tags if tag == "svg")
    bare = [
        attrs for tag, attrs in shown.tags
        if tag in ("input", "textarea", "select") and attrs.get("type") != "hidden"
        and attrs.get("id") not in labelled and "aria-label" not in attrs
    ]  # fmt: skip
    assert len(bare) == len(inside)
    for tag, attrs in shown.tags:
        address = attrs.get("href") or attrs.get("src") if tag in {"link", "script", "a"} else None
        if address and not address.startswith(("http", "data:", "#")):
            assert not address.startswith("/")
            async with http.get(base.join(URL(address))) as answer:
                assert answer.status == 200, address


async def test_the_landing_page_leads_to_the_incidents(http, daemon):
    """With their number."""
    shown = await page(http, "/")

    assert "1 open incident" in shown.text
    assert "incidents" in shown.links
    assert [IncidentQuery(states=ACTIVE, limit=1)] == [query for query, _ in daemon.road.asked]
