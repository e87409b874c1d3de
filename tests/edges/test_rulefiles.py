"""Rule files in place: all or none, only ours, and with the checker's own words when refused."""

import asyncio
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from rule_inputs import BOOKS, EVIL, HOSTILE, PLAIN

from aiops_daemon.core.model.alertmanager import HeartbeatSpec
from aiops_daemon.core.model.hourly import Watched
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.rules.document import RuleFile
from aiops_daemon.core.rules.generate import generate
from aiops_daemon.edges.rulefiles.promtool import Promtool, StructuralCheck, checker_for
from aiops_daemon.edges.rulefiles.render import HEADER, render
from aiops_daemon.edges.rulefiles.write import check_rules, write_rule_files, write_rules
from aiops_daemon.errors import RuleFileError
from aiops_daemon.ports import RuleVerdict

HEALTH = generate(Settings(), (), ())
ALL = generate(PLAIN, PLAIN.queries, PLAIN.slos)


class Refuses:
    """A checker that says no and remembers what it saw."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def check(self, rules: Sequence[Path], tests: Sequence[Path] = ()) -> RuleVerdict:
        """Refuse."""
        self.seen = [path.read_text(encoding="utf-8") for path in (*rules, *tests)]
        return RuleVerdict(accepted=False, checked=True, output=f"{rules[0]}: FAILED: parse error")


def contents(folder: Path) -> dict[str, str]:
    """Read every file below a folder."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def script(folder: Path, text: str) -> Path:
    """Write a program."""
    path = folder / "tool"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


async def test_files_and_tests_are_written(tmp_path: Path) -> None:
    """Rules in the folder, unit tests in `tests` below, nothing else left behind, readable by Prometheus."""
    written = await write_rules(tmp_path / "new", HEALTH, StructuralCheck())

    assert {"aiops-health.yaml", "tests/aiops-health_test.yaml"} == contents(tmp_path / "new").keys()
    assert (tmp_path / "new" / "aiops-health.yaml",) == written.paths
    assert 0o644 == stat.S_IMODE(written.paths[0].stat().st_mode)


async def test_a_refusal_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """The error has the checker's words and no path of the staging folder."""
    await write_rules(tmp_path, HEALTH, StructuralCheck())
    before, checker = contents(tmp_path), Refuses()

    with pytest.raises(RuleFileError, match=r"^rule files refused: aiops-anomalies\.yaml: FAILED: parse error$"):
        await write_rules(tmp_path, ALL, checker)

    assert before == contents(tmp_path)
    assert 2 * len(ALL) == len(checker.seen)
    assert {"aiops-health.yaml", "tests"} == {path.name for path in tmp_path.iterdir()}


async def test_only_what_changed_is_replaced(tmp_path: Path) -> None:
    """Prometheus sees a new file only where there is one."""
    await write_rules(tmp_path, HEALTH, StructuralCheck())
    inode = (tmp_path / "aiops-health.yaml").stat().st_ino

    written = await write_rules(tmp_path, HEALTH, StructuralCheck())

    assert written.changed == ()
    assert inode == (tmp_path / "aiops-health.yaml").stat().st_ino


async def test_our_stale_files_go_and_foreign_ones_stay(tmp_path: Path) -> None:
    """What carries our header is ours; a file that only has our kind of name is not."""
    await write_rules(tmp_path, ALL, StructuralCheck())
    (tmp_path / "aiops-mine.yaml").write_text("groups: []\n")
    (tmp_path / "other.yaml").write_text(HEADER + "groups: []\n")

    written = await write_rules(tmp_path, HEALTH, StructuralCheck())

    assert {"aiops-health.yaml", "aiops-mine.yaml", "other.yaml"} == {path.name for path in tmp_path.glob("*.yaml")}
    assert 6 == len(written.removed)


async def test_a_foreign_file_of_the_same_name_is_not_replaced(tmp_path: Path) -> None:
    """Somebody else's rules are never lost."""
    (tmp_path / "aiops-health.yaml").write_text("groups: []\n")

    with pytest.raises(RuleFileError, match="is not ours"):
        await write_rules(tmp_path, HEALTH, StructuralCheck())

    assert {"aiops-health.yaml": "groups: []\n"} == contents(tmp_path)


