"""Bodies that are broken, hostile or endless, at a running daemon: the answer, the next good one, and memory."""

from __future__ import annotations

import gzip
import re
import socket
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, eventually
from webhook_faults import alert, body, code, lone_daemon, post, processed
from webhook_load import PATH, connect

pytestmark = pytest.mark.real

DEEP = 100_000
DIGITS = b"9" * 5_000
TOO_LARGE = 33 << 20  # over the limit of 32 MiB
MOST_MEMORY = 100 << 20

NO_OBJECTS = {
    "nothing": b"",
    "space": b" \n\t ",
    "array": b"[]",
    "array of alerts": b'[{"labels":{"alertname":"A"}}]',
    "text": b'"alerts"',
    "number": DIGITS,
    "null": b"null",
    "NaN": b"NaN",
    "NaN inside": b'{"alerts":[],"x":NaN}',
    "Infinity inside": b'{"alerts":[],"x":-Infinity}',
    "brackets": b"[" * DEEP,
    "brackets, closed": b"[" * DEEP + b"]" * DEEP,
    "braces": b'{"a":' * DEEP,
    "deep inside an object": b'{"alerts":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "bad UTF-8": b'{"alerts":[],"x":"\xff\xfe"}',
    "a surrogate as UTF-8": b'{"alerts":[],"x":"\xed\xa0\x80"}',
    "UTF-16": '{"alerts":[]}'.encode("utf-16"),
    "two marks of byte order": b"\xef\xbb\xbf\xef\xbb\xbf{}",
    "NUL": b'{"alerts":[]}\0',
    "a bare control character": b'{"alerts":["\x01"]}',
    "two objects": b"{}{}",
    "half an object": b'{"alerts":[{"labels":',
    "a comma too many": b'{"alerts":[],}',
    "XML": b"<alerts/>",
    "a form": b"alerts=1&status=firing",
}


def made(rule: str) -> bytes:
    """Make the JSON of one alert."""
    return body(alert(rule))


def beside(rule: str, member: bytes) -> bytes:
    """Put a member into a good body."""
    return made(rule)[:-1] + b"," + member + b"}"


def in_labels(rule: str, escaped: bytes) -> bytes:
    """Put text, escaped as JSON, into a label."""
    return made(rule).replace(b'"job": "' + rule.encode(), b'"job": "' + rule.encode() + escaped)


GOOD = {  # taken, for each is one JSON object with an alert
    "ByteOrderMark": lambda rule: b"\xef\xbb\xbf" + made(rule),
    "DigitsInAnInteger": lambda rule: beside(rule, b'"x":' + DIGITS),
    "DigitsInTruncated": lambda rule: beside(rule, b'"truncatedAlerts":' + DIGITS),
    "HugeExponent": lambda rule: beside(rule, b'"x":1e999999'),
    "NameTwice": lambda rule: b'{"alerts":null,"status":3,' + made(rule)[1:],
    "LoneSurrogate": lambda rule: in_labels(rule, b"\\ud800"),
    "Nul": lambda rule: in_labels(rule, b"\\u0000"),
    "DeepUnknownMember": lambda rule: beside(rule, b'"x":' + b"[" * 60 + b"]" * 60),
    "OddMembers": lambda rule: beside(rule, b'"receiver":7,"groupKey":[],"groupLabels":null,"externalURL":{}'),
    "Spaces": lambda rule: b" \n" * 50_000 + made(rule) + b"\r\n" * 50_000,
}

OBJECTS_WITHOUT_ALERTS = [b"{}", b'{"alerts":null}', b'{"alerts":{}}', b'{"alerts":"x"}', b'{"alerts":7}']


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One daemon for all bodies: what one leaves behind, the next would meet."""
    with lone_daemon(tmp_path_factory.mktemp("daemon")) as process:
        assert 200 == code(process, alert("First"))
        yield process
        assert "Traceback" not in process.said()
        assert 0 == sum(process.metric("aiops_http_requests_total", code=str(each)) for each in (500, 501, 502))


def peak(daemon: DaemonProcess) -> int:
    """Return the most memory that the process ever held, in bytes."""
    status = Path(f"/proc/{daemon.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


@pytest.mark.parametrize("name", NO_OBJECTS)
def test_what_is_no_json_object_is_400_and_set_aside(daemon: DaemonProcess, name: str) -> None:
    """A copy is kept and counted; the next good body is taken."""
    before = daemon.metric("aiops_inbox_quarantined_total")

    assert 400 == post(daemon, NO_OBJECTS[name])[0]
    assert before + 1 == daemon.metric("aiops_inbox_quarantined_total")
    assert 200 == code(daemon, alert("Next"))


@pytest.mark.parametrize("name", GOOD)
def test_an_odd_object_is_taken_with_its_alert(daemon: DaemonProcess, name: str) -> None:
    """200, and the alert fires."""
    assert 200 == post(daemon, GOOD[name](name))[0]
    processed(daemon)

    assert ["firing"] == [each["state"] for each in daemon.alerts(rule=name)]
    assert not {"\0", "\ud800"} & set("".join(daemon.alerts(rule=name)[0]["labels"].values()))


@pytest.mark.parametrize("raw", OBJECTS_WITHOUT_ALERTS)
def test_an_object_without_a_list_of_alerts_is_taken_and_set_aside(daemon: DaemonProcess, raw: bytes) -> None:
    """200, for it was stored; the processor finds nothing in it."""
    before = daemon.metric("aiops_inbox_quarantined_total", reason="no_alerts")

    assert 200 == post(daemon, raw)[0]
    processed(daemon)

    assert before + 1 == daemon.metric("aiops_inbox_quarantined_total", reason="no_alerts")


def bomb(megabytes: int) -> bytes:
    """Pack that many megabytes of spaces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * 1_000_000) for _ in range(megabytes)) + packer.flush()


