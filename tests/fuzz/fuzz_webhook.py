"""Throw bytes at the parser of webhooks: `python tests/fuzz/fuzz_webhook.py -runs=1000000`.

Options are libFuzzer's. Starts from the recorded bodies and from what has been trouble elsewhere.
"""

import json
import sys
import tempfile
from pathlib import Path

import atheris

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

with atheris.instrument_imports(include=["aiops_daemon.edges.web.alertmanager", "aiops_daemon.core.alertmanager"]):
    import aiops_daemon.edges.web.alertmanager.decode  # noqa: F401 - instrumented here

from webhook_oracle import check  # noqa: E402 - after the instrumentation

SEEDS = [
    b"{}", b"[]", b"null", b'{"alerts":[]}', b'{"alerts":[null,1,"x",[],{}]}', b"[" * 70, b'{"a":NaN}',
    b'{"alerts":[{"labels":{"a":"\\ud800\\u0000"},"x":1e999}]}', b'\xef\xbb\xbf{"alerts":[{"labels":{}}]}',
    b'{"alerts":[],"alerts":[{"labels":{"a":"b","a":""},"endsAt":"0001-01-01T00:00:00Z"}]}',
    b'{"a":' + b"9" * 400 + b',"b":-0.1e+1,"\\u0061lerts":[{"labels":{"a":5}}]}', b'{"a":"\xff"}', b'{"a":"\x00"}',
    b'{"truncatedAlerts":-1,"receiver":[],"alerts":[{"labels":{"a":"b"},"startsAt":"9999-12-31T23:59:60.9Z"}]}',
]  # fmt: skip
WORDS = [
    "alerts", "labels", "annotations", "status", "firing", "resolved", "startsAt", "endsAt", "fingerprint", "\\\\ud83d",
    "\\\\u0000", "0001-01-01T00:00:00Z", "null", "true", "false", "truncatedAlerts",
]  # fmt: skip


def seeds(folder: Path) -> None:
    """Write what the fuzzer starts from."""
    recorded = [json.dumps(json.loads(path.read_text())["body"]).encode() for path in (TESTS / "payloads").iterdir()]
    for number, raw in enumerate(SEEDS + recorded):
        (folder / str(number)).write_bytes(raw)


def main() -> None:
    """Fuzz until libFuzzer's options say stop."""
    with tempfile.TemporaryDirectory() as name:
        corpus, words = Path(name) / "corpus", Path(name) / "words"
        corpus.mkdir()
        seeds(corpus)
        words.write_text("".join(f'"{word}"\n' for word in WORDS))
        artifacts = f"-artifact_prefix={name}/"
        atheris.Setup([sys.argv[0], "-max_len=2048", f"-dict={words}", artifacts, *sys.argv[1:], str(corpus)], check)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
