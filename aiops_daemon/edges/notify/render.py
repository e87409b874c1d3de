"""Messages into words: sandboxed templates, escaped for their medium, bounded in steps and size, off the loop.

Enters: a Message and the name of a template. Leaves: text, or a TemplateError with file and line. Templates of a
folder replace the built-in ones by name; `email.resolve.html.j2` goes before `email.html.j2` for that event. A
template that loops for ever ends after a number of steps, in a thread of its own: neither the loop nor another channel
waits for it. Text of alerts is data: it is never compiled, and escaped for the medium that it goes to.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    FileSystemLoader,
    PackageLoader,
    Template,
    TemplateNotFound,
)
from jinja2 import TemplateError as JinjaError

from aiops_daemon.core.model.message import Message
from aiops_daemon.edges.notify.sandbox import SUFFIX, Medium, TooMuchError, bounded, environment_of, of_template
from aiops_daemon.edges.notify.wording import Clean, plain, wiki, words
from aiops_daemon.errors import AiopsError
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

_GAP = re.compile(r"\n{3,}")  # what is left between two parts when those between have nothing to say
_CLEANERS: dict[Medium, Clean] = {Medium.WIKI: wiki}


class TemplateError(AiopsError):
    """A template cannot be used; the words name file, line and what is wrong, and hold no value of a message."""

    def __init__(self, words: str, *, file: str = "", line: int = 0) -> None:
        super().__init__(f"{file}:{line}: {words}" if file else words)
        self.words, self.file, self.line = words, file, line


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
            return sorted(file.name for file in Path(self.directory).iterdir() if file.name.endswith(SUFFIX))
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
        self._environments = {medium: environment_of(medium, self.loader) for medium in Medium}

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
    text = bounded(template, words(message, _CLEANERS.get(medium, plain)))
    return _GAP.sub("\n\n", text.strip())


def _names(channel: str, medium: Medium, message: Message) -> list[str]:
    """Return the file names that count, the most special first."""
    suffix = f"{Medium.TEXT if medium is Medium.WIKI else medium}{SUFFIX}"
    return [f"{channel}.{message.event}.{suffix}", f"{channel}.{suffix}"]


def medium_of(file: str) -> Medium:
    """Return the medium of a template by its file name."""
    kind = file.removesuffix(SUFFIX).rpartition(".")[2]
    return Medium(kind) if kind in ("html", "json") else Medium.TEXT


def _told(name: str, write: Callable[[], str]) -> str:
    """Write, or say what is wrong and where: `name` is the template where nothing else tells it."""
    try:
        return write()
    except JinjaError as error:
        raise _error(error, name, getattr(error, "lineno", None) or 0) from None
    except (TooMuchError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise _error(error, name) from None
    except (RecursionError, MemoryError, OSError) as error:
        raise _error(error, name) from None


def _error(error: BaseException, name: str, line: int = 0) -> TemplateError:
    """Find the last line of a template in the traceback, which Jinja rewrites to speak of templates."""
    file = getattr(error, "filename", None) or name
    trace = None if line else error.__traceback__
    while trace is not None:
        if of_template(trace.tb_frame.f_code):
            file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return TemplateError(_said(error), file=name if file.startswith("<") else file, line=line or 1)


def _said(error: BaseException) -> str:
    """Say what is wrong; words of other exceptions could repeat a value, so only their kind is told."""
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name}"
    if isinstance(error, JinjaError | TooMuchError):
        return " ".join(str(getattr(error, "message", None) or error).split())[:300]
    return f"cannot be rendered ({type(error).__name__})"
