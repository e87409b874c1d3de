"""Webhook bodies become events: the recorded ones, and what nobody should send."""

import json
from dataclasses import replace

import pytest
from webhook_bodies import NOW, PAYLOADS, ZERO, alert, body, events, packed, recorded, rejected, row, slices

from aiops_daemon.core.alertmanager.fingerprint import fingerprint
from aiops_daemon.core.model.alert import AlertStatus
from aiops_daemon.core.model.inbox import Quarantined, QuarantineReason
from aiops_daemon.edges.web.alertmanager.decode import KEPT_BYTES, MAX_ALERTS, MOST_ALERTS, decode

STARTED = 1_795_230_000.0  # 2026-11-21T03:00:00Z
BAD = QuarantineReason.BAD_ALERT


def one(**changes):
    (event,) = events(body(alert(**changes)))
    return event


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.glob("*.json")))
def test_every_recorded_body_is_read_whole(name):
    """Each alert is an event, its fingerprint is the one that we would compute, nothing is unknown."""
    said = recorded(name)

    found = events(json.dumps(said).encode())

    assert len(said["alerts"]) == len(found)
    for event, told in zip(found, said["alerts"], strict=True):
        assert told["fingerprint"] == event.fingerprint == fingerprint(event.labels)
        assert (told["labels"], told["annotations"]) == (dict(event.labels), dict(event.annotations))
        assert (told["status"], told["generatorURL"]) == (event.status, event.generator_url)
        assert ("eu1", said["receiver"], said["externalURL"], "") == (
            event.source, event.receiver, event.external_url, event.extra)  # fmt: skip


def test_times_are_unix_seconds_and_year_one_is_no_end():
    """Nanoseconds survive as far as a float carries them."""
    (event,) = events(json.dumps(recorded("01_firing_single")).encode())

    assert pytest.approx(1_795_205_619.173724, abs=1e-6) == event.starts_at
    assert event.ends_at is None
    assert event.received_at == NOW


def test_a_resolved_alert_has_an_end():
    """Both in one body, as a partly resolved group is told."""
    found = events(json.dumps(recorded("04_partial_resolved")).encode())

    assert {AlertStatus.FIRING: False, AlertStatus.RESOLVED: True} == {
        event.status: event.ends_at is not None for event in found
    }


