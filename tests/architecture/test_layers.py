"""The layers of the house hold, and each contract catches the fault that it is there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

LAYERS = "The house has layers"
CORE_LAYERS = "Core has layers of its own"
SIGNALS = "Signals are told apart by subject"
EDGES = "Edges do not know each other"
PURE = "Core is pure"
HTTP = "aiohttp and msgspec live in edges"
METER = "prometheus_client lives in meter"
PYDANTIC = "pydantic lives in config"
YAML = "yaml lives in config, edges.rulefiles and edges.alertmanager"
SQL = "sqlalchemy, alembic and psycopg live in edges.store"
JINJA = "jinja2 lives in edges.markup, edges.web, edges.sheets and edges.notify"
SLACK = "slack_sdk lives in edges.slacksocket"
FOREST = "scikit-learn lives in edges.forest"
ICAL = "icalendar and dateutil live in edges.ical"
APSCHEDULER = "Of apscheduler only the triggers, in core.response.calendar"
PAST = "prometheus_api_client and requests live in edges.prometheus.apihistory"

VIOLATIONS = [
    # file in the package, line planted, contract that must break
    ("core/model/labels.py", "import asyncio", PURE),
    ("core/signals/bands/planted.py", "import logging", PURE),
    ("core/signals/bands/planted.py", "from time import monotonic", PURE),
    ("core/model/planted.py", "import os.path", PURE),
    ("core/model/planted.py", "from random import Random", PURE),
    ("core/rules/planted.py", "from pathlib import Path", PURE),
    ("core/rules/planted.py", "import yaml", PURE),
    ("core/quality/planted.py", "import sqlalchemy", PURE),
    ("core/quality/planted.py", "from aiops_daemon.core.incidents import acts", CORE_LAYERS),
    ("core/incidents/planted.py", "from aiops_daemon.core.rules import health", CORE_LAYERS),
    ("core/alertmanager/planted.py", "from aiops_daemon.core.quality import judge", CORE_LAYERS),
    ("flows/alerts/planted.py", "import sqlalchemy", SQL),
    ("edges/web/planted.py", "from sqlalchemy import select", SQL),
    ("edges/alertmanager/planted.py", "from aiops_daemon.edges.web import ports", EDGES),
    ("edges/store/planted.py", "from aiops_daemon.edges.remote import client", EDGES),
    ("core/packs/planted.py", "import sys", PURE),
    ("core/signals/bands/planted.py", "import subprocess", PURE),
    ("core/signals/bands/planted.py", "import msgspec", PURE),
    ("errors.py", "import socket", PURE),
    ("core/model/planted.py", "from aiops_daemon.core.signals.bands import planted", CORE_LAYERS),
    ("core/signals/bands/planted.py", "from aiops_daemon.core.rules import planted", CORE_LAYERS),
    ("core/signals/bands/planted.py", "from aiops_daemon.core.packs import planted", CORE_LAYERS),
    ("core/packs/planted.py", "from aiops_daemon.core.signals.bands import planted", CORE_LAYERS),
    ("core/oracle/__init__.py", "X = 1", CORE_LAYERS),
    ("core/signals/bands/planted.py", "from aiops_daemon.core.signals.findings import planted", SIGNALS),
    ("core/signals/bands/planted.py", "from aiops_daemon.core.signals.forecast import planted", SIGNALS),
    ("core/signals/burn/planted.py", "from aiops_daemon.core.signals.offline import planted", SIGNALS),
    ("core/signals/oracle.py", "X = 1", SIGNALS),
    ("core/model/planted.py", "from aiops_daemon import clock", LAYERS),
    ("core/model/planted.py", "from aiops_daemon.config import planted", LAYERS),
    ("clock.py", "from aiops_daemon import ports", LAYERS),
    ("logs.py", "from aiops_daemon import meter", LAYERS),
    ("config/planted.py", "from aiops_daemon.flows import planted", LAYERS),
    ("flows/planted.py", "from aiops_daemon.edges.prometheus import planted", LAYERS),
    ("flows/planted.py", "from aiops_daemon import app", LAYERS),
    ("edges/web/planted.py", "from aiops_daemon.flows import planted", LAYERS),
    ("edges/store/planted.py", "from aiops_daemon.cli import planted", LAYERS),
    ("app.py", "from aiops_daemon.demo import planted", LAYERS),
    ("demo/planted.py", "from aiops_daemon.cli import planted", LAYERS),
    ("utils/__init__.py", "X = 1", LAYERS),
    ("manager.py", "X = 1", LAYERS),
    ("edges/web/planted.py", "from aiops_daemon.edges.store import planted", EDGES),
    ("edges/exporter/planted.py", "from aiops_daemon.edges.rulefiles import planted", EDGES),
    ("edges/rulefiles/planted.py", "from aiops_daemon.edges.prometheus import planted", EDGES),
    ("flows/planted.py", "import aiohttp", HTTP),
    ("config/planted.py", "import msgspec", HTTP),
    ("app.py", "from aiohttp import web", HTTP),
    ("cli/planted.py", "import aiohttp.client", HTTP),
    ("edges/web/planted.py", "import prometheus_client", METER),
    ("flows/planted.py", "from prometheus_client import Gauge", METER),
    ("flows/planted.py", "import pydantic", PYDANTIC),
    ("cli/planted.py", "from pydantic import BaseModel", PYDANTIC),
    ("edges/web/planted.py", "import yaml", YAML),
    ("cli/planted.py", "import yaml", YAML),
    ("edges/exporter/planted.py", "import jinja2", JINJA),
    ("edges/rulefiles/planted.py", "from jinja2 import Template", JINJA),
    ("edges/notify/planted.py", "import jinja2", JINJA),
    ("core/response/planted.py", "from markupsafe import Markup", JINJA),
    ("core/quality/planted.py", "from sklearn.ensemble import IsolationForest", FOREST),
    ("flows/alerts/planted.py", "import sklearn", FOREST),
    ("cli/planted.py", "from prometheus_api_client import PrometheusConnect", PAST),
    ("edges/web/planted.py", "import requests", PAST),
    ("edges/store/planted.py", "from aiops_daemon.edges import forest", EDGES),
    ("edges/notify/slack/planted.py", "from slack_sdk.web.async_client import AsyncWebClient", SLACK),
    ("edges/web/slack/planted.py", "import slack_sdk", SLACK),
    ("edges/notify/planted.py", "from aiops_daemon.edges.web import ports", EDGES),
    ("edges/web/planted.py", "from aiops_daemon.edges import slacksocket", EDGES),
    ("core/quality/planted.py", "import icalendar", ICAL),
    ("cli/planted.py", "from dateutil import rrule", ICAL),
    ("edges/web/planted.py", "from aiops_daemon.edges import ical", EDGES),
    ("core/incidents/planted.py", "from apscheduler.triggers.cron import CronTrigger", APSCHEDULER),
    ("flows/planted.py", "import apscheduler", APSCHEDULER),
    ("core/incidents/planted.py", "from aiops_daemon.core.response import routing", CORE_LAYERS),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run lint-imports on the package that lies in `folder`."""
    return subprocess.run(
        [str(LINT), "--no-logo", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the package and give each of its parts an empty module to import."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "aiops_daemon", folder / "aiops_daemon", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    house = folder / "aiops_daemon"
    containers = (house, house / "core", house / "core" / "signals")  # exhaustive: a module more breaks them
    for package in (folder / "aiops_daemon").rglob("__init__.py"):
        if package.parent in containers:
            continue
        package.with_name("planted.py").write_text('"""Empty."""\n')
    return folder


def test_the_contracts_hold() -> None:
    """The package as it stands breaks no contract, and there are at least eight of them."""
    result = lint(ROOT)

    assert (result.returncode, "0 broken." in result.stdout) == (0, True), result.stdout + result.stderr
    kept = result.stdout.count(" KEPT")
    assert kept >= 8


def test_the_contracts_hold_on_the_copy(pristine: Path) -> None:
    """What the planted faults are compared with is clean itself."""
    result = lint(pristine)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("module", "line", "contract"), VIOLATIONS, ids=[f"{m}: {x}" for m, x, _ in VIOLATIONS])
def test_a_planted_violation_is_caught(pristine: Path, module: str, line: str, contract: str) -> None:
    """Each forbidden import or unlisted package breaks the contract that forbids it."""
    target = pristine / "aiops_daemon" / module
    before = target.read_bytes() if target.exists() else None
    target.parent.mkdir(exist_ok=True)
    try:
        target.write_bytes((before or b"") + f"\n{line}\n".encode())
        result = lint(pristine)
    finally:
        restore(target, before)

    assert result.returncode == 1, result.stdout + result.stderr
    broken = [text for text in result.stdout.splitlines() if " BROKEN" in text]
    assert any(text.startswith(contract) for text in broken), result.stdout


def restore(target: Path, before: bytes | None) -> None:
    """Put a module back as it was; one that did not exist leaves nothing behind."""
    if before is not None:
        target.write_bytes(before)
    elif target.name == "__init__.py":
        shutil.rmtree(target.parent)
    else:
        target.unlink()
