"""`aiops-daemon incidents` against a listener: tables, JSON, filters, acts, refusals, exit codes."""

import asyncio
import json
from dataclasses import replace

import pytest
from background import in_background
from hypothesis import given
from hypothesis import strategies as st
from incident_world import AlertDaemon, busy_detail, entry, episode, incident, uid
from web_world import HOSTILE, NOW, FakeDaemon

from aiops_daemon.cli.main import dispatch
from aiops_daemon.cli.table import table
from aiops_daemon.core.model.action import Action, ActionKind, Refusal, RefusalReason
from aiops_daemon.core.model.alert import EpisodeState
from aiops_daemon.core.model.incident import EntryKind, IncidentState
from aiops_daemon.core.model.listing import AlertQuery, IncidentQuery
from aiops_daemon.core.model.scope import Role
from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.edges.remote.client import DaemonClient
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.errors import RefusedError, StoreError, StoreReason, UnreachableError, UsageError

ACTIVE = ("open", "acknowledged", "investigating", "mitigated")
ESCAPE = "\x1b[31mred\x07"


@pytest.fixture
def daemon():
    return AlertDaemon()


@pytest.fixture
def told(daemon, capsys, monkeypatch):
    """Run one command; returns exit code, output and complaints."""
    monkeypatch.delenv("AIOPS_TOKEN", raising=False)
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    with in_background(server) as address:

        def run(*arguments):
            code = dispatch(["incidents", *arguments[:1], "--url", address, *arguments[1:]])
            return (code, *capsys.readouterr())

        yield run


def test_the_list_is_a_table(told):
    """Open ones, one a line, aligned."""
    code, out, _ = told("list")
    head, row = out.splitlines()

    assert code == 0
    assert head.split() == [
        "INCIDENT", "PRIORITY", "SEVERITY", "STATE", "SINCE", "FIRING", "TEAM", "ASSIGNEE", "TITLE",
    ]  # fmt: skip
    assert row.split(maxsplit=10) == [
        "INC-42", "P1", "critical", "open", "2026-11-21", "02:45", "UTC", "4/5", "data,shop", "ann",
        "CheckoutLatencyHigh and 3 more rules in checkout",
    ]  # fmt: skip
    assert head.index("TITLE") == row.index("CheckoutLatencyHigh")


def test_filters_are_those_of_the_api(told, daemon):
    """Repeated ones are alternatives, words are searched, any state can be asked for."""
    code, _, _ = told(
        "list", "slow", "disk", "--state", "any", "--severity", "critical", "--severity", "warning", "--priority", "P1",
        "--team", "shop", "--service", "checkout", "--label", "pod=a", "--assignee", "ann", "--since", "2h", "--until",
        "1h", "--sort", "updated", "--limit", "7",
    )  # fmt: skip

    assert code == 0
    assert daemon.road.asked[0][0] == IncidentQuery(
        severities=("critical", "warning"), priorities=("P1",), teams=("shop",), services=("checkout",),
        assignee="ann", words="slow disk", label=(("pod", "a"),), since=NOW - 7200, until=NOW - 3600, sort="updated",
        limit=7,
    )  # fmt: skip


def test_open_ones_are_listed_unless_told_otherwise(told, daemon):
    """As people ask it at night."""
    told("list")

    assert ACTIVE == daemon.road.asked[0][0].states


def test_json_is_for_programs(told):
    """What the API says, as it says it."""
    code, out, _ = told("list", "-o", "json")

    assert (0, ["INC-42"]) == (code, [each["name"] for each in json.loads(out)])


def test_pages_are_followed_up_to_the_limit(told, daemon):
    """And what is left is told."""
    whole = busy_detail()
    daemon.road.details = [replace(whole, incident=incident(n, opened_at=NOW - n)) for n in range(1, 1203)]
    _, out, _ = told("list", "--limit", "1100")

    assert [500, 500, 100] == [query.limit for query, _ in daemon.road.asked]
    assert 1102 == len(out.splitlines())
    assert out.endswith("102 more; --limit 1202 shows all\n")