async def test_leftovers_of_a_killed_run_are_cleared(tmp_path: Path) -> None:
    """A staging folder never outlives the next run."""
    (tmp_path / ".aiops-staging-old").mkdir()
    await write_rules(tmp_path, HEALTH, StructuralCheck())

    assert not list(tmp_path.glob(".aiops-*"))


async def test_a_folder_that_cannot_be_written_is_a_rule_file_error(tmp_path: Path) -> None:
    """The reason is the system's."""
    (tmp_path / "file").write_text("")

    with pytest.raises(RuleFileError, match="cannot write rule files"):
        await write_rules(tmp_path / "file", HEALTH, StructuralCheck())


async def test_the_continuous_writer_covers_queries_and_slos(tmp_path: Path) -> None:
    """One call from settings and the queries in use to paths in place."""
    files = await write_rule_files(tmp_path, PLAIN, Watched(PLAIN.queries), StructuralCheck())

    names = ["aiops-anomalies.yaml", "aiops-forecasts.yaml", "aiops-slos.yaml", "aiops-health.yaml"]
    assert names == [file.file_name for file in files]


@pytest.mark.parametrize(
    "settings",
    [PLAIN, EVIL, Settings(), Settings(heartbeat=HeartbeatSpec(interval=3600.0))],
    ids=["plain", "evil", "empty", "seldom"],
)
@pytest.mark.real
async def test_promtool_accepts_rules_and_unit_tests(settings: Settings, promtool: Path, tmp_path: Path) -> None:
    """Every alert fires and is silent as promised, with labels and annotations to the letter."""
    files = generate(settings, settings.queries, settings.slos)

    written = await write_rules(tmp_path, files, Promtool(str(promtool)))

    assert written.verdict.checked
    assert 2 * len(files) == written.verdict.output.count("SUCCESS")
    assert "duplicate" not in written.verdict.output


@pytest.mark.real
async def test_promtool_s_unit_tests_are_not_vacuous(promtool: Path, tmp_path: Path) -> None:
    """A rule that no longer fires, or fires when it must not, is refused in promtool's words."""
    (file,) = HEALTH
    rules = file.document["groups"][0]["rules"]
    for changed in ("absent(aiops_build_info) == 2", "vector(1)"):
        broken = [rule | {"expr": changed} if rule["alert"] == "AiopsDaemonAbsent" else rule for rule in rules]
        document = {"groups": [file.document["groups"][0] | {"rules": broken}]}

        with pytest.raises(RuleFileError, match="alertname: AiopsDaemonAbsent"):
            await write_rules(tmp_path, [RuleFile(file.name, document, file.test_document)], Promtool(str(promtool)))


@pytest.mark.real
async def test_promtool_refuses_broken_promql(promtool: Path) -> None:
    """Its message reaches the user."""
    document = {"groups": [{"name": "x", "rules": [{"alert": "X", "expr": "up ==", "labels": {}, "annotations": {}}]}]}

    with pytest.raises(RuleFileError, match="parse error"):
        await check_rules([RuleFile("aiops-x", document, {"tests": []})], Promtool(str(promtool)))


@pytest.mark.real
async def test_breach_without_a_time_falls_to_the_mildest_threshold(promtool: Path, tmp_path: Path) -> None:
    """A query that exports no breach times still has its alert, once."""
    rules = next(file for file in ALL if file.name == "aiops-forecasts").document["groups"][0]["rules"]
    exprs = {rule["labels"]["aiops_threshold"]: rule["expr"] for rule in rules[:2]}
    active = 'aiops_anomaly_active{aiops_query="checkout_p99",aiops_kind="forecast_breach",job="a"}'
    result = {"labels": '{aiops_query="checkout_p99",job="a"}', "value": 1}
    cases = [
        {"expr": exprs["critical"], "eval_time": "1m", "exp_samples": []},
        {"expr": exprs["warning"], "eval_time": "1m", "exp_samples": [result]},
    ]
    test = {
        "rule_files": [],
        "tests": [{"input_series": [{"series": active, "values": "1x3"}], "promql_expr_test": cases}],
    }
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(test))

    verdict = await Promtool(str(promtool))._run("test", "rules", [tmp_path / "test.yaml"])

    assert verdict.accepted, verdict.output


