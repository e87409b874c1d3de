"""What the importers share: metadata of Kubernetes, refused fields, and a document with its faults.

Enters a parsed document. Leaves it as a model, with a fault for everything unknown (and what it may have been meant to
be) and for everything that its format can say and we cannot. Never ignores a field in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from aiops_daemon.config.explain import explain
from aiops_daemon.config.faults import Fault, Path
from aiops_daemon.config.fields import Real, Section, refusal
from aiops_daemon.config.texts import Name, Text
from aiops_daemon.config.tree import Tree
from aiops_daemon.core.model.labels import Labels, legacy_name, make
from aiops_daemon.core.model.slo import SloSpec

_Model = TypeVar("_Model", bound=Section)


@dataclass(slots=True)
class Document:
    """One document of a file, what is wrong with it, and what it promises."""

    tree: Tree
    faults: list[Fault] = field(default_factory=list)
    slos: list[SloSpec] = field(default_factory=list)
    places: list[Path] = field(default_factory=list)
    """Where each SLO stands in the document."""

    def add(self, path: Path, slo: SloSpec) -> None:
        """Keep an SLO and where it stands."""
        self.places.append(path)
        self.slos.append(slo)

    @property
    def namespace(self) -> str:
        """Return the namespace of an object of Kubernetes; empty where it has none."""
        metadata = self.tree.root.get("metadata")
        found = metadata.get("namespace") if isinstance(metadata, dict) else None
        return found if isinstance(found, str) else ""

    def text(self, key: str) -> str:
        """Return a text at the top of the document; empty when it is none."""
        found = self.tree.root.get(key)
        return found if isinstance(found, str) else ""

    def fault(self, path: Path, message: str, remedy: str = "") -> None:
        """Say what is wrong with a value."""
        self.faults.append(self.tree.fault(path, message, remedy))

    def read(self, model: type[_Model]) -> _Model | None:
        """Read the document as a model; None where that is not possible, which is told."""
        try:
            return model.model_validate(self.tree.root)
        except ValidationError as error:
            self.faults += explain(error.errors(include_url=False), self.tree, model)
            return None


def refused(message: str, remedy: str) -> BeforeValidator:
    """Refuse whatever stands in a field that its format has and we cannot follow."""

    def check(_value: Any) -> Any:
        raise refusal(message, remedy)

    return BeforeValidator(check)


def literally(*allowed: str | bool, otherwise: str, remedy: str) -> BeforeValidator:
    """Allow some values of a field and say why the others are refused."""

    def check(value: Any) -> Any:
        if value not in allowed:
            raise refusal(otherwise, remedy)
        return value

    return BeforeValidator(check)


Percent = Annotated[Real, Field(gt=0, lt=100)]
Given = Annotated[Any, Field()]  # written by Kubernetes itself and of no meaning here


class Camel(Section):
    """A mapping whose keys are written as Kubernetes writes them: `errorQuery`."""

    model_config = ConfigDict(alias_generator=to_camel)


class Metadata(Camel):
    """Metadata of a Kubernetes object."""

    name: Name
    """Required."""

    namespace: Text | None = None
    labels: dict[str, Text] = Field(default={})
    annotations: dict[str, Text] = Field(default={})
    generate_name: Given = None
    creation_timestamp: Given = None
    deletion_timestamp: Given = None
    deletion_grace_period_seconds: Given = None
    self_link: Given = None
    resource_version: Given = None
    uid: Given = None
    generation: Given = None
    managed_fields: Given = None
    owner_references: Given = None
    finalizers: Given = None


def legacy_labels(labels: Mapping[str, str]) -> Labels:
    """Return labels with names that every Prometheus accepts: `app.kubernetes.io/name` has underscores then."""
    return make({legacy_name(name): value for name, value in labels.items()})