def test_nothing_is_said_to_be_nothing(told, daemon):
    """Not an empty table."""
    daemon.road.details = []

    assert (0, "no incidents\n", "") == told("list")


def test_one_incident_is_shown_whole(told):
    """Facts, alerts with the uids that split takes, findings, why together, what was kept apart, timeline."""
    code, out, _ = told("show", "INC-42")

    assert code == 0
    for part in (
        "INC-42  CheckoutLatencyHigh and 3 more rules", "state:       open", "alerts:      4 of 5 firing, 1 muted",
        "to be told:  from 2026-11-21 02:45 UTC: CheckoutLatencyHigh is critical and new", uid(1003), "firing,flapping",
        "firing,silenced", "7.5 times the expected 320 ms", "why together", "kept apart", "it helped",
        "looking at the database  (ann, page)",
    ):  # fmt: skip
        assert part in out


def test_that_no_escalation_runs_is_said_of_an_open_incident(told, daemon):
    """Beside `to be told: due`, which would else be read as if somebody were."""
    resolved = incident(state=IncidentState.RESOLVED, resolved_at=NOW)
    daemon.road.escalations.clear()
    daemon.road.details = [busy_detail(incident=incident())]
    _, open_one, _ = told("show", "INC-42")
    daemon.road.details = [busy_detail(incident=resolved)]
    _, closed, _ = told("show", "INC-42")

    assert "told next\n  nobody: the configuration has no route for it, or nobody is to be told" in open_one
    assert "told next" not in closed


def test_a_merged_incident_names_the_one_it_went_into(told, daemon):
    """By what people call it, and nobody is to be told of one that is over."""
    loser = incident(41, state=IncidentState.MERGED, merged_into=uid(42))
    daemon.road.details = [busy_detail(incident=loser), busy_detail()]
    _, out, _ = told("show", "INC-41")
    daemon.road.details = [busy_detail(incident=loser)]
    _, hidden, _ = told("show", "INC-41")

    assert "merged into: INC-42\n" in out
    assert f"merged into: {uid(42)}\n" in hidden
    assert "to be told" not in out


def test_a_storm_fits_a_screen(told, daemon):
    """Fifty alerts with since when they fire, open ones first; one reason a rule; how much more there is."""
    ended = episode(0, "Ended", state=EpisodeState.RESOLVED, ends_at=NOW)
    storm = tuple(episode(n, joined_reason=f"{n} s after its last alert") for n in range(1, 121))
    daemon.road.details = [busy_detail(incident=incident(alerts=121), episodes=(ended, *storm))]
    _, out, _ = told("show", "INC-42")

    assert 50 == sum(line.lstrip().startswith("019a9f00") for line in out.splitlines())
    assert "2026-11-21 02:45 UTC  firing" in out
    assert "71 more; aiops-daemon incidents alerts --incident INC-42 lists them" in out
    assert "CheckoutLatencyHigh: 1 s after its last alert (and 119 more alerts of this rule)" in out
    assert ": 2 s after its last alert" not in out


def test_alerts_that_joined_in_a_row_are_one_line(told, daemon):
    """A note is found between thousands of alerts."""
    row = [entry(n, EntryKind.JOINED, f"joined as number {n}") for n in range(2, 90)]
    daemon.road.details = [busy_detail(timeline=(entry(0), entry(1, EntryKind.NOTE, "slow"), *row))]
    _, out, _ = told("show", "INC-42")
    lines = out[out.index("timeline") :].splitlines()

    assert 5 == len(lines)
    assert "note  slow" in lines[2]
    assert "joined as number 2  (" in lines[3]
    assert "  87 more joined after it" == lines[4]


