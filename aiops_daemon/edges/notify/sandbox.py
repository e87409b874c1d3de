"""The sandbox that templates run in: what they may call, how values are escaped, and how far they may go.

Enters: a loader of templates and a medium. Leaves: an environment of Jinja's for that medium, and text that was written
within a number of steps and characters. Never more than that, whatever a template says: no loop runs on, no text grows
out of proportion, and nothing of Python is reached.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import CodeType, FrameType
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, Template, pass_eval_context
from jinja2.exceptions import SecurityError
from jinja2.filters import do_round, do_tojson
from jinja2.nodes import EvalContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from aiops_daemon.edges.notify.wording import clock_time, duration, moment, sentence

SUFFIX = ".j2"
MOST_STEPS = 200_000  # lines of Python that one rendering may run: 100 ms or so; a built-in template takes 2,000
LARGEST_TEXT = 256 * 1024  # characters
LONGEST_RANGE = 1_000
FILTERS: dict[str, Callable[..., str]] = {
    "moment": moment,
    "clock_time": clock_time,
    "duration": duration,
    "sentence": sentence,
}
_MOST_PLACES = 15  # a float has no more; Jinja's filter takes ten to the power of them
_LARGEST_NUMBER = 10**18  # of a product: one that squares itself again and again would hold up everything
_GROWING = frozenset({"batch", "center", "format", "indent", "replace", "slice", "wordwrap"})  # make much out of little
_GROWING_METHODS = _GROWING | {"expandtabs", "format_map", "join", "ljust", "rjust", "translate", "zfill"}
_GATHERING = frozenset({"lipsum", "namespace"})  # a namespace carries a text from turn to turn, doubling it each time


class Medium(StrEnum):
    """What a text is for, which decides how values are escaped; the suffix of its template but for wiki."""

    TEXT = "txt"
    HTML = "html"
    JSON = "json"
    WIKI = "wiki"  # Jira's notation; its templates end in .txt.j2


class TooMuchError(Exception):
    """A template ran too long or wrote too much."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox that guards against mistakes too: nothing grows out of proportion in one step."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Calculate with numbers only: texts and lists are not multiplied, and no power is taken."""
        if operator == "**" or not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError(f"`{operator}` is not allowed here")
        if operator == "*" and abs(left * right) > _LARGEST_NUMBER:
            raise SecurityError("the number is too large")
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Give no safe form of `format`, whose widths make much out of little: it is refused as an attribute."""
        return None

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Refuse methods of text that make much out of little."""
        grows = isinstance(obj, str | bytes) and attr in _GROWING_METHODS
        return not grows and super().is_safe_attribute(obj, attr, value)


def _range(*bounds: int) -> range:
    """Count as `range` does, up to a limit."""
    numbers = range(*bounds)
    if len(numbers) > LONGEST_RANGE:
        raise SecurityError(f"range is limited to {LONGEST_RANGE} numbers")
    return numbers


def _round(value: float, precision: int = 0, method: str = "common") -> float:
    """Round as Jinja's filter does, to so many places as a float has."""
    if not -_MOST_PLACES <= precision <= _MOST_PLACES:
        raise SecurityError(f"round is limited to {_MOST_PLACES} places")
    return do_round(value, precision, method)  # type: ignore[arg-type]  # it refuses other words itself


@pass_eval_context
def _tojson(context: EvalContext, value: Any) -> Markup:
    """Write JSON as Jinja's filter does, in one line."""
    return do_tojson(context, value)


def _as_json(value: Any) -> Any:
    """Write every value of a JSON template as JSON; what `tojson` wrote already stays."""
    return value if isinstance(value, Markup) else json.dumps(value)


_FINALIZERS: dict[Medium, Callable[[Any], Any]] = {Medium.JSON: _as_json}


def environment_of(medium: Medium, loader: BaseLoader) -> Environment:
    """Make the environment of a medium."""
    made = _Sandbox(
        loader=loader,
        autoescape=medium is Medium.HTML,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_FINALIZERS.get(medium),
        auto_reload=False,
        optimized=False,  # it would work out what is constant while compiling, which nothing bounds
    )
    for name in _GROWING:
        made.filters.pop(name, None)
    for name in _GATHERING:
        made.globals.pop(name, None)
    made.globals["range"] = _range
    made.filters |= FILTERS | {"round": _round, "tojson": _tojson}
    return made


def bounded(template: Template, variables: Mapping[str, Any]) -> str:
    """Write a template with these variables; raises TooMuchError where it goes too far."""
    pieces, size = [], 0
    with _Budget(MOST_STEPS):
        for piece in template.generate(variables):
            size += len(piece)
            if size > LARGEST_TEXT:
                raise TooMuchError(f"writes more than {LARGEST_TEXT} characters")
            pieces.append(piece)
    return "".join(pieces)


def of_template(code: CodeType) -> bool:
    """Say whether code was compiled from a template."""
    return code.co_filename.endswith(SUFFIX) or code.co_filename == "<template>"


class _Budget:
    """Steps that this thread may take: each line of Python counts, so that a loop without output ends too.

    Variables of a template are looked at on the way: a text that is doubled from line to line ends early.

    Counted instead of timed, so that the same template fails on every machine alike.
    """

    def __init__(self, steps: int) -> None:
        self._left = steps

    def __enter__(self) -> None:
        self._before = sys.gettrace()
        sys.settrace(self._step)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _step(self, frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any]:
        self._left -= 1
        if self._left < 0:
            raise TooMuchError(f"runs longer than {MOST_STEPS} steps")
        if of_template(frame.f_code) and any(map(_too_large, frame.f_locals.values())):
            raise TooMuchError(f"gathers more than {LARGEST_TEXT} characters or items")
        return self._step


def _too_large(value: Any) -> bool:
    return isinstance(value, str | list | tuple) and len(value) > LARGEST_TEXT
