"""Messages into words: sandboxed templates, escaped for their medium, bounded in steps and size, off the loop.

Enters: a Message and the name of a template. Leaves: text, or a TemplateError with file and line. Templates of a
folder replace the built-in ones by name; `email.resolve.html.j2` goes before `email.html.j2` for that event. A
template that loops for ever ends after a number of steps, in a thread of its own: neither the loop nor another channel
waits for it. Text of alerts is data: it is never compiled, and escaped for the medium that it goes to.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    pass_eval_context,
)
from jinja2 import TemplateError as JinjaError
from jinja2.exceptions import SecurityError
from jinja2.filters import do_round, do_tojson
from jinja2.nodes import EvalContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from aiops_daemon.core.model.message import Message
from aiops_daemon.edges.notify.wording import Clean, clock_time, duration, moment, plain, sentence, wiki, words
from aiops_daemon.errors import AiopsError
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

MOST_STEPS = 200_000  # lines of Python that one rendering may run: 100 ms or so; a built-in template takes 2,000
LARGEST_TEXT = 256 * 1024  # characters
LONGEST_RANGE = 1_000
_SUFFIX = ".j2"
_GAP = re.compile(r"\n{3,}")  # what is left between two parts when those between have nothing to say
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


class TemplateError(AiopsError):
    """A template cannot be used; the words name file, line and what is wrong, and hold no value of a message."""

    def __init__(self, words: str, *, file: str = "", line: int = 0) -> None:
        super().__init__(f"{file}:{line}: {words}" if file else words)
        self.words, self.file, self.line = words, file, line


class _TooMuchError(Exception):
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
_CLEANERS: dict[Medium, Clean] = {Medium.WIKI: wiki}


def _environment(medium: Medium, loader: BaseLoader) -> Environment:
    environment = _Sandbox(
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
        environment.filters.pop(name, None)
    for name in _GATHERING:
        environment.globals.pop(name, None)
    environment.globals["range"] = _range
    environment.filters |= FILTERS | {"round": _round, "tojson": _tojson}
    return environment


class Renderer:
    """All templates of one configuration.

    Where a template of the folder or of the configuration fails, the built-in one speaks, and the log tells: a
    misspelt word costs nobody a page.
    """

    def __init__(self, directory: str = "") -> None:
        self.directory = directory
        self._built_in = _Library(PackageLoader("aiops_daemon.edges.notify"))
        self._own = _Library(FileSystemLoader(directory), self._built_in) if directory else None
        self._threads: ThreadPoolExecutor | None = None

    async def render(self, channel: str, medium: Medium, message: Message, inline: str = "") -> str:
        """Write a message by the template of a channel, such as email or jira.summary.

        `inline` is a template that stands in the configuration and goes before. Raises TemplateError where there is
        no built-in template to fall back to.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(2, "templates")
        write = partial(self.write, channel, medium, message, inline)
        return await asyncio.get_running_loop().run_in_executor(self._threads, write)

    async def close(self) -> None:
        """Let go of the threads; idempotent."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    def replaces(self, channel: str, medium: Medium, message: Message) -> bool:
        """Say whether the folder has a template of this name."""
        return self._own is not None and self._own.has(channel, medium, message)

    def write(self, channel: str, medium: Medium, message: Message, inline: str = "") -> str:
        """Do what `render` does, here and now."""
        try:
            if inline:
                return self.write_inline(inline, channel, medium, message)
            if self._own is not None:
                return self._own.write(channel, medium, message)
        except TemplateError as error:
            if not self._built_in.has(channel, medium, message):
                raise
            log.error("template failed; the built-in one is used", extra=fields(template=channel, err=error))  # noqa: TRY400
        return self._built_in.write(channel, medium, message)

    def write_own(self, channel: str, medium: Medium, message: Message) -> str:
        """Write by the folder's templates without falling back; raises TemplateError."""
        return (self._own or self._built_in).write(channel, medium, message)

    def write_inline(self, source: str, place: str, medium: Medium, message: Message) -> str:
        """Write by a template of the configuration without falling back; raises TemplateError."""
        return (self._own or self._built_in).write_inline(source, place, medium, message)

    def files(self) -> list[str]:
        """List the templates of the folder; raises TemplateError when it cannot be read."""
        try:
            return sorted(file.name for file in Path(self.directory).iterdir() if file.name.endswith(_SUFFIX))
        except OSError as error:
            raise TemplateError(f"cannot be read: {(error.strerror or '').lower()}", file=self.directory) from None

    def compile(self, file: str) -> None:
        """Compile one template of the folder; raises TemplateError."""
        (self._own or self._built_in).compile(file)


