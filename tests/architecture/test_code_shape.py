"""The shape of the code: small files, small functions, few broad excepts, docstrings, pure imports, tested core."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "aiops_daemon"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)
CORE = [path for path in MODULES if path.is_relative_to(PACKAGE / "core") and path.name != "__init__.py"]

MAX_LINES = 450
MAX_FUNCTION_LINES = 80
MAX_BROAD_EXCEPTS = 3
BROAD = {"Exception", "BaseException"}
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)

# What core may import besides itself and aiops_daemon.errors.
CORE_LIBRARIES = {"numpy", "scipy", "statsmodels"}
CORE_STANDARD = {
    "__future__", "bisect", "calendar", "collections", "copy", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "hashlib", "heapq", "html", "itertools", "json", "math", "numbers", "operator", "re",
    "string", "struct", "textwrap", "types", "typing", "unicodedata", "uuid", "zlib", "zoneinfo",
    "warnings",  # statsmodels warns where we look at its result anyway
}  # fmt: skip


def name(path: Path) -> str:
    """Write a module's path as it stands in the repository."""
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    """Parse a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Yield every absolute name that a module imports, at any depth."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def catches_everything(node: ast.ExceptHandler) -> bool:
    """Tell whether an except clause is bare or names Exception or BaseException."""
    if node.type is None:
        return True
    return any(isinstance(part, ast.Name) and part.id in BROAD for part in ast.walk(node.type))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_small_and_says_what_it_is(path: Path) -> None:
    """A module has a docstring, at most 450 lines, and no function of more than 80."""
    module = tree(path)
    long = [
        f"{node.name}: {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
    ]

    assert ast.get_docstring(module)
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES
    assert long == []


def test_broad_excepts_are_few() -> None:
    """At most three: the supervisor's, the web server's error middleware, the command line's last resort."""
    found = [
        f"{name(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
    ]

    assert len(found) <= MAX_BROAD_EXCEPTS, found


def test_no_module_has_state() -> None:
    """What a module assigns a mutable value to is a constant by name, and nothing is rebound by `global`."""
    found = []
    for path in MODULES:
        module = tree(path)
        found += [f"{name(path)}:{n.lineno} global" for n in ast.walk(module) if isinstance(n, ast.Global)]
        for node in module.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, MUTABLE):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found += [
                    f"{name(path)}:{node.lineno} {target.id}"
                    for target in targets
                    if isinstance(target, ast.Name) and not target.id.isupper() and not target.id.startswith("__")
                ]

    assert found == []


@pytest.mark.parametrize("path", CORE, ids=name)
def test_core_imports_only_what_is_pure(path: Path) -> None:
    """Core imports itself, numpy, scipy, statsmodels and pure parts of the standard library."""
    roots = {imported.split(".")[0] for imported in imports(path)} - {"aiops_daemon"}
    unknown = {root for root in roots if root in sys.stdlib_module_names} - CORE_STANDARD
    foreign = {root for root in roots if root not in sys.stdlib_module_names} - CORE_LIBRARIES
    if path == PACKAGE / "core" / "response" / "calendar.py":  # triggers are pure when they are given the moment
        foreign -= {"apscheduler"}

    assert unknown == set()
    assert foreign == set()


def module_name(path: Path) -> str:
    """Write a module's dotted name; a package's is its folder's."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_core_module_is_tested() -> None:
    """Tests import every module of core, directly or by one that they import: signals, packs, rules near to hand."""
    near = reached_from(ROOT / "tests" / "core") | reached_from(ROOT / "tests" / "properties")
    anywhere = reached_from(ROOT / "tests")
    untested = [
        module_name(path)
        for path in CORE
        if module_name(path) not in (anywhere if path.is_relative_to(PACKAGE / "core" / "model") else near)
    ]

    assert untested == []


def reached_from(folder: Path) -> set[str]:
    """Name the modules that the tests in a folder import, and those that these import in turn."""
    uses = {module_name(path): set(imports(path)) for path in MODULES}
    ahead = {imported for path in folder.rglob("*.py") for imported in imports(path)}
    reached: set[str] = set()
    while ahead:
        found = ahead.pop()
        if found in uses and found not in reached:
            reached.add(found)
            ahead |= uses[found]
    return reached