def test_what_a_storm_left_out_is_told(told, daemon):
    """A part is never taken for the whole."""
    daemon.road.details = [busy_detail(alerts_left_out=49_000, lines_left_out=90_000)]
    code, _, complaints = told("show", "INC-42")

    assert 0 == code
    assert "warning: 49000 alerts are left out; see /api/v1/alerts?incident=INC-42\n" in complaints
    assert "warning: 90000 lines of the timeline" in complaints


def test_alerts_are_listed(told, daemon):
    """With verdict and labels."""
    code, out, _ = told("alerts", "--incident", "INC-42", "--rule", "PodRestarts", "--limit", "4")

    assert (0, AlertQuery(rules=("PodRestarts",), incident="INC-42", limit=4)) == (code, daemon.road.asked[0][0])
    assert "suppress (silenced)" in out
    assert "3 more" in out


@pytest.mark.parametrize(
    ("expected", "arguments"),
    [
        (Action(ActionKind.ACK, "INC-42"), ["ack", "INC-42"]),
        (Action(ActionKind.ACK, "42", text="on it", cause="c"), ["ack", "42", "--text", "on it", "--cause", "c"]),
        (Action(ActionKind.UNACK, "INC-42"), ["unack", "INC-42"]),
        (Action(ActionKind.ASSIGN, "INC-42", assignee="bo"), ["assign", "INC-42", "--to", "bo"]),
        (Action(ActionKind.NOTE, "INC-42", text="x"), ["note", "INC-42", "--text", "x"]),
        (Action(ActionKind.SNOOZE, "INC-42", seconds=5400.0), ["snooze", "INC-42", "--for", "1h30m"]),
        (Action(ActionKind.RESOLVE, "INC-42", done="d", helped=False, force=True),
         ["resolve", "INC-42", "--done", "d", "--helped", "no", "--force"]),
        (Action(ActionKind.MERGE, "INC-42", other="INC-7"), ["merge", "INC-42", "--into", "INC-7"]),
        (Action(ActionKind.SPLIT, "INC-42", episodes=("a", "b")), ["split", "INC-42", "--alert", "a", "--alert", "b"]),
        (Action(ActionKind.FALSE_POSITIVE, "INC-42", force=True), ["false-positive", "INC-42", "--force"]),
    ],
)  # fmt: skip
def test_a_verb_acts_and_the_timeline_knows_where_from(told, daemon, expected, arguments):
    """The origin is cli."""
    code, out, _ = told(*arguments)

    assert (0, [(expected, "cli")]) == (code, [(asked, scope.origin) for asked, scope in daemon.road.acted])
    assert out.startswith("INC-42  ")
    assert out.endswith("; new: INC-77\n") == (arguments[0] == "split")


@pytest.mark.parametrize("length", ["30d", "0s"])
def test_a_snooze_of_another_length_is_wrong_use(told, daemon, capsys, length):
    """In words of the command line, before the daemon is asked."""
    with pytest.raises(SystemExit) as ended:
        told("snooze", "INC-42", "--for", length)

    assert (2, []) == (ended.value.code, daemon.road.acted)
    assert f"'{length}' is not between 1s and 7d" in capsys.readouterr().err


def test_until_when_it_is_snoozed_is_said(told, daemon):
    """Whoever mistyped the length sees it."""
    daemon.road.details = [busy_detail(incident=incident(snoozed_until=NOW + 3600))]
    _, out, _ = told("note", "INC-42", "--text", "x")

    assert "INC-42  open, snoozed until 2026-11-21 04:10 UTC  " in out


def test_several_are_moved_at_once(told, daemon):
    """One line, or one element, each."""
    daemon.road.details.append(busy_detail(incident=incident(43)))
    code, out, _ = told("ack", "INC-42", "INC-43", "-o", "json")

    assert (0, ["INC-42", "INC-43"]) == (code, [each["data"]["name"] for each in json.loads(out)])


def test_what_is_stored_and_not_done_yet_is_said(told, daemon):
    """No state is shown that nobody reached yet; it is no failure, and it is not to be sent again."""
    daemon.road.stored = True
    code, out, complaints = told("ack", "INC-42", "INC-43")

    words = "the act is stored and will be done once, as soon as a replica leads; do not send it again"
    assert (0, [f"INC-42  {words}", f"INC-43  {words}"], "") == (code, out.splitlines(), complaints)


