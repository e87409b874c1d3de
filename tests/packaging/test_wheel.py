"""The built wheel is whole: it installs into a bare environment and the daemon runs from it, far from the source."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from aiops_daemon import __version__

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {str(path.relative_to(ROOT)) for path in (ROOT / "aiops_daemon").rglob("*") if path.is_file()}


def run(*command: str | Path, cwd: Path, timeout: float) -> str:
    """Run a command in a folder, without the source on its path; return what it prints."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    result = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source archive, and the wheel from it, as a release does."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder, timeout=120)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    """Path of the wheel."""
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a bare environment, install the wheel under the lock file's pins, return its folder of programs."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True)
    pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "install", "--no-compile", "--constraint", ROOT / "requirements.lock", wheel, cwd=folder, timeout=300)
    return folder / "bin"


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """Every file of the package is in it, templates and type marker included, and no test or cache."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert {name for name in SOURCES if "__pycache__" not in name} == names
    assert "aiops_daemon/py.typed" in names


def test_the_source_archive_is_enough(built: Path) -> None:
    """It holds the package, the rules, the example configuration and the licence."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}

    wanted = {
        "aiops_daemon/__main__.py",
        "config.example.yaml",
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "pyproject.toml",
    }
    assert wanted - names == set()


def test_it_says_its_version(bare: Path, tmp_path: Path) -> None:
    """The console script and the module both run."""
    script = run(bare / "aiops-daemon", "version", cwd=tmp_path, timeout=30)
    module = run(bare / "python", "-m", "aiops_daemon", "version", cwd=tmp_path, timeout=30)

    assert script.startswith(f"aiops-daemon {__version__}")
    assert script == module


def test_the_demo_runs_from_it(bare: Path, tmp_path: Path) -> None:
    """In an empty folder the recorded world is replayed, findings are printed, and nothing is left behind."""
    shown = run(
        *(bare / "aiops-daemon", "demo", "--once", "--seconds=3", "--web.listen-address=127.0.0.1:0"),
        cwd=tmp_path,
        timeout=120,
    )

    assert "Found " in shown
    assert "/findings/metrics" in shown
    assert list(tmp_path.iterdir()) == []


def test_only_what_it_needs_is_installed(bare: Path, tmp_path: Path) -> None:
    """No tool for tests or checks comes with the wheel."""
    listed = run(bare / "python", "-m", "pip", "list", "--format=freeze", cwd=tmp_path, timeout=60).lower()

    assert "aiohttp==" in listed
    assert not any(f"{tool}==" in listed for tool in ("pytest", "mypy", "ruff", "hypothesis", "import-linter"))
