"""Everything that is generated, as a real Prometheus says it back: none of it counts as older than it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_servers import Servers
from rule_inputs import BOOKS, PLAIN
from slo_kinds import KINDS

from aiops_daemon.core.model.settings import RulesSpec
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.rules.generate import generate
from aiops_daemon.core.rules.loaded import file_states
from aiops_daemon.core.rules.slo.files import slo_files
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.edges.rulefiles.render import render

pytestmark = pytest.mark.real

NAMED = slo_files(tuple(KINDS.values()), RulesSpec())
FILES = (*generate(PLAIN, PLAIN.queries, PLAIN.slos, BOOKS), *NAMED)


async def test_what_prometheus_says_back_is_what_was_written(module_servers: Servers, tmp_path: Path) -> None:
    """Numbers, durations, groupings and blanks come back in its own way."""
    for file in FILES:
        (tmp_path / file.file_name).write_text(render(file.document))
    server = module_servers.prometheus(f"rule_files: ['{tmp_path}/*.yaml']\n")
    client = PrometheusClient(SourceSpec(name="main", urls=(server.url,)))
    groups = await client.rule_groups()
    await client.close()
    assert groups is not None

    states = file_states(FILES, {"main": groups, "second": groups})

    assert {file.file_name: "" for file in FILES} == {
        state.file: "" if state.loaded else state.reason for state in states
    }
    assert all(rule.expr for group in groups for rule in group.rules)
