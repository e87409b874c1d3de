"""Rule files as they come out, for the eyes of a review; UPDATE_GOLDEN=1 writes them anew.

`UPDATE_GOLDEN=1 pytest tests/golden/test_golden_rules.py` also renews the pack that is shipped in rules/, and the copy
of it in the Helm chart, which may hold no file from outside itself.
"""

import os
from pathlib import Path

import pytest
from rule_inputs import BOOKS, PLAIN
from slo_kinds import KINDS

from aiops_daemon.core.model.settings import RulesSpec, Settings
from aiops_daemon.core.rules.document import Document, RuleFile
from aiops_daemon.core.rules.generate import generate
from aiops_daemon.core.rules.slo.files import slo_files
from aiops_daemon.edges.rulefiles.render import render

GOLDEN = Path(__file__).parent / "rules"
SHIPPED = Path(__file__).parents[2] / "rules"
CHARTED = Path(__file__).parents[2] / "helm" / "aiops-daemon" / "rules"


def compare(folder: Path, file: RuleFile) -> None:
    """Compare a rule file and its test with what the folder holds, or write them."""
    compare_one(folder / file.file_name, file.document)
    compare_one(folder / file.test_name, file.test_document)


def compare_one(path: Path, document: Document) -> None:
    """Compare one document with a file, or write it."""
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(document), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == render(document)


@pytest.mark.parametrize("name", ["aiops-anomalies", "aiops-forecasts", "aiops-slos", "aiops-bands-main"])
def test_rules_of_a_small_shop(name: str) -> None:
    """Three queries and three SLOs, and bands for when the daemon is away."""
    (file,) = [file for file in generate(PLAIN, PLAIN.queries, PLAIN.slos, BOOKS) if file.name == name]

    compare(GOLDEN, file)


@pytest.mark.parametrize(("folder", "like_sloth"), [("native", False), ("sloth", True)])
@pytest.mark.parametrize("kind", ["bad events", "latency"])
def test_native_rules_of_slos(folder: str, like_sloth: bool, kind: str) -> None:
    """Under our names and under Sloth's; the unit test of one of them."""
    (file,) = slo_files([KINDS[kind]], RulesSpec(), like_sloth=like_sloth, version="0")

    if kind == "bad events" and not like_sloth:
        compare(GOLDEN.parent / "slos" / folder, file)
    else:
        compare_one(GOLDEN.parent / "slos" / folder / file.file_name, file.document)


def test_the_shipped_pack_is_what_is_generated() -> None:
    """rules/aiops-health.yaml is the health file of default settings; the chart holds the same."""
    (file,) = generate(Settings(), (), ())

    compare(SHIPPED, file)
    compare_one(CHARTED / file.file_name, file.document)
