"""The reference of all keys as Markdown, made from the models.

docs/configuration.md is this text; a test holds them equal.
"""

from __future__ import annotations

from aiops_daemon.config.outline import Key, keys

_HEAD = """# Configuration

The file given with `--config.file` is YAML. Every key is optional unless it says *Required*. Without a file,
`--prometheus.url=http://host:9090` is enough.

- Durations are written as in Prometheus: `30s`, `5m`, `1h30m`, `7d`. Ratios are 0 to 1; objectives are in percent.
- Every secret `x` may be given as `x_file` instead, a file that is read again on every use. Paths of files and
  folders that are relative begin at the folder of the configuration file (`storage.url`: at the working directory).
- `${NAME}` is replaced by an environment variable where it is the whole value, and left alone everywhere else.
- Words that YAML readers understand differently (`yes`, `no`, `on`, `12:30`, `010`, dates) must be put in quotes.
  Keys may not be repeated. Unknown keys are refused, and so are sections of features that this version lacks.
- `aiops-daemon config check --config.file=FILE` tells every fault with line and column; `config show` prints the
  running configuration with its defaults; `config schema` prints a JSON Schema for editors.

This page is generated: `aiops-daemon config schema -o markdown > docs/configuration.md`.
"""


def markdown() -> str:
    """Write the reference: one table for each section of the file."""
    parts = [_HEAD]
    for section in (key for key in keys() if len(key.path) == 1):
        rows = [key for key in keys() if len(key.path) > 1 and key.path[0] == section.path[0]]
        head = f"\n## `{section.name}`\n\n{section.text}\n\n| key | default | meaning |\n|---|---|---|\n"
        parts.append(head + "".join(_row(key) for key in rows))
    return "".join(parts)


def _row(key: Key) -> str:
    default = f"`{key.default}`" if key.default else ""
    return f"| `{key.name}` | {default} | {key.text.replace('|', chr(92) + '|')} |\n"
