"""SLOs from files of any format that we know, told apart by what they say they are.

Enters a file or a folder. Leaves SLOs and warnings, or every fault at once with file, line, column and path. All files
are read together, for OpenSLO's objects refer to each other. Never guesses: a document of no known format is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiops_daemon.config.check_slos import (
    Placed,
    check_rule_labels,
    check_slo_groups,
    check_slo_joins,
    check_slo_names,
    check_slo_service,
    check_slo_sides,
    warn_percent,
)
from aiops_daemon.config.faults import Fault
from aiops_daemon.config.load import Overrides, inspect
from aiops_daemon.config.parse import MAX_BYTES, parse_foreign
from aiops_daemon.config.sloformats import openslo, openslo_alpha, pyrra, sloth
from aiops_daemon.config.sloformats.common import Document
from aiops_daemon.config.tree import Tree
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.signals.burn.windows import impossible_pairs
from aiops_daemon.errors import ConfigError

_ENDINGS = (".yaml", ".yml")
_KNOWN = (
    "slos: (ours), version: prometheus/v1 or apiVersion: sloth.slok.dev/v1 (Sloth), pyrra.dev/v1alpha1 (Pyrra), "
    "openslo/v1 or openslo/v1alpha (OpenSLO)"
)


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read; `warnings` are finished lines, `namespaces` those of Kubernetes' objects, one for each SLO."""

    slos: tuple[SloSpec, ...]
    warnings: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()


def read_slos(
    path: Path, environ: Mapping[str, str], *, like_sloth: bool = False, raw: bytes | None = None
) -> Imported:
    """Read a file, or every YAML file of a folder and those below it; raises ConfigError with every fault.

    `like_sloth`: the rules will have Sloth's names, so that every SLO must name its service. `raw` is read in place of
    the file, as from standard input; faults call it by the path.
    """
    found = _Found(environ)
    if raw is not None:
        found.take(path, raw)
    for file in _files(path) if raw is None else ():
        found.add(file)
    return found.imported(like_sloth=like_sloth)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.suffix in _ENDINGS and file.is_file())
    if not files:
        raise ConfigError((f"{path}: holds no file that ends in .yaml or .yml",), readable=False)
    return files


class _Found:
    """Everything that was read so far."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._readable = True
        self._faults: list[Fault] = []
        self._documents: list[Document] = []  # in the order of the files; faults and SLOs are told in that order
        self._openslo: list[Document] = []

    def add(self, file: Path) -> None:
        """Read one file."""
        try:
            with file.open("rb") as stream:
                raw = stream.read(MAX_BYTES + 1)
        except OSError as error:
            self._faults.append(Fault("", 0, 0, f"cannot be read: {(error.strerror or '').lower()}", file=str(file)))
            self._readable = False
            return
        self.take(file, raw)

    def take(self, file: Path, raw: bytes) -> None:
        """Take what a file holds."""
        for tree, faults in parse_foreign(raw, str(file)):
            for document in _documents(tree, faults):
                self._documents.append(document)
                if _ours(document.tree.root):
                    self._own(document, file, raw)
                elif not document.faults:
                    self._foreign(document)
                document.faults += check_rule_labels(document.tree, own=_ours(document.tree.root))

    def imported(self, *, like_sloth: bool) -> Imported:
        """Return what was read; raises ConfigError with every fault."""
        openslo.import_openslo(self._openslo)
        slos = [
            Placed(document.tree, path, slo)
            for document in self._documents
            for path, slo in zip(document.places, document.slos, strict=True)
        ]
        faults = self._faults + [fault for document in self._documents for fault in document.faults]
        foreign = [one for one in slos if not _ours(one.tree.root)]
        faults += [
            *check_slo_names(slos),
            *check_slo_joins(foreign),
            *check_slo_sides(foreign),
            *check_slo_groups(foreign),
        ]
        if like_sloth:
            faults += [fault for one in slos for fault in check_slo_service(one)]
        if not slos and not faults:
            faults = [Fault("", 0, 0, "no SLO was found", f"known formats: {_KNOWN}")]
        for one in slos:
            said = impossible_pairs(one.slo)
            if one.slo.burn.chosen:
                faults += [one.fault(sentence, "lower its factor or threshold") for sentence in said]
        if faults:
            # A file of ours that holds two documents is read for each of them, and says so each time.
            raise ConfigError(tuple(dict.fromkeys(str(fault) for fault in faults)), readable=self._readable)
        warnings = (str(doubt) for document in self._documents for doubt in warn_percent(document.tree))
        namespaces = tuple(document.namespace for document in self._documents for _ in document.slos)
        return Imported(tuple(one.slo for one in slos), tuple(dict.fromkeys(warnings)), namespaces)

    def _own(self, document: Document, file: Path, raw: bytes) -> None:
        """Read a file of ours, whose variables and words are those of the daemon's configuration."""
        found = inspect(file, environ=self._environ, overrides=Overrides(), files=False, live=False, raw=raw)
        document.faults += found.faults
        if found.loaded is not None:
            for index, slo in enumerate(found.loaded.settings.slos):
                document.add(("slos", index), slo)

    def _foreign(self, document: Document) -> None:
        version = document.text("apiVersion")
        if document.text("version") == sloth.VERSION:
            sloth.import_sloth(document)
        elif (version, document.text("kind")) == (sloth.API_VERSION, sloth.KIND):
            sloth.import_sloth_crd(document)
        elif (version, document.text("kind")) == (pyrra.API_VERSION, pyrra.KIND):
            pyrra.import_pyrra(document)
        elif version == openslo.API_VERSION:
            self._openslo.append(document)
        elif version == openslo_alpha.API_VERSION:
            openslo_alpha.import_openslo_alpha(document)
        else:
            document.fault((), "is of no format that is known here", f"known: {_KNOWN}")


def _documents(tree: Tree, faults: list[Fault]) -> list[Document]:
    """Take a list, as `kubectl get -o yaml` writes it, for the documents that it holds."""
    items = tree.root.get("items")
    if tree.root.get("kind") != "List" or not isinstance(items, list) or faults:
        return [Document(tree, [] if _ours(tree.root) else list(faults))]
    return [
        Document(tree.below(("items", index)))
        if isinstance(item, dict)
        else Document(tree, [tree.fault(("items", index), "is no object", "write what `kubectl get -o yaml` writes")])
        for index, item in enumerate(items)
    ]


def _ours(root: Mapping[str, object]) -> bool:
    return "slos" in root and "version" not in root and "apiVersion" not in root
