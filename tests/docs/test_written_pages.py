"""Pages written by hand keep to what exists: links, make targets, flags, configuration snippets, scrape snippets."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from aiops_daemon.cli.main import NOUNS, build_parser
from aiops_daemon.config.load import Overrides, inspect

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("helm/**/*.md"), *ROOT.glob("rules/*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"aiops-daemon ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)([^\n`]*)")
_OURS = {"prometheus", "queries", "slos", "config", "rules", "receivers", "templates"}
FLAG = re.compile(r"(?<!\S)(--[a-z][a-z.-]*|-o)\b")


def name(path: Path) -> str:
    """Write a page's path as it stands in the repository."""
    return str(path.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return [text for kind, text in FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield every command of ours that a page tells to type: the noun, and its flags."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for words, rest in COMMAND.findall(text):
        noun = words.split()[0]
        if noun in NOUNS:
            yield words, FLAG.findall(rest)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file that exists."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    dead = [link for link in LINK.findall(text) if "://" not in link and not (page.parent / link).exists()]

    assert [] == dead


def test_the_architecture_names_files_that_exist() -> None:
    """Every module that the page names is there, or it would mislead whoever looks for a decision."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"`([a-z_/]+\.py)`", text))
    lost = {path for path in named if not (ROOT / "aiops_daemon" / path).exists() and not (ROOT / path).exists()}
    arrows = set(re.findall(r"\b(?:flows|edges)/[a-z_]+", text))
    gone = {path for path in arrows if not list((ROOT / "aiops_daemon").glob(f"{path}*"))}

    assert (set(), set()) == (lost, gone)


def test_the_readme_lists_every_make_target() -> None:
    """The README's table and the Makefile name the same targets."""
    made = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)) - {"help"}
    listed = set(re.findall(r"`make ([a-z-]+)`", (ROOT / "README.md").read_text()))

    assert made == listed


def test_the_two_commands_come_first() -> None:
    """Whoever opens the README sees how to try it and how to test it before anything else to type."""
    first = blocks(ROOT / "README.md", "sh")[0].splitlines()

    assert ["make demo", "make test"] == [line.split("#")[0].strip() for line in first]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_exist(page: Path) -> None:
    """Every command of ours on a page is one that the command line knows, with flags that it knows."""
    for words, flags in commands(page):
        noun, *verb = words.split()
        parser = build_parser(noun)
        known = help_of(parser, [noun, *verb]) or help_of(parser, [noun])
        assert known, f"aiops-daemon {words}"
        assert [flag for flag in flags if flag not in known] == [], f"aiops-daemon {words}"


def help_of(parser: object, words: list[str]) -> str:
    """Return the help of a command, empty when there is none such."""
    choices = parser
    for word in words:
        actions = getattr(choices, "_actions", [])
        found = [
            action.choices[word] for action in actions if isinstance(action.choices, dict) and word in action.choices
        ]
        if not found:
            return ""
        choices = found[0]
    return str(choices.format_help())  # type: ignore[attr-defined]


def test_operations_lists_every_flag_of_run() -> None:
    """The table of flags is the command line's own list."""
    parser = build_parser("run")
    text = help_of(parser, ["run"])
    known = set(re.findall(r"--[a-z][a-z.-]+", text)) - {"--help"}
    table = (ROOT / "docs" / "operations.md").read_text().split("## Signals")[0]

    assert known == set(re.findall(r"^\| `(--[a-z.-]+)`", table, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_configuration_snippets_load(page: Path, tmp_path: Path) -> None:
    """Each YAML block that has a section of our configuration is one that the loader takes."""
    for text in blocks(page, "yaml"):
        document = yaml.safe_load(text)
        if not isinstance(document, dict) or not _OURS & set(document):
            continue
        file = tmp_path / "config.yaml"
        document = document.get("config", document)
        file.write_text(yaml.safe_dump(document))
        overrides = Overrides(prometheus_urls=() if "prometheus" in document else ("http://localhost:9090",))
        live = page.name != "slos.md"  # a page on files for `rules generate -i`
        refused = [line for line in faults(file, overrides, live=live) if "cannot be read" not in line]
        assert [] == refused


def faults(file: Path, overrides: Overrides, *, live: bool) -> list[str]:
    """Return what the loader has to say against a file."""
    return [str(fault) for fault in inspect(file, environ={}, overrides=overrides, live=live).faults]


def test_prometheus_takes_the_scrape_snippet(promtool: Path, tmp_path: Path) -> None:
    """The README's scrape configuration is valid, and only the findings keep foreign labels."""
    text = next(text for text in blocks(ROOT / "README.md", "yaml") if "scrape_configs" in text)
    file = tmp_path / "prometheus.yml"
    file.write_text(text)
    result = subprocess.run(
        [str(promtool), "check", "config", str(file)], capture_output=True, text=True, timeout=30, check=False
    )
    jobs = {
        job.get("metrics_path", "/metrics"): job.get("honor_labels", False)
        for job in yaml.safe_load(text)["scrape_configs"]
    }

    assert (0, {"/metrics": False, "/findings/metrics": True}) == (result.returncode, jobs), result.stderr