async def test_a_promtool_that_hangs_is_stopped(tmp_path: Path) -> None:
    """The deadline is kept, the process is gone, and nothing is accepted."""
    tool = script(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60")

    verdict = await Promtool(str(tool), deadline=0.3).check([])

    assert not verdict.accepted
    assert "took over 0.3 s" in verdict.output
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


async def test_a_promtool_that_is_cancelled_leaves_no_process(tmp_path: Path) -> None:
    """Stopping the daemon stops its checker."""
    tool = script(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60")
    task = asyncio.create_task(Promtool(str(tool)).check([]))
    async with asyncio.timeout(10):
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


async def test_file_names_are_arguments_not_shell(tmp_path: Path) -> None:
    """No shell reads them."""
    tool = script(tmp_path, 'printf "%s|" "$@"')

    verdict = await Promtool(str(tool)).check([Path("/x/$(touch gone); .yaml")])

    assert "check|rules|/x/$(touch gone); .yaml|" == verdict.output


async def test_a_promtool_that_is_not_there_accepts_nothing(tmp_path: Path) -> None:
    """The reason is named."""
    verdict = await Promtool(str(tmp_path / "none")).check([])

    assert RuleVerdict(accepted=False, checked=False, output=f"{tmp_path}/none: No such file or directory") == verdict


def test_the_checker_is_promtool_where_there_is_one(tmp_path: Path) -> None:
    """A path or a name on PATH; otherwise only the structure is checked."""
    assert isinstance(checker_for(str(script(tmp_path, "true"))), Promtool)
    assert isinstance(checker_for("no-such-promtool"), StructuralCheck)
    assert isinstance(checker_for(""), StructuralCheck)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("2 documents", "groups: []\n---\ngroups: []\n"),
        ("no list of groups", "rules: []\n"),
        ("no list of groups", "[]\n"),
        ("a group without a name", "groups: [{rules: []}]\n"),
        ("two groups are named a", "groups: [{name: a, rules: []}, {name: a, rules: []}]\n"),
        ("unknown key intervall", "groups: [{name: a, intervall: 1m, rules: []}]\n"),
        ("no list of rules", "groups: [{name: a}]\n"),
        ("no expression", "groups: [{name: a, rules: [{alert: X}]}]\n"),
        ("exactly one of alert and record", "groups: [{name: a, rules: [{expr: up}]}]\n"),
        ("unknown key exprs", "groups: [{name: a, rules: [{alert: X, expr: up, exprs: up}]}]\n"),
        ("labels must be texts", "groups: [{name: a, rules: [{alert: X, expr: up, labels: {a: 1}}]}]\n"),
        ("a rule that is no mapping", "groups: [{name: a, rules: [1]}]\n"),
        ("while parsing", "groups: [\n"),
    ],
)
async def test_structural_check(fault: str, text: str, tmp_path: Path) -> None:
    """What needs no PromQL is found without promtool, and the verdict says that PromQL was not checked."""
    path = tmp_path / "rules.yaml"
    path.write_text(text)

    verdict = await StructuralCheck().check([path])

    assert fault in verdict.output
    assert (False, False) == (verdict.accepted, verdict.checked)


@pytest.mark.parametrize(
    "text", [HOSTILE, "yes", "012", "12:30", "1e3", "null", "a\n\nb \n", " # x", "\x85\u2028", "- a"]
)
def test_texts_survive_yaml(text: str) -> None:
    """What is written is what a reader of YAML gets back."""
    assert {"x": text} == yaml.safe_load(render({"x": text}))


def test_rendered_files_are_one_block_document_with_our_header() -> None:
    """No flow style, no aliases, no second document."""
    shared = {"a": "b"}
    text = render({"one": shared, "two": shared, "list": [shared]})

    assert HEADER + "one:\n  a: b\ntwo:\n  a: b\nlist:\n- a: b\n" == text


async def test_the_bands_of_a_source_that_waits_stay(tmp_path: Path) -> None:
    """A restart while Prometheus is away must not take the rules that speak for the daemon; those of others go."""
    settings = Settings(sources=(SourceSpec("main", ("http://p",)), SourceSpec("gone", ("http://g",))))
    books = tuple(replace(BOOKS[0], source=name) for name in ("main", "gone"))
    checker = StructuralCheck()
    await write_rule_files(tmp_path, settings, Watched((), books), checker)
    await write_rule_files(tmp_path, settings, Watched((), waiting=("main",)), checker)

    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*bands*")}
    assert {"aiops-bands-main.yaml", "tests/aiops-bands-main_test.yaml"} == found
