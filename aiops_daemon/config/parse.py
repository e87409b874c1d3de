"""YAML text to a tree of values with places.

Enters text and the environment; leaves a tree and every fault of form: syntax, duplicate keys, words that YAML
readers disagree about, tags, empty values, unset variables. Never constructs objects, never expands an alias
without bound, and never repeats the file's text in a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import yaml

from aiops_daemon.config.faults import Fault, Path, dotted
from aiops_daemon.config.scalars import plain, surprise
from aiops_daemon.config.tree import EnvText, Mark, Tree

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 200_000

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_UNUSABLE = re.compile(r"[\x00\ud800-\udfff]")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ]|$)")
_WRITTEN_BY_KUBERNETES = frozenset({
    "annotations", "creationTimestamp", "deletionTimestamp", "finalizers", "labels", "managedFields", "ownerReferences",
})  # fmt: skip
_PLAIN = "plain"
_OTHER = "other"

_Composed = TypeVar("_Composed")
_Pair: TypeAlias = tuple[yaml.Node, yaml.Node, bool]


class _Nodes(yaml.SafeLoader):
    """Composes nodes without deciding types: `tag` tells plain scalars from the rest and shows explicit tags."""

    depth = 0

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """Mark plain scalars instead of guessing their type."""
        return _PLAIN if kind is yaml.ScalarNode and implicit[0] else _OTHER

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        """Compose one node, refusing depths at which Python itself would give up."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=self.get_mark())
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def parse(raw: bytes, file: str, environ: Mapping[str, str]) -> tuple[Tree, list[Fault]]:
    """Read a whole file; the tree holds what could be read even where there are faults."""
    conversion = _Conversion(file, environ)
    text = _decode(raw, file)
    node = text if isinstance(text, Fault) else _compose(text, file)
    if isinstance(node, Fault):
        return conversion.tree, [node]
    conversion.document(node)
    return conversion.tree, conversion.faults


def parse_foreign(raw: bytes, file: str) -> list[tuple[Tree, list[Fault]]]:
    """Read every document of a file of another program's format, leaving out empty ones.

    Nothing is taken from the environment, and an unquoted date is text, as their documentation writes it.
    """
    text = _decode(raw, file)
    nodes = [text] if isinstance(text, Fault) else _compose_all(text, file)
    found: list[tuple[Tree, list[Fault]]] = []
    for node in nodes:
        if isinstance(node, Fault):
            return [(Tree(file), [node])]
        conversion = _Conversion(file, None)
        conversion.document(node)
        if conversion.tree.root or conversion.faults:
            found.append((conversion.tree, conversion.faults))
    return found


def _decode(raw: bytes, file: str) -> str | Fault:
    if len(raw) > MAX_BYTES:
        return Fault("", 1, 1, f"larger than {MAX_BYTES} bytes", "split the work", file)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _position(raw[: error.start].decode("utf-8", "replace"))
        return Fault("", line, column, "not UTF-8", "save the file as UTF-8", file)


