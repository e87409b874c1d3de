"""`aiops-daemon rules generate -i`: native rules for the SLOs of a file or folder, in any format that we read.

Enters SLOs and the settings. Leaves rule files, PrometheusRule objects or unit tests, in a folder or on standard
output. promtool accepts all of them first; their unit tests tell of days, so they are run only with `--run-tests`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from aiops_daemon import __version__
from aiops_daemon.cli.parsing import Exit
from aiops_daemon.config.sloformats.read import Imported, read_slos
from aiops_daemon.core.model.settings import PrometheusRuleSpec, RulesSpec
from aiops_daemon.core.rules.document import Document, RuleFile, prometheus_rule
from aiops_daemon.core.rules.slo.files import slo_files, slo_warnings
from aiops_daemon.edges.rulefiles.render import render
from aiops_daemon.edges.rulefiles.write import check_rules, write_documents, write_rules
from aiops_daemon.ports import RuleChecker, RuleVerdict

PROMETHEUS, OBJECTS, TESTS = "prometheus", "prometheusrule", "tests"
FORMATS = (PROMETHEUS, OBJECTS, TESTS)
SLOTH = "sloth"
_FAMILY = "aiops-slo-"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what is for SLO files."""
    verb.add_argument(
        "-i", dest="input", metavar="FILE|DIR|-",
        help="SLOs to write native rules for: ours, Sloth's, Pyrra's or OpenSLO's; - is standard input; default: what "
        "is configured",
    )  # fmt: skip
    verb.add_argument("--format", choices=FORMATS, default=PROMETHEUS, help="what to write; default: prometheus")
    verb.add_argument("--compat", choices=[SLOTH], help="names, labels and windows exactly as Sloth's")
    verb.add_argument("--run-tests", action="store_true", help="run the unit tests of SLOs too, half a minute each")


async def generate(arguments: argparse.Namespace, rules: RulesSpec, checker: RuleChecker) -> int:
    """Read, generate, check and write; raises ConfigError and RuleFileError."""
    like_sloth = arguments.compat == SLOTH
    raw = sys.stdin.buffer.read() if arguments.input == "-" else None
    imported = read_slos(Path(arguments.input), os.environ, like_sloth=like_sloth, raw=raw)
    files = slo_files(imported.slos, rules, like_sloth=like_sloth, version=__version__)
    _warn(imported)
    if arguments.format == TESTS and arguments.output == "-" and len(files) > 1:
        print(f"aiops-daemon: {len(files)} unit tests are {len(files)} files; give a folder: -o DIR", file=sys.stderr)
        return Exit.USAGE
    wanted = [_placed(rules.prometheus_rule, namespace) for namespace in imported.namespaces]
    if arguments.format == OBJECTS and arguments.output == "-" and len({one.namespace for one in wanted}) > 1:
        print("aiops-daemon: objects of several namespaces are several files; give a folder: -o DIR", file=sys.stderr)
        return Exit.USAGE
    if arguments.output == "-":
        verdict = await check_rules(files, checker, slow=arguments.run_tests)
        print(render(_one(files, wanted[0], arguments.format)), end="")
    else:
        verdict = await _write(Path(arguments.output), files, wanted, checker, arguments)
    _tell(imported, files, verdict, tested=arguments.run_tests)
    if arguments.run_tests and not verdict.checked:
        print(
            "aiops-daemon: --run-tests: there is no promtool, so no unit test was run; put it on PATH",
            file=sys.stderr,
        )
        return Exit.UNKNOWN
    return Exit.GOOD


def _placed(spec: PrometheusRuleSpec, namespace: str) -> PrometheusRuleSpec:
    """Put rules where their SLO is, as the operators of Sloth and Pyrra do, unless the settings name another place."""
    return replace(spec, namespace=spec.namespace or namespace)


async def _write(
    directory: Path,
    files: Sequence[RuleFile],
    wanted: Sequence[PrometheusRuleSpec],
    checker: RuleChecker,
    arguments: argparse.Namespace,
) -> RuleVerdict:
    if arguments.format == PROMETHEUS:
        written = await write_rules(directory, files, checker, slow=arguments.run_tests, family=_FAMILY)
        for file in files:
            print(f"{directory / file.file_name}: {file.rules} rules, unit test {file.test_name}")
        _tell_removed(written.removed)
        return written.verdict
    verdict = await check_rules(files, checker, slow=arguments.run_tests)
    put, removed = await write_documents(directory, _documents(files, wanted, arguments.format), family=_FAMILY)
    for path in put:
        print(path)
    _tell_removed(removed)
    return verdict


def _tell_removed(removed: Sequence[Path]) -> None:
    for path in removed:
        print(f"{path}: removed, nothing generates it any more")


def _documents(files: Sequence[RuleFile], wanted: Sequence[PrometheusRuleSpec], form: str) -> Mapping[str, Document]:
    if form == TESTS:
        return {file.test_name: file.test_document for file in files}
    return {file.file_name: prometheus_rule(file, one) for file, one in zip(files, wanted, strict=True)}


def _one(files: Sequence[RuleFile], wanted: PrometheusRuleSpec, form: str) -> Document:
    """Return everything as one document, for Prometheus reads only the first of a file."""
    if form == TESTS:
        return files[0].test_document
    groups: Document = {"groups": [group for file in files for group in file.document["groups"]]}
    whole = RuleFile(files[0].name if len(files) == 1 else "aiops-slos", groups, {})
    return prometheus_rule(whole, wanted) if form == OBJECTS else groups


def _warn(imported: Imported) -> None:
    for warning in (*imported.warnings, *(text for slo in imported.slos for text in slo_warnings(slo))):
        print(f"warning: {warning}", file=sys.stderr)


def _tell(imported: Imported, files: Sequence[RuleFile], verdict: RuleVerdict, *, tested: bool) -> None:
    slos, rules = len(imported.slos), sum(file.rules for file in files)
    how = "promtool accepted them" if verdict.checked else "no promtool: only their structure was checked"
    if verdict.checked:
        how += " and their unit tests" if tested else "; --run-tests runs their unit tests too"
    print(f"{rules} rules for {slos} SLO{'s' * (slos != 1)}; {how}.", file=sys.stderr)
