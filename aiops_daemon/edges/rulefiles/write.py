"""Put generated rule files in place, all of them or none.

Enters: rule files with their unit tests, and a folder. Leaves: the folder with exactly these files of ours; files
without our header are never touched. Everything is written and checked in a staging folder first, so a refusal
leaves all as it was.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiops_daemon.core.model.hourly import Watched
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.rules.bands import file_stem
from aiops_daemon.core.rules.document import Document, RuleFile
from aiops_daemon.core.rules.generate import generate
from aiops_daemon.edges.durable import sync_directory
from aiops_daemon.edges.rulefiles.render import HEADER, render
from aiops_daemon.errors import RuleFileError
from aiops_daemon.ports import RuleChecker, RuleVerdict

TESTS = "tests"
FAMILY = "aiops-"  # how names of our files begin
_STAGING = ".aiops-staging-"
_MARK = HEADER.split("(", maxsplit=1)[0]  # what tells our files, whatever version wrote them
_WORDS = 4000  # characters of the checker's output in an error


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: paths now in place, those that changed, those removed, and the verdict."""

    paths: tuple[Path, ...]
    changed: tuple[Path, ...]
    removed: tuple[Path, ...]
    verdict: RuleVerdict


@dataclass(frozen=True, slots=True)
class _Others:
    """Which files of ours are looked at besides those written, and which of them stay."""

    family: str
    keep: frozenset[str]


async def write_rule_files(
    directory: Path, settings: Settings, watched: Watched, checker: RuleChecker
) -> tuple[RuleFile, ...]:
    """Generate the rules of what is watched and of all SLOs into `directory`; returns the files now in place."""
    files = generate(settings, watched.queries, settings.slos, watched.books)
    keep = [f"{file_stem(settings, source)}.yaml" for source in watched.waiting]
    await write_rules(directory, files, checker, keep=[*keep, *(f"{TESTS}/{name[:-5]}_test.yaml" for name in keep)])
    return files


async def write_rules(
    directory: Path,
    files: Sequence[RuleFile],
    checker: RuleChecker,
    *,
    slow: bool = False,
    family: str = FAMILY,
    keep: Collection[str] = (),
) -> Written:
    """Check `files` and move them into `directory`; raises RuleFileError and changes nothing when refused.

    `slow`: unit tests that tell of days are run too, which takes half a minute each. Files of ours whose names begin
    with `family` and that are not among `files` or in `keep` are removed.
    """
    try:
        staging = await asyncio.to_thread(_stage, directory, files)
    except OSError as error:
        raise RuleFileError(f"{directory}: cannot write rule files: {error.strerror}") from error
    try:
        verdict = await _checked(staging, files, checker, slow)
        return await asyncio.to_thread(_install, staging, directory, files, verdict, _Others(family, frozenset(keep)))
    except OSError as error:
        raise RuleFileError(f"{directory}: cannot replace rule files: {error.strerror}") from error
    finally:
        await asyncio.to_thread(shutil.rmtree, staging, ignore_errors=True)


async def check_rules(files: Sequence[RuleFile], checker: RuleChecker, *, slow: bool = False) -> RuleVerdict:
    """Check `files` without putting them anywhere; raises RuleFileError when refused."""
    with tempfile.TemporaryDirectory(prefix="aiops-rules-") as folder:
        staging = await asyncio.to_thread(_stage, Path(folder), files)
        return await _checked(staging, files, checker, slow)


async def _checked(staging: Path, files: Sequence[RuleFile], checker: RuleChecker, slow: bool) -> RuleVerdict:
    verdict = await checker.check(
        [staging / file.file_name for file in files],
        [staging / file.test_name for file in files if not file.slow or slow],
    )
    if not verdict.accepted:
        told = verdict.output.replace(f"{staging}{os.sep}", "").strip()
        raise RuleFileError(f"rule files refused: {told[:_WORDS]}")
    return verdict


def _stage(directory: Path, files: Sequence[RuleFile]) -> Path:
    """Write everything beside its later place: only within one file system is a replacement atomic."""
    directory.mkdir(parents=True, exist_ok=True)
    for left in directory.glob(f"{_STAGING}*"):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=directory))
    (staging / TESTS).mkdir()
    for file in files:
        _write(staging / file.file_name, render(file.document))
        _write(staging / file.test_name, render(file.test_document))
    return staging


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    path.chmod(0o644)


def _install(
    staging: Path, directory: Path, files: Sequence[RuleFile], verdict: RuleVerdict, others: _Others
) -> Written:
    names = [name for file in files for name in (file.test_name, file.file_name)]
    foreign = [name for name in names if (directory / name).exists() and not _ours(directory / name)]
    if foreign:
        raise RuleFileError(f"{directory / foreign[0]} is not ours: it lacks our header, so it is not replaced")
    (directory / TESTS).mkdir(exist_ok=True)
    changed = [name for name in names if _differs(staging / name, directory / name)]
    for name in changed:
        (staging / name).replace(directory / name)
    kept = {directory / name for name in (*names, *others.keep)}
    removed = [path for path in _own_files(directory, others.family) if path not in kept]
    for path in removed:
        path.unlink(missing_ok=True)
    sync_directory(directory)
    return Written(
        tuple(directory / file.file_name for file in files),
        tuple(directory / name for name in changed),
        tuple(removed),
        verdict,
    )


async def write_documents(
    directory: Path, documents: Mapping[str, Document], *, family: str = FAMILY
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Write documents by file name, each in one step; raises RuleFileError, and never replaces what is not ours.

    Returns the paths now in place and those removed: files of ours beside them whose names begin with `family` and that
    are none of them, for whoever applies the folder would bring back what nothing generates any more.
    """
    try:
        return await asyncio.to_thread(_put, directory, documents, family)
    except OSError as error:
        raise RuleFileError(f"{directory}: cannot write files: {error.strerror}") from error


def _put(directory: Path, documents: Mapping[str, Document], family: str) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    for name in documents:
        if (directory / name).exists() and not _ours(directory / name):
            raise RuleFileError(f"{directory / name} is not ours: it lacks our header, so it is not replaced")
    for name, document in documents.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = path.with_name(f"{_STAGING}{path.name}")
        _write(staged, render(document))
        staged.replace(path)
    put = tuple(directory / name for name in documents)
    beside = sorted({path.parent for path in put})
    removed = tuple(path for path in _own_files(directory, family) if path.parent in beside and path not in put)
    for path in removed:
        path.unlink(missing_ok=True)
    return put, removed


def _differs(new: Path, old: Path) -> bool:
    return not old.exists() or new.read_bytes() != old.read_bytes()


def _own_files(directory: Path, family: str) -> list[Path]:
    candidates = [*directory.glob(f"{family}*.yaml"), *(directory / TESTS).glob(f"{family}*_test.yaml")]
    return sorted(path for path in candidates if path.is_file() and _ours(path))


def _ours(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_MARK)) == _MARK.encode()