def _position(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _compose(text: str, file: str) -> yaml.Node | Fault | None:
    return _composed(text, file, lambda nodes: nodes.get_single_node())


def _compose_all(text: str, file: str) -> Sequence[yaml.Node | Fault | None]:
    composed = _composed(text, file, _every_node)
    return composed if isinstance(composed, list) else [composed]


def _every_node(nodes: _Nodes) -> list[yaml.Node]:
    found: list[yaml.Node] = []
    while nodes.check_node():
        node = nodes.get_node()
        found += [node] if node is not None else []
    return found


def _composed(text: str, file: str, compose: Callable[[_Nodes], _Composed]) -> _Composed | Fault:
    try:
        nodes = _Nodes(text)
    except yaml.reader.ReaderError as error:
        line, column = _position(text[: error.position])
        return Fault("", line, column, "a control character", "remove it, or write it as an escape in quotes", file)
    try:
        return compose(nodes)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark or nodes.get_mark()
        message, remedy = _syntax(error.problem or "", text[mark.index : mark.index + 1])
        return Fault("", mark.line + 1, mark.column + 1, message, remedy, file)
    except (ValueError, OverflowError):  # PyYAML's own: an escape beyond Unicode, a directive with a huge number
        mark = nodes.get_mark()
        return Fault("", mark.line + 1, mark.column + 1, "an escape or a number is out of range", "correct it", file)


def _syntax(problem: str, found: str) -> tuple[str, str]:
    """Say what is wrong in our words where users often meet it, else in PyYAML's without what it quotes."""
    if "undefined alias" in problem:
        return "no anchor has this name", "put text that begins with `*` in quotes"
    if "another document" in problem:
        return "the file must hold one document", "remove what follows `---`"
    if "cannot start any token" in problem:
        what = "a tab cannot indent" if found == "\t" else "text cannot begin with this character"
        return what, "use spaces" if found == "\t" else "put it in quotes"
    return f"no valid YAML: {_QUOTED.sub(_without_content, problem)}", "check indentation, colons and quotes here"


def _without_content(quoted: re.Match[str]) -> str:
    """Keep single characters and names of tokens, as `<block end>`; all else could be the file's text."""
    text = quoted[0]
    return text if len(text) <= len("'x'") or text[1] == "<" else "..."


def _unset_by_kubernetes(path: Path, key: str, node: yaml.Node) -> bool:
    """Say whether a program left out what it has not got: `creationTimestamp: null`, as no person would write it."""
    written = key == "status" or (path[-1:] == ("metadata",) and key in _WRITTEN_BY_KUBERNETES)
    return written and isinstance(node, yaml.ScalarNode) and node.tag == _PLAIN and plain(node.value) is None


class _Conversion:
    """One pass from nodes to values, collecting places and faults."""

    def __init__(self, file: str, environ: Mapping[str, str] | None) -> None:
        self.tree = Tree(file)
        self.faults: list[Fault] = []
        self._environ = environ
        self._open: set[int] = set()  # nodes being converted: meeting one again is an endless alias
        self._count = 0

    def document(self, node: yaml.Node | None) -> None:
        """Convert the root, which must be a mapping; an empty file is an empty mapping."""
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == _PLAIN and plain(node.value) is None):
            return
        if isinstance(node, yaml.MappingNode):
            self.tree.root.update(self._convert(node, ()) or {})
        else:
            self._fault(node, (), "the file must be a mapping", "begin with a section such as `prometheus:`")

    def _fault(self, node: yaml.Node, path: Path, message: str, remedy: str) -> None:
        self.tree.values.setdefault(path, self._mark(node))
        self.tree.unread.add(path)
        self.faults.append(self.tree.fault(path, message, remedy))

    def _mark(self, node: yaml.Node) -> Mark:
        return Mark(self.tree.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _convert(self, node: yaml.Node, path: Path) -> Any:
        self.tree.values[path] = self._mark(node)
        self._count += 1
        if self._count > MAX_VALUES or len(path) > MAX_DEPTH or id(node) in self._open:
            if self._count <= MAX_VALUES + 1:
                self._fault(node, path, "aliases make the file too large or endless", "write the values out")
            self._count = max(self._count, MAX_VALUES + 1)
            return None
        if node.tag not in (_PLAIN, _OTHER):
            self._fault(node, path, "tags (!...) are not supported", "remove the tag; quote what is text")
            return None
        self._open.add(id(node))
        value = self._by_kind(node, path)
        self._open.discard(id(node))
        return value

    def _by_kind(self, node: yaml.Node, path: Path) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._convert(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        text: str = node.value
        if _UNUSABLE.search(text):
            self._fault(node, path, "holds a NUL or half a surrogate pair", "remove it")
            return ""
        variable = _VARIABLE.fullmatch(text)
        if variable and self._environ is not None:
            return self._variable(node, path, self._environ, variable.group(1))
        if node.tag != _PLAIN or (self._environ is None and _DATE.match(text)):
            return text
        refusal = surprise(text)
        if refusal:
            self._fault(node, path, *refusal)
            return text
        value = plain(text)
        if value is None:
            self._fault(node, path, "has no value", "give it one, or remove the key")
        return value

    def _variable(self, node: yaml.Node, path: Path, environ: Mapping[str, str], name: str) -> Any:
        text = environ.get(name)
        if text is None:
            self._fault(node, path, f"the environment has no variable {name}", "set it, or write the value here")
            return None
        if _UNUSABLE.search(text):
            self._fault(node, path, f"the variable {name} is no valid text", "set it to UTF-8 text")
            return None
        return EnvText(text)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node, merged in self._pairs(node, path):
            key = self._key(key_node, path)
            if key is None or (merged and key in values):
                continue
            if self._environ is None and _unset_by_kubernetes(path, key, value_node):
                continue
            at = (*path, key)
            if key in values:
                self.faults.append(self._duplicate(key_node, at))
                continue
            self.tree.keys[at] = self._mark(key_node)
            values[key] = self._convert(value_node, at)
        return values

    def _pairs(self, node: yaml.MappingNode, path: Path, *, merged: bool = False) -> Iterator[_Pair]:
        """Yield a mapping's own pairs, then what `<<` brings, so that its own keys win."""
        sources: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _PLAIN and key_node.value == "<<":
                sources += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
            else:
                yield key_node, value_node, merged
        for source in sources:
            self._count += 1
            if not isinstance(source, yaml.MappingNode) or id(source) in self._open or self._count > MAX_VALUES:
                self._key_fault(source, path, "`<<` needs another mapping", "name an anchor of one: `<<: *name`")
                continue
            self._open.add(id(source))
            yield from self._pairs(source, path, merged=True)
            self._open.discard(id(source))

    def _duplicate(self, node: yaml.Node, path: Path) -> Fault:
        mark = self._mark(node)
        words = f"the key is given twice, first on line {self.tree.keys[path].line}"
        return Fault(dotted(path), mark.line, mark.column, words, "remove one", mark.file)

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        if not isinstance(node, yaml.ScalarNode) or node.tag not in (_PLAIN, _OTHER) or _UNUSABLE.search(node.value):
            self._key_fault(node, path, "a key must be text", "write one word before the colon")
            return None
        if node.tag == _PLAIN:
            refusal = surprise(node.value)
            if refusal or not isinstance(plain(node.value), str):
                message = refusal[0] if refusal else "a key must be text"
                self._key_fault(node, path, message, "put the key in quotes")
                return None
        return str(node.value)

    def _key_fault(self, node: yaml.Node, path: Path, message: str, remedy: str) -> None:
        mark = self._mark(node)
        self.faults.append(Fault(dotted(path), mark.line, mark.column, message, remedy, mark.file))
