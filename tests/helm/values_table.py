"""The chart's values as rows of a table: path, default and description, read from the comments of values.yaml.

Run as a program, it writes the table into the chart's README.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

CHART = Path(__file__).resolve().parents[2] / "helm" / "aiops-daemon"
BEGIN, END = "<!-- values -->\n", "<!-- end of values -->\n"
_KEY = re.compile(r"( *)([A-Za-z]+):")
_LONGEST_DEFAULT = 60


class Row(NamedTuple):
    """One documented value; `path` is dotted."""

    path: str
    default: Any
    description: str


def rows() -> Iterator[Row]:
    """Yield every value that has a comment of its own, marked `# --`."""
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    path: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("# --"):
            comment = [stripped[4:].strip()]
        elif stripped.startswith("#") and comment:
            comment.append(stripped[1:].strip())
        elif match := _KEY.match(line):
            path = [*path[: len(match[1]) // 2], match[2]]
            if comment:
                yield Row(".".join(path), default(values, path), " ".join(comment))
            comment = []
        else:
            comment = []


def default(values: Any, path: list[str]) -> Any:
    """Look a path up in the values."""
    for key in path:
        values = values[key]
    return values


def table() -> str:
    """Render the rows as a Markdown table."""
    lines = ["| value | default | what |", "| --- | --- | --- |"]
    for row in rows():
        shown = json.dumps(row.default)
        shown = f"`{shown}`" if len(shown) <= _LONGEST_DEFAULT else "see values.yaml"
        lines.append(f"| `{row.path}` | {shown} | {row.description} |")
    return "\n".join(lines) + "\n"


def readme() -> str:
    """Render the README with the present table in it."""
    text = (CHART / "README.md").read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    (CHART / "README.md").write_text(readme(), encoding="utf-8")