def test_truncation_is_told_once():
    """What was left out counts with the first slice only."""
    said = json.loads(body(*[alert() for _ in range(MAX_ALERTS + 1)], truncatedAlerts=5))

    assert 2 == sum(part.truncated for part in slices(json.dumps(recorded("08_truncated_firing")).encode()))
    assert [5, 0] == [part.truncated for part in slices(json.dumps(said).encode())]


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ((AlertStatus.FIRING, None), {"endsAt": ZERO}),
        ((AlertStatus.FIRING, None), {"endsAt": "2026-11-21T03:05:00Z"}),  # the status wins over a past end
        ((AlertStatus.FIRING, None), {"endsAt": "2026-11-21T05:00:00Z"}),
        ((AlertStatus.RESOLVED, STARTED + 300), {"status": "resolved", "endsAt": "2026-11-21T03:05:00Z"}),
        ((AlertStatus.RESOLVED, STARTED + 300), {"status": "resolved", "endsAt": "2026-11-21T04:05:00+01:00"}),
        ((AlertStatus.RESOLVED, NOW), {"status": "resolved", "endsAt": ZERO}),
        ((AlertStatus.RESOLVED, NOW), {"status": "resolved", "endsAt": None}),
        ((AlertStatus.RESOLVED, NOW), {"status": "resolved", "endsAt": "soon"}),
        ((AlertStatus.FIRING, None), {"status": None}),
        ((AlertStatus.FIRING, None), {"status": "pending", "endsAt": "2026-11-21T05:00:00Z"}),
        ((AlertStatus.RESOLVED, STARTED + 300), {"status": "gone", "endsAt": "2026-11-21T03:05:00Z"}),
        ((AlertStatus.RESOLVED, NOW), {"status": 7, "endsAt": "2026-11-21T03:10:00Z"}),
    ],
)
def test_status_and_end_have_a_defined_reading(expected, changes):
    """A known status wins; another word is read by endsAt; a resolved alert always has an end."""
    event = one(**changes)

    assert expected == (event.status, event.ends_at)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (NOW, None), (NOW, ZERO), (NOW, ""), (NOW, "yesterday"), (NOW, 17), (NOW, "2026-13-01T00:00:00Z"),
        (NOW, "2026-11-21T24:00:00Z"), (NOW, "9" * 100_000),
        (STARTED + 0.123456789, "2026-11-21T03:00:00.123456789Z"),
        (STARTED, "2026-11-21T08:30:00+05:30"), (STARTED, "2026-11-20T22:00:00-05:00"),
        (253_402_300_799.0, "9999-12-31T23:59:59Z"), (253_402_387_139.0, "9999-12-31T23:59:59-23:59"),
        (-62_104_060_800.0, "0002-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_a_start_that_is_none_is_when_we_heard_of_it(expected, text):
    """Zones and the whole range of years are understood; nothing else rejects an alert."""
    assert pytest.approx(expected, abs=1e-6) == one(startsAt=text).starts_at


@pytest.mark.parametrize("given", [None, "", 5, ["a"], "f" * 65])
def test_a_missing_fingerprint_is_computed(given):
    """As Alertmanager does, over the labels that have a value."""
    labels = recorded("20_empty_label_value_dropped")["alerts"][0]["labels"]

    assert one(labels=labels | {"empty": ""}, fingerprint=given).fingerprint == "cfbebf44a85fbd37"


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        (".labels.severity: must be a string, is a number", {"labels": {"alertname": "A", "severity": 1}}),
        (".labels.team: must be a string, is null", {"labels": {"team": None}}),
        (".labels.a: must be a string, is a boolean", {"labels": {"a": True}}),
        (".labels.a: must be a string, is an array", {"labels": {"a": []}}),
        (".labels: must be an object, is a string", {"labels": "a=b"}),
        (".labels: must be an object, is null", {"labels": None}),
        (".labels: an alert needs at least one label", {"labels": {}}),
    ],
)
def test_labels_that_are_none_reject_that_alert_alone(expected, changes):
    """The place is named, the raw JSON is kept, the neighbours go through."""
    raw = body(alert(), alert(**changes), alert())

    assert len(events(raw)) == 2
    ((reason, detail, kept),) = rejected(raw)
    assert (BAD, f"alerts[1]{expected}", alert(**changes)) == (reason, detail, json.loads(kept))


@pytest.mark.parametrize(
    ("expected", "element"),
    [("null", b"null"), ("a number", b"3"), ("a string", b'"x"'), ("an array", b"[1]"), ("a boolean", b"true"),
     ("a string", b'"\\ud800"')],
)  # fmt: skip
def test_an_alert_that_is_no_object_is_rejected(expected, element):
    """Whatever else it is."""
    assert [(BAD, f"alerts[0]: must be an object, is {expected}", element)] == rejected(b'{"alerts":[%b]}' % element)


