"""The example and the reference list exactly the keys that the models have."""

import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from aiops_daemon.config.load import Overrides, inspect
from aiops_daemon.config.model import Document
from aiops_daemon.config.outline import Key, keys
from aiops_daemon.config.parse import Tree, parse
from aiops_daemon.config.reference import markdown
from aiops_daemon.config.show import schema

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.yaml"
_SWITCHED_OFF = re.compile(r"^( *)#(?=[A-Za-z_-]+:)", re.MULTILINE)


def _everything() -> str:
    return _SWITCHED_OFF.sub(r"\1", EXAMPLE.read_text())


def test_the_example_is_valid() -> None:
    """The example loads as it stands, without a warning."""
    found = inspect(EXAMPLE, environ={}, overrides=Overrides())

    assert ((), ()) == (found.faults, found.warnings)


@pytest.fixture(scope="module")
def example() -> Tree:
    """Everything that stands in the example, switched on or off."""
    tree, faults = parse(_everything().encode(), "example", dict.fromkeys(re.findall(r"\w+", _everything()), "x"))

    assert [] == faults
    return tree


@pytest.mark.parametrize("key", keys(), ids=lambda key: key.name)
def test_the_example_has_every_key(key: Key, example: Tree) -> None:
    """Every key stands in the example, switched on or off."""
    assert list(example.find(key.path))


def test_the_example_has_no_other_key(tmp_path: Path) -> None:
    """What is switched off in the example is known too; only alternatives collide."""
    file = tmp_path / "config.yaml"
    file.write_text(_everything())
    environ = dict.fromkeys(re.findall(r"\w+", _everything()), "x" * 16)

    found = inspect(file, environ=environ, overrides=Overrides(), files=False)

    said = {" ".join(fault.message.split()[:3]) for fault in found.faults}
    assert {"at most one", "exactly one of", "a threshold is", "belongs to native"} == said


def test_the_reference_is_what_the_models_say() -> None:
    """docs/configuration.md is regenerated with `aiops-daemon config schema -o markdown`."""
    assert markdown() == (ROOT / "docs" / "configuration.md").read_text()


@pytest.mark.parametrize("key", keys(), ids=lambda key: key.name)
def test_every_key_is_explained(key: Key) -> None:
    """Every key has a sentence that ends in a full stop, and one that is required says so."""
    assert key.text.endswith(".")
    assert key.required == ("Required" in key.text)


def test_the_example_satisfies_the_schema() -> None:
    """What the schema tells editors agrees with what the loader takes, and refuses a misspelt word as it does."""
    example = yaml.safe_load(EXAMPLE.read_text())
    validator = Draft202012Validator(schema())

    assert [] == [error.message for error in validator.iter_errors(example)]
    example["queries"][0]["direction"] = "upp"
    example["queries"][0]["interval"] = "60"
    assert [["queries", 0, "direction"], ["queries", 0, "interval"]] == [
        list(error.absolute_path) for error in validator.iter_errors(example)
    ]


def test_the_schema_describes_every_section() -> None:
    """The JSON Schema has the sections of the file, described, and refuses others."""
    described = schema()

    assert sorted(field.alias or name for name, field in Document.model_fields.items()) == sorted(
        described["properties"]
    )
    assert described["additionalProperties"] is False
    assert all(
        "description" in field for model in described["$defs"].values() for field in model["properties"].values()
    )