def test_a_gzip_bomb_is_503_and_costs_no_memory(daemon: DaemonProcess) -> None:
    """A third of a gigabyte in a third of a megabyte; people are told of the size."""
    before, counted = peak(daemon), daemon.metric("aiops_webhook_body_too_large_total")

    answer, headers = post(daemon, bomb(320), Content_Encoding="gzip")

    assert (503, True) == (answer, "Retry-After" in headers)
    assert counted + 1 == daemon.metric("aiops_webhook_body_too_large_total")
    assert peak(daemon) - before < MOST_MEMORY
    assert 200 == code(daemon, alert("Next"))
    processed(daemon)
    assert ["firing"] == [each["state"] for each in daemon.alerts(rule="AiopsWebhookTooLarge")]


def answered(connection: socket.socket) -> int:
    """Return the code of the answer; 0 when the connection was closed without one."""
    try:
        head = connection.recv(65536)
    except ConnectionError:
        return 0
    return int(head.split(b" ")[1]) if head else 0


def send_chunks(connection: socket.socket, seconds: float = 20.0) -> None:
    """Send chunks of a mebibyte, one after another."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        connection.sendall(b"100000\r\n" + b" " * (1 << 20) + b"\r\n")


def test_an_endless_body_is_cut_off(daemon: DaemonProcess) -> None:
    """Chunked, so that nothing tells its size: refused at the limit, and hung up soon after."""
    before, counted = peak(daemon), daemon.metric("aiops_webhook_body_too_large_total")
    with connect(daemon.url) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        with pytest.raises(OSError, match=r"reset|pipe"):
            send_chunks(connection)

    assert counted + 1 == daemon.metric("aiops_webhook_body_too_large_total")
    assert peak(daemon) - before < MOST_MEMORY
    assert 200 == code(daemon, alert("Next"))


@pytest.mark.parametrize(
    ("expected", "head"),
    [
        (503, f"Content-Length: {TOO_LARGE}"),  # refused before it is read
        (503, f"Content-Length: {10**15}"),
        (400, "Content-Length: -1"),
        (400, "Content-Length: 0x10"),
        (400, "Content-Length: 5\r\nContent-Length: 6"),
        (400, "Content-Length: 5\r\nTransfer-Encoding: chunked"),
        (400, "Transfer-Encoding: chunked\r\n\r\nzz"),
        (400, "Content-Length: 1"),  # the object is cut: `{` alone
    ],
)
def test_a_length_that_is_wrong_harms_nobody(daemon: DaemonProcess, expected: int, head: str) -> None:
    """The answer comes at once, and the next good body is taken."""
    with connect(daemon.url) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode() + b"{}{}{}")

        assert expected == answered(connection)
    assert 200 == code(daemon, alert("Next"))


def test_a_head_that_is_no_http_is_one_line_of_the_log_without_its_words(daemon: DaemonProcess) -> None:
    """A token in a header that is refused is no less secret."""
    with connect(daemon.url) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer s3cret\x01\r\n\r\n"
        connection.sendall(head.encode())
        assert 400 == answered(connection)
    eventually(lambda: "refused what is no HTTP request" in daemon.said(), "it is logged")

    assert "s3cret" not in daemon.said()


def test_a_body_that_is_shorter_than_it_says_is_not_taken(daemon: DaemonProcess) -> None:
    """The sender leaves half-way: nothing was promised, nothing is stored."""
    whole = made("HalfSent")
    with connect(daemon.url) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(whole) + 10}\r\n\r\n"
        connection.sendall(head.encode() + whole)
        connection.shutdown(socket.SHUT_WR)
        assert answered(connection) in (400, 0)
    processed(daemon)

    assert [] == daemon.alerts(rule="HalfSent")


@pytest.mark.slow
def test_many_hostile_bodies_do_not_add_up(daemon: DaemonProcess) -> None:
    """Fifty times the worst of them, and the largest that is allowed: memory stays where it is."""
    deep, squeezed = NO_OBJECTS["deep inside an object"], gzip.compress(b"[" * (30 << 20))
    before = peak(daemon)
    codes = {post(daemon, deep)[0] for _ in range(50)} | {post(daemon, squeezed, Content_Encoding="gzip")[0]}

    assert {400} == codes
    assert peak(daemon) - before < MOST_MEMORY
    assert 200 == code(daemon, alert("Next"))