class _Library:
    """Templates of one place, compiled for each medium; what another library has may be included."""

    def __init__(self, loader: BaseLoader, other: _Library | None = None) -> None:
        self._first = loader
        self.loader: BaseLoader = ChoiceLoader([loader, other.loader]) if other else loader
        self._environments = {medium: _environment(medium, self.loader) for medium in Medium}

    def has(self, channel: str, medium: Medium, message: Message) -> bool:
        """Say whether it has a template of its own for this."""
        own = set(self._first.list_templates())
        return not own.isdisjoint(_names(channel, medium, message))

    def write(self, channel: str, medium: Medium, message: Message) -> str:
        """Write; raises TemplateError."""
        names, environment = _names(channel, medium, message), self._environments[medium]
        return _told(names[-1], lambda: _write(environment.select_template(names), medium, message))

    def write_inline(self, source: str, place: str, medium: Medium, message: Message) -> str:
        """Write by a template given as text; raises TemplateError."""
        environment = self._environments[medium]
        return _told(place, lambda: _write(environment.from_string(source), medium, message))

    def compile(self, file: str) -> None:
        """Compile; raises TemplateError."""
        environment = self._environments[medium_of(file)]
        _told(file, lambda: str(environment.get_template(file).name))


def _write(template: Template, medium: Medium, message: Message) -> str:
    variables = words(message, _CLEANERS.get(medium, plain))
    pieces, size = [], 0
    with _Budget(MOST_STEPS):
        for piece in template.generate(variables):
            size += len(piece)
            if size > LARGEST_TEXT:
                raise _TooMuchError(f"writes more than {LARGEST_TEXT} characters")
            pieces.append(piece)
    return _GAP.sub("\n\n", "".join(pieces).strip())


def _names(channel: str, medium: Medium, message: Message) -> list[str]:
    """Return the file names that count, the most special first."""
    suffix = f"{Medium.TEXT if medium is Medium.WIKI else medium}{_SUFFIX}"
    return [f"{channel}.{message.event}.{suffix}", f"{channel}.{suffix}"]


def medium_of(file: str) -> Medium:
    """Return the medium of a template by its file name."""
    kind = file.removesuffix(_SUFFIX).rpartition(".")[2]
    return Medium(kind) if kind in ("html", "json") else Medium.TEXT


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
            raise _TooMuchError(f"runs longer than {MOST_STEPS} steps")
        if _of_template(frame.f_code) and any(map(_too_large, frame.f_locals.values())):
            raise _TooMuchError(f"gathers more than {LARGEST_TEXT} characters or items")
        return self._step


def _too_large(value: Any) -> bool:
    return isinstance(value, str | list | tuple) and len(value) > LARGEST_TEXT


def _told(name: str, write: Callable[[], str]) -> str:
    """Write, or say what is wrong and where: `name` is the template where nothing else tells it."""
    try:
        return write()
    except JinjaError as error:
        raise _error(error, name, getattr(error, "lineno", None) or 0) from None
    except (_TooMuchError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise _error(error, name) from None
    except (RecursionError, MemoryError, OSError) as error:
        raise _error(error, name) from None


def _error(error: BaseException, name: str, line: int = 0) -> TemplateError:
    """Find the last line of a template in the traceback, which Jinja rewrites to speak of templates."""
    file = getattr(error, "filename", None) or name
    trace = None if line else error.__traceback__
    while trace is not None:
        if _of_template(trace.tb_frame.f_code):
            file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return TemplateError(_said(error), file=name if file.startswith("<") else file, line=line or 1)


def _of_template(code: CodeType) -> bool:
    return code.co_filename.endswith(_SUFFIX) or code.co_filename == "<template>"


def _said(error: BaseException) -> str:
    """Say what is wrong; words of other exceptions could repeat a value, so only their kind is told."""
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name}"
    if isinstance(error, JinjaError | _TooMuchError):
        return " ".join(str(getattr(error, "message", None) or error).split())[:300]
    return f"cannot be rendered ({type(error).__name__})"