def test_programs_are_told_that_it_is_not_done_yet(told, daemon):
    """Without an incident, nothing changed so far, and why; whoever sees the terminal is told too."""
    daemon.road.stored = True
    code, out, complaints = told("ack", "INC-42", "-o", "json")

    words = "the act is stored and will be done once, as soon as a replica leads; do not send it again"
    assert (0, [{"data": None, "created": None, "changed": False, "warnings": [words]}]) == (code, json.loads(out))
    assert f"warning: INC-42: {words}\n" == complaints


def test_programs_are_told_what_was_done_before_a_refusal(told):
    """The second incident is not known: the first is acknowledged all the same."""
    code, out, complaints = told("ack", "INC-42", "INC-99", "-o", "json")

    assert (1, ["INC-42"]) == (code, [each["data"]["name"] for each in json.loads(out)])
    assert "INC-99" in complaints


@pytest.mark.parametrize(
    ("code", "reason"),
    [(1, RefusalReason.CONFLICT), (1, RefusalReason.FORBIDDEN), (1, RefusalReason.NOT_FOUND),
     (2, RefusalReason.INVALID), (3, RefusalReason.UNAVAILABLE)],
)  # fmt: skip
def test_a_refusal_has_its_exit_code_and_its_words(told, daemon, code, reason):
    """1 refused, 2 used wrongly, 3 could not be done now."""
    daemon.road.refusal = Refusal(reason, "2 alerts still fire")

    assert (code, "", "aiops-daemon: 2 alerts still fire\n") == told("resolve", "INC-42")


def test_what_does_not_fit_is_wrong_use(told):
    """With every fault."""
    code, _, complaints = told("list", "--state", "bad", "--limit", "501", "--sort", "x")

    assert code == 2
    assert "state must be one of" in complaints
    assert "sort must be one of" in complaints


def test_trouble_of_the_store_could_not_be_found_out(told, daemon):
    """3: ask again later."""
    daemon.road.failure = StoreError(StoreReason.UNREACHABLE, "no answer")

    assert 3 == told("list")[0]


@pytest.mark.parametrize("arguments", [("list",), ("show", "INC-42"), ("alerts",), ("ack", "INC-42")])
def test_alert_text_cannot_steer_the_terminal(told, daemon, arguments):
    """Control characters are shown, not sent."""
    odd = episode(1, ESCAPE, labels={"pod": ESCAPE}, joined_reason=ESCAPE)
    lines = (entry(1, EntryKind.NOTE, ESCAPE, actor=ESCAPE), entry(2, EntryKind.APART, ESCAPE))
    one = incident(title=ESCAPE, assignee=ESCAPE, notify_reason=ESCAPE, priority_reason=ESCAPE)
    daemon.road.details = [busy_detail(incident=one, episodes=(odd,), timeline=lines)]
    code, out, _ = told(*arguments)

    assert code == 0
    assert "\\x1b[31mred\\x07" in out
    assert all(line.isprintable() for line in out.split("\n"))


@given(st.lists(st.tuples(st.text(), st.text(), st.text())))
def test_any_table_is_one_line_a_row(rows):
    """Whatever stands in the cells."""
    lines = table(("A", "B", "C"), rows).split("\n")

    assert len(rows) + 1 == len(lines)
    assert all(line.isprintable() for line in lines)


def with_token(text="s3cret", role=Role.RESPONDER):
    """Make a daemon that wants a token."""
    daemon = AlertDaemon()
    daemon.road.tokens = (TokenSpec("ann", role, lambda: text),)
    return WebServer(daemon.ports(), listen_address="127.0.0.1:0"), daemon


