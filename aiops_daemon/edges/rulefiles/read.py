"""Alert rules as people wrote them, read from their rule files.

Enters: paths. Leaves: the alerting rules by name, but those of one name with different contents. Never changes a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from aiops_daemon.core.model.durations import parse_duration
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.rulequality import RuleDefinition
from aiops_daemon.errors import RuleFileError


def read_definitions(paths: Iterable[Path]) -> dict[str, RuleDefinition]:
    """Read alerting rules; raises RuleFileError that names the file and what is wrong with it."""
    found: dict[str, set[RuleDefinition]] = {}
    for path in paths:
        for definition in _rules_of(path):
            found.setdefault(definition.name, set()).add(definition)
    return {name: same.pop() for name, same in found.items() if len(same) == 1}


def _rules_of(path: Path) -> list[RuleDefinition]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [_definition(rule) for rule in _alerts(document)]
    except OSError as error:
        raise RuleFileError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RuleFileError(f"{path}: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RuleFileError(f"{path}: no rule file that promtool accepts; run promtool check rules on it") from error


def _alerts(document: Any) -> Iterator[dict[str, Any]]:
    for group in (document or {}).get("groups") or []:
        yield from (rule for rule in group.get("rules") or [] if "alert" in rule)


def _definition(rule: dict[str, Any]) -> RuleDefinition:
    return RuleDefinition(
        str(rule["alert"]),
        str(rule["expr"]).strip(),
        parse_duration(str(rule.get("for") or "0")),
        parse_duration(str(rule.get("keep_firing_for") or "0")),
        make({str(name): str(value) for name, value in (rule.get("labels") or {}).items()}),
        make({str(name): str(value) for name, value in (rule.get("annotations") or {}).items()}),
    )
