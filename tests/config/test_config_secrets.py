"""Secrets: read again on use, shown nowhere."""

from dataclasses import asdict
from pathlib import Path

import pytest

from aiops_daemon.config.load import Loaded, Overrides, load
from aiops_daemon.config.show import show
from aiops_daemon.errors import ConfigError

CANARY = "canary-3f9a"
TEXT = """\
prometheus:
  - name: basic
    urls: ["http://a"]
    basic_auth: {{username: ann, password: {0}}}
    headers: {{X-Token: {0}, X-Other: {{secret: {0}}}}}
  - name: bearer
    urls: ["http://b"]
    authorization: {{credentials: {0}}}
  - name: files
    urls: ["http://c"]
    basic_auth: {{username: ann, password_file: secret}}
    headers: {{X-Token: {{secret_file: secret}}}}
  - name: bearer-file
    urls: ["http://d"]
    authorization: {{credentials_file: secret}}
"""


def _load(folder: Path, value: str) -> Loaded:
    (folder / "secret").write_text(f"{CANARY}\n")
    (folder / "config.yaml").write_text(TEXT.format(value))
    return load(folder / "config.yaml", environ={"TOKEN": CANARY}, overrides=Overrides())


@pytest.mark.parametrize("value", [CANARY, '"${TOKEN}"'])
def test_a_secret_is_never_shown(value: str, tmp_path: Path) -> None:
    """No representation of what was loaded contains a secret, from wherever it came."""
    loaded = _load(tmp_path, value)

    spoken = "".join(
        (
            str(asdict(loaded.settings)),
            repr(loaded),
            str(loaded),
            repr(loaded.settings),
            str(loaded.document),
            show(loaded),
        )
    )
    assert CANARY not in spoken
    assert 4 == show(loaded).count("<secret>")


@pytest.mark.parametrize("value", [CANARY, '"${TOKEN}"'])
def test_a_secret_is_read_where_it_is_used(value: str, tmp_path: Path) -> None:
    """Every secret callable gives the secret, without the line end of its file."""
    basic, bearer, files, bearer_file = (source.http for source in _load(tmp_path, value).settings.sources)

    used = [basic.password, bearer.bearer, files.password, bearer_file.bearer]
    used += [secret for _, secret in (*basic.secret_headers, *files.secret_headers)]
    assert [CANARY] * 7 == [secret() for secret in used if secret]


def test_a_rotated_file_is_seen_without_a_reload(tmp_path: Path) -> None:
    """A file is read on every use; when it is gone, that is an OSError without its content."""
    bearer = _load(tmp_path, "x").settings.sources[3].http.bearer
    assert bearer is not None

    (tmp_path / "secret").write_text("rotated")
    assert "rotated" == bearer()

    (tmp_path / "secret").write_bytes(b"canary\xff")
    with pytest.raises(OSError, match="is not UTF-8") as caught:
        bearer()
    assert "canary" not in str(caught.value)


WRONG_PLACES = [
    "prometheus: [{name: a, urls: ['http://ann:canary-3f9a@a']}]",
    "prometheus: [{name: a, urls: ['http://a'], basic_auth: canary-3f9a}]",
    "prometheus: [{name: a, urls: ['http://a'], basic_auth: {username: [canary-3f9a]}}]",
    "prometheus: [{name: a, urls: ['http://a'], basic_auth: {username: u, password: *canary-3f9a}}]",
    "prometheus: [{name: a, urls: ['http://a'], basic_auth: {username: u, password: !canary-3f9a x}}]",
    "prometheus: [{name: a, urls: ['http://a'], basic_auth: {username: u, password: {x: canary-3f9a}}}]",
    "prometheus: [{name: a, urls: ['http://a'], basic_auth: {username: u, password_file: canary-3f9a}}]",
    "prometheus: [{name: a, urls: ['http://a'], authorization: {credentials: 'canary-3f9a}]",
    "prometheus: [{name: a, urls: ['http://a'], headers: {X: [canary-3f9a]}}]",
    "prometheus: [{name: a, urls: ['http://a'], interval: '${TOKEN}', max_concurrency: '${TOKEN}'}]",
    "prometheus: [{name: '${TOKEN} ', urls: ['http://a'], tls_config: {ca_file: '${TOKEN}'}}]",
    "queries: [{name: a, expr: 'up{x=\"canary-3f9a', direction: '${TOKEN}', season: ['${TOKEN}']}]",
    "queries: [{name: a, expr: up, exclude: [{start: '${TOKEN}', end: '${TOKEN}'}], prometheus: ['${TOKEN}']}]",
    "storage: {url: 'postgres://ann:canary-3f9a@db/x'}",
    "storage: {url: '${TOKEN}'}",
    "receivers: [{name: a, token: canary-3f9a}]",
    "canary-3f9a",
    "- canary-3f9a",
]


@pytest.mark.parametrize("text", WRONG_PLACES)
def test_a_secret_in_a_wrong_place_is_not_repeated(text: str, tmp_path: Path) -> None:
    """Whatever is wrong with a value, the fault tells the place, not the value."""
    faults = _faults(tmp_path, text)

    assert [] == [fault for fault in faults if CANARY in fault]
    assert faults


def _faults(folder: Path, text: str) -> tuple[str, ...]:
    (folder / "config.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(folder / "config.yaml", environ={"TOKEN": CANARY}, overrides=Overrides())
    assert CANARY not in repr(caught.value)
    assert caught.value.__cause__ is None
    return caught.value.faults
