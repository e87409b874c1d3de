"""ruff refuses what the house forbids inside a module: clocks, sleeping, broad excepts, printing, globals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUFF = Path(sys.executable).with_name("ruff")

PLANTED = [
    # where, code, rule
    ("flows/planted.py", "from datetime import datetime\n\nNOW = datetime.now()\n", "TID251"),
    ("flows/planted.py", "import datetime\n\nNOW = datetime.datetime.utcnow()\n", "TID251"),
    ("core/model/planted.py", "import time\n\nNOW = time.time()\n", "TID251"),
    ("core/model/planted.py", "from time import time\n\nNOW = time()\n", "TID251"),
    ("app.py", "from time import monotonic as tick\n\nNOW = tick()\n", "TID251"),
    ("edges/web/planted.py", "import time as t\n\nt.sleep(1)\n", "TID251"),
    ("edges/store/planted.py", "import time\n\n\nasync def f() -> None:\n    time.sleep(1)\n", "ASYNC251"),
    ("demo/planted.py", "import random\n\nX = random.random()\n", "TID251"),
    ("flows/planted.py", "def f() -> None:\n    try:\n        g()\n    except Exception:\n        pass\n", "BLE001"),
    ("flows/planted.py", "def f() -> None:\n    try:\n        g()\n    except:\n        pass\n", "E722"),
    ("flows/planted.py", 'print("hello")\n', "T201"),
    ("app.py", 'print("hello")\n', "T201"),
    ("core/planted.py", "X = 0\n\n\ndef f() -> None:\n    global X\n    X = 1\n", "PLW0603"),
    (
        "core/planted.py",
        "def f(a: int, b: int, c: int, d: int, e: int, f: int, h: int, i: int, j: int): ...\n",
        "PLR0913",
    ),
    ("core/planted.py", "from . import labels\n\n__all__ = ['labels']\n", "TID252"),
    ("core/planted.py", "def f(x: list[int] = []) -> list[int]:\n    return x\n", "B006"),
    ("cli/planted.py", "import time\n\nNOW = time.time()\n", "TID251"),
]

ALLOWED = [
    ("clock.py", "import time\n\nNOW = time.time()\n", "TID251"),
    ("cli/planted.py", 'print("hello")\n', "T201"),
]


def rules_broken(module: str, code: str) -> set[str]:
    """Name the rules that ruff sees broken by `code` if it stood at `module`."""
    result = subprocess.run(
        [
            str(RUFF),
            "check",
            "--no-cache",
            "--output-format=concise",
            "--stdin-filename",
            f"aiops_daemon/{module}",
            "-",
        ],
        cwd=ROOT,
        input=code,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode in (0, 1), result.stderr
    return {line.split(": ", 1)[1].split()[0] for line in result.stdout.splitlines() if line.startswith("aiops_daemon")}


@pytest.mark.parametrize(("module", "code", "rule"), PLANTED, ids=[f"{r} in {m}" for m, _, r in PLANTED])
def test_a_planted_fault_is_caught(module: str, code: str, rule: str) -> None:
    """Each forbidden construct breaks the rule that forbids it."""
    assert rule in rules_broken(module, code)


@pytest.mark.parametrize(("module", "code", "rule"), ALLOWED, ids=[f"{r} in {m}" for m, _, r in ALLOWED])
def test_the_one_home_is_allowed(module: str, code: str, rule: str) -> None:
    """The clock may read the time and the command line may print."""
    assert rule not in rules_broken(module, code)