def test_the_token_comes_from_a_file_or_the_environment(tmp_path, monkeypatch, capsys):
    """Its name is the actor; without it the daemon refuses, and says how to give one."""
    server, daemon = with_token()
    path = tmp_path / "token"
    path.write_text("s3cret\n")
    with in_background(server) as address:
        monkeypatch.delenv("AIOPS_TOKEN", raising=False)
        assert 1 == dispatch(["incidents", "list", "--url", address])
        assert "Give --token-file or AIOPS_TOKEN" in capsys.readouterr().err
        assert 0 == dispatch(["incidents", "ack", "INC-42", "--url", address, "--token-file", str(path)])
        monkeypatch.setenv("AIOPS_TOKEN", "s3cret")
        assert 0 == dispatch(["incidents", "unack", "INC-42", "--url", address])
        monkeypatch.setenv("AIOPS_TOKEN", "wrong")
        assert 1 == dispatch(["incidents", "list", "--url", address])

    assert ["ann", "ann"] == [scope.actor for _, scope in daemon.road.acted]
    assert "s3cret" not in "".join(capsys.readouterr())


def test_a_viewer_may_look_and_not_act(monkeypatch, capsys):
    """The words name the role that is needed."""
    server, _ = with_token(role=Role.VIEWER)
    monkeypatch.setenv("AIOPS_TOKEN", "s3cret")
    with in_background(server) as address:
        assert 0 == dispatch(["incidents", "list", "--url", address])
        assert 1 == dispatch(["incidents", "ack", "INC-42", "--url", address])

    assert "ann has the role viewer; this needs responder." in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--token-file", "/nonexistent/token"],
        *(["--url", url] for url in ("nowhere", "http://", "http://u:p@h", "ftp://h", "http://[::")),
    ],
)
def test_wrong_flags_are_wrong_use(arguments):
    """2, before anything is asked."""
    assert 2 == dispatch(["incidents", "list", *arguments])


def test_a_daemon_that_is_not_there_could_not_be_asked(capsys):
    """3, with what to check."""
    assert 3 == dispatch(["incidents", "list", "--url", "http://127.0.0.1:1"])
    assert "cannot ask the daemon at http://127.0.0.1:1: connection refused; does it run" in capsys.readouterr().err


@pytest.mark.parametrize("token", ["a b", "a\nb", "ä", "\x1b"])
def test_a_file_that_is_no_token_is_not_sent_and_not_shown(token):
    """Somebody gave the wrong file."""
    with pytest.raises(UsageError) as refused:
        DaemonClient("http://127.0.0.1:1", token)
    assert token not in str(refused.value)


@pytest.mark.parametrize(
    ("error", "words", "response"),
    [
        (UnreachableError, "answers 302, and not as a daemon does; give the address behind the redirect",
         b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
        (UnreachableError, "answers 200, and not as a daemon does", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
        (UnreachableError, "answers 200", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"),
        (UnreachableError, "answers 502", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\n\xff\xff"),
        (UnreachableError, "cannot ask", b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{"),
        (UnreachableError, "cannot ask", b"no http at all\r\n\r\n"),
        (RefusedError, "no", b'HTTP/1.1 418 I\r\nContent-Length: 15\r\n\r\n{"detail": "no"}'),
    ],
)  # fmt: skip
async def test_what_is_no_daemon_is_told_so(error, words, response):
    """A proxy's page, a redirect, an answer that was cut off: never a traceback, never a token sent elsewhere."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response.replace(b"Length: 15", b"Length: 16"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(error, match=words):
        await DaemonClient(f"http://127.0.0.1:{port}", "t").get("/api/v1/incidents", [("q", HOSTILE)])
    server.close()
    await server.wait_closed()


async def test_a_daemon_that_takes_no_alerts_says_so():
    """A preview."""
    server = WebServer(FakeDaemon().ports(), listen_address="127.0.0.1:0")
    await server.start()
    with pytest.raises(RefusedError, match="takes no alerts"):
        await DaemonClient(server.address).get("/api/v1/incidents")
    await server.stop()