@pytest.mark.parametrize(
    "raw", [b"{}", b'{"alerts":null}', b'{"alerts":{}}', b'{"alerts":"x"}', b'{"alerts":[],"alerts":3}']
)
def test_a_body_without_a_list_of_alerts_is_set_aside_whole(raw):
    """There is nothing to take from it."""
    assert [(QuarantineReason.NO_ALERTS, "alerts: must be an array", raw)] == rejected(raw)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"alerts":[{"a"', b"\xff", b'{"alerts":' + b"[" * 100_000])
def test_a_row_that_is_no_json_object_is_set_aside(raw):
    """No such body is accepted, yet a row may have come another way."""
    assert QuarantineReason.NOT_JSON == rejected(raw)[-1][0]


def test_the_copy_of_what_was_rejected_is_bounded():
    """64 KiB are enough to see what it was; row and team say whose it was."""
    (part,) = slices(b'{"alerts":"' + b"x" * 100_000 + b'"}')

    assert (Quarantined(NOW, "eu1", "default", QuarantineReason.NO_ALERTS, "alerts: must be an array",
                        b'{"alerts":"' + b"x" * (KEPT_BYTES - 11), 7),) == part.rejected  # fmt: skip


def test_too_many_labels_are_cut_with_a_mark():
    """Name and severity stay; the fingerprint is Alertmanager's."""
    labels = {f"a{number:03}": "x" for number in range(100)} | {"alertname": "N", "severity": "critical"}

    event = one(labels=labels)

    assert 64 == len(event.labels)
    assert {"alertname": "N", "severity": "critical", "a000": "x"}.items() <= dict(event.labels).items()
    assert {"truncated_labels": 38} == json.loads(event.extra)
    assert sorted(event.labels) == list(event.labels)


@pytest.mark.parametrize("letter", ["x", "é", "漢", "🙂"])
def test_long_values_are_cut_with_a_mark(letter):
    """8 KiB of UTF-8 at most, and no half characters."""
    labels = dict(one(labels={"a": letter * 10_000, "b": letter * 2_000}).labels)

    assert 8_180 < len(labels["a"].encode()) <= 8_192
    assert labels["a"].endswith("… [cut]")
    assert letter * 2_000 == labels["b"]


@pytest.mark.parametrize(
    ("expected", "text"), [("a\ufffdb", "a\x00b"), ("a\ufffdb", "a\ud800b"), ("\ufffd", "\udfff"), ("🙂", "🙂")]
)
def test_text_that_no_database_takes_is_made_harmless(expected, text):
    """In labels, annotations, unknown fields, receivers; pairs of half characters are one character."""
    raw = body(alert(labels={"a": text}, annotations={"b": text, text: "c"}, x={text: [text]}), receiver=text)

    (event,) = events(raw)

    assert ((("a", expected),), expected) == (event.labels, event.receiver)
    assert {"b": expected, expected: "c"} == dict(event.annotations)
    assert {"x": {expected: [expected]}} == json.loads(event.extra)


def test_unknown_fields_are_kept():
    """Those of the alert beside those of the body; the well-known ones are not repeated."""
    raw = body(
        alert(silenceURL="http://x", values={"B": 1.5}), alert(), version="5", notification_reason="repeat", custom=[1]
    )

    first, second = (json.loads(event.extra) for event in events(raw))

    of_body = {"notification_reason": "repeat", "custom": [1]}
    assert {"silenceURL": "http://x", "values": {"B": 1.5}, "body": of_body} == first
    assert {"body": of_body} == second


def test_unknown_fields_are_bounded():
    """What is too long is left out by name."""
    (event,) = events(body(alert(long="x" * 20_000, short="y"), novel="z" * 20_000))
    said = json.loads(event.extra)

    assert (["long"], "y") == (said["truncated_fields"], said["short"])
    assert "bytes left out" in said["body"]["novel"]
    assert len(event.extra) <= 8_192


def test_odd_values_are_kept_beside_their_reading():
    """A date or a status that we did not understand can be looked up."""
    assert {"startsAt": "yesterday", "status": "gone"} == json.loads(one(startsAt="yesterday", status="gone").extra)


def test_annotations_of_other_types_are_kept_as_json():
    """They inform people; nothing depends on them."""
    assert {"n": '{"n":5}'} == dict(one(annotations={"n": 5}).annotations)
    assert () == one(annotations=[1]).annotations


@pytest.mark.parametrize(
    "text",
    [
        '{"alerts":[%s],"x":' + "9" * 5_000 + "}",
        '{"alerts":[%s],"x":1e999}',
        '{"x":"\\ud800","alerts":[%s]}',
        '{"\\u0061lerts":[%s]}',
        '{"alerts":3,"alerts":[%s]}',
        '{"alerts":[%s],"receiver":3,"externalURL":[],"truncatedAlerts":"many"}',
        '\ufeff {"alerts" : [ %s ] } \n',
        '{"x":' + "[" * 63 + "]" * 63 + ',"alerts":[%s]}',
        '{"x":"' + "y" * 300_000 + '","alerts":[%s]}',
        '{"alerts":[%s],"x":' + "9" * 60_000 + "," + ",".join(f'"k{n}":"{"v" * 400}"' for n in range(500)) + "}",
    ],
)
def test_odd_bodies_still_give_their_alerts(text):
    """Numbers without end, half characters, doubled and escaped names, a byte order mark, depth."""
    (event,) = events((text % json.dumps(alert())).encode())

    assert "HighLatency" == dict(event.labels)["alertname"]


def test_what_is_done_is_skipped():
    """A body that was half processed goes on where it stopped, small or large."""
    for pad in ("", " " * 200_000):
        raw = body(*[alert(fingerprint=f"f{number}") for number in range(600)]) + pad.encode()

        assert [f"f{number}" for number in range(597, 600)] == [event.fingerprint for event in events(raw, skip=597)]
        assert [] == events(raw, skip=600)


def test_slices_are_bounded_and_count_everything():
    """By alerts, rejected ones included, and by bytes."""
    many = slices(body(*[alert() for _ in range(400)], *[alert(labels={}) for _ in range(200)]))
    wide = slices(body(*[alert(annotations={"a": "x" * 100_000}) for _ in range(20)]))

    assert 600 == sum(part.alerts for part in many)
    assert MAX_ALERTS == max(part.alerts for part in many)
    assert 20 == sum(part.alerts for part in wide)
    assert 6 == max(part.alerts for part in wide)


def test_an_alert_of_more_than_a_mebibyte_is_set_aside():
    """So that no single alert can hold the loop."""
    raw = body(alert(annotations={"a": "x" * 1_100_000}), alert())

    assert [(BAD, "alerts[0]: larger than 1048576 bytes")] == [each[:2] for each in rejected(raw)]
    assert len(events(raw)) == 1


def test_more_alerts_than_any_storm_has_are_not_read():
    """A body of sixteen million nothings ends soon, and absence in it proves nothing."""
    parts = slices(b'{"alerts":[' + b"1," * MOST_ALERTS + b"1]}")

    assert MOST_ALERTS == sum(part.alerts for part in parts)
    assert (1, "alerts: more than 200000; the others were not read") == (
        parts[-1].truncated,
        parts[-1].rejected[0].detail,
    )


def test_a_storm_shares_what_it_repeats():
    """Fifty thousand alerts do not hold fifty thousand copies of a name."""
    first, second = events(body(alert(), alert()))

    assert first.labels[0] is second.labels[0]
    assert first.annotations[0] is second.annotations[0]


def test_a_large_body_pauses_before_its_first_alert():
    """The walk over it comes in pieces, told by empty slices."""
    large = slices(body(*[alert() for _ in range(20_000)]))

    assert 20_000 == sum(part.alerts for part in large)
    assert large[0].alerts == 0
    assert row(b"").skip == 0


@pytest.mark.parametrize("skip", [0, 1, 2_999, 3_000])
@pytest.mark.parametrize("members", [{}, {"novel": "x" * 700_000}])
def test_a_packed_body_gives_what_it_gives_plain(members, skip):
    """Alerts that end in another piece than they begin in, a piece without any, and a start in the middle."""
    alerts = [alert(fingerprint=f"f{number}", annotations={"a": "x" * 500}) for number in range(3_000)]
    raw = json.dumps(members | {"alerts": alerts} | members).encode()
    found = list(decode(packed(raw, skip)))

    assert events(raw, skip) == [event for part in found for event in part.events]
    assert MAX_ALERTS >= max(part.alerts for part in found)


def test_the_walk_over_a_packed_body_pauses():
    """It is inflated, outlined and cut in pieces, told by slices without events."""
    found = list(decode(packed(body(*[alert(fingerprint=f"f{number}") for number in range(20_000)]))))
    first = next(number for number, part in enumerate(found) if part.alerts)

    assert 20_000 == sum(part.alerts for part in found)
    assert first >= 20_000 // MAX_ALERTS


def test_a_packed_body_that_is_broken_on_disk_is_set_aside():
    """It can never be read: the next one goes through."""
    whole = packed(body(*[alert() for _ in range(20_000)]))
    (only,) = [part for part in decode(replace(whole, body=whole.body[:-100])) if part.rejected]

    assert (QuarantineReason.NOT_JSON, "its compressed form on disk is broken: it ends too early") == (
        only.rejected[0].reason,
        only.rejected[0].detail,
    )
