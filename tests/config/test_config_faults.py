"""Faulty configurations: each file under faults/ has one fault, and its first line is what is said about it."""

from pathlib import Path

import pytest

from aiops_daemon.config.load import Overrides, inspect, load
from aiops_daemon.errors import ConfigError

FAULTS = sorted((Path(__file__).parent / "faults").glob("*.yaml"))
SECRET = "hunter2"  # stands in the faulty files wherever a secret may stand


@pytest.mark.parametrize("file", FAULTS, ids=lambda file: file.stem)
def test_one_fault_is_told_with_place_path_and_remedy(file: Path) -> None:
    """A file with one fault yields exactly the line that its first comment promises."""
    promised = file.read_text().splitlines()[0].removeprefix("# ")

    found = inspect(file, environ={}, overrides=Overrides())

    assert [f"{file}:{promised}"] == [str(fault) for fault in found.faults]


@pytest.mark.parametrize("file", FAULTS, ids=lambda file: file.stem)
def test_no_fault_repeats_a_secret(file: Path) -> None:
    """Neither the exception nor its faults contain what stands where a secret may stand."""
    with pytest.raises(ConfigError) as caught:
        load(file, environ={}, overrides=Overrides())

    assert SECRET not in repr(caught.value) + str(caught.value)


def test_there_are_enough_faulty_files() -> None:
    """The collection covers every kind of fault that a user is likely to make."""
    assert len(FAULTS) >= 60


ALL_AT_ONCE = """\
global: {time_zone: Europe/Berlim, mode: lvie}
prometheus:
  - name: eu1
    urls: [prom:9090]
    intervall: 60s
    basic_auth: {username: ann, password: hunter2, password_file: no-such-file}
queries:
  - name: errors
    expr: rate(errors_total[5m]
    direction: upp
    severity: no
    prometheus: [eu2]
  - name: errors
    max_series: 010
slos:
  - {name: a, objective: 100, sli: {events: {good: ok, bad: bad}}}
route: {receiver: chat}
packs: {enable: [nod]}
packs: {}
"""


def test_all_faults_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Faults of form, of values and between keys are told together."""
    file = tmp_path / "config.yaml"
    file.write_text(ALL_AT_ONCE)

    with pytest.raises(ConfigError) as caught:
        load(file, environ={}, overrides=Overrides())

    places = [line.removeprefix(f"{file}:").split(": ")[:2] for line in caught.value.faults]
    assert [
        ["1:21", "global.time_zone"],
        ["1:42", "global.mode"],
        ["4:12", "prometheus[0].urls[0]"],
        ["5:5", "prometheus[0].intervall"],
        ["6:52", "prometheus[0].basic_auth.password_file"],
        ["6:67", "prometheus[0].basic_auth.password_file"],
        ["9:11", "queries[0].expr"],
        ["10:16", "queries[0].direction"],
        ["11:15", "queries[0].severity"],
        ["12:18", "queries[0].prometheus[0]"],
        ["13:5", "queries[1].expr"],
        ["13:11", "queries[1].name"],
        ["14:17", "queries[1].max_series"],
        ["16:26", "slos[0].objective"],
        ["16:45", "slos[0].sli.events.total"],
        ["16:56", "slos[0].sli.events.bad"],
        ["17:19", "route.receiver"],
        ["18:18", "packs.enable[0]"],
        ["19:1", "packs"],
    ] == places


def test_a_missing_file_is_one_fault(tmp_path: Path) -> None:
    """A file that is not there is told by name."""
    file = tmp_path / "none.yaml"

    with pytest.raises(ConfigError) as caught:
        load(file, environ={}, overrides=Overrides())

    assert (f"{file}: cannot be read: no such file or directory",) == caught.value.faults


def test_text_that_is_not_utf8_is_told_with_its_place(tmp_path: Path) -> None:
    """Bytes of another encoding are found at line and column."""
    file = tmp_path / "config.yaml"
    file.write_bytes(b"global:\n  cluster: K\xf6ln\n")

    found = inspect(file, environ={}, overrides=Overrides())

    assert [f"{file}:2:13: not UTF-8; save the file as UTF-8"] == [str(fault) for fault in found.faults]


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """A file beyond the size limit is not parsed."""
    file = tmp_path / "config.yaml"
    file.write_bytes(b"# x\n" * 1_100_000)

    found = inspect(file, environ={}, overrides=Overrides())

    assert [True] == ["larger than" in str(fault) for fault in found.faults]


def test_aliases_cannot_blow_up(tmp_path: Path) -> None:
    """Ten levels of ten aliases would be ten thousand million values; they are refused at once."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 10)]
    file = tmp_path / "config.yaml"
    file.write_text("\n".join(lines))

    found = inspect(file, environ={}, overrides=Overrides())

    assert any("aliases make the file too large" in str(fault) for fault in found.faults)


def test_a_faulty_flag_is_told_by_its_name() -> None:
    """What comes from a flag has no line; its fault names the flag."""
    with pytest.raises(ConfigError) as caught:
        load(None, environ={}, overrides=Overrides(("prom:9090",), "postgres://x"))

    assert (
        "--prometheus.url: prometheus[0].urls[0]: is no http or https URL; write http://host:port or https://host",
        "--storage.url: storage.url: is no URL of PostgreSQL; write postgresql://user@host:5432/name",
    ) == caught.value.faults
