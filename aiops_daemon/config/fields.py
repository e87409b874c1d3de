"""The kinds of values that configuration fields take: numbers, durations, sizes, moments, choices, secrets.

Each turns what the file says into the value the daemon works with, or refuses it with a message and a remedy.
None of them puts the refused value into its message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    SecretStr,
)
from pydantic_core import CoreSchema, PydanticCustomError

from aiops_daemon.config.faults import did_you_mean
from aiops_daemon.config.scalars import plain
from aiops_daemon.config.tree import EnvText
from aiops_daemon.core.model.durations import PATTERN, parse_duration, prometheus_duration

HIDDEN = "<secret>"

_Item = TypeVar("_Item")
_SIZE = re.compile(r"([0-9]{1,9})(B|[KMGT]i?B)")
_SIZE_UNITS = {"B": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_LAST_MOMENT = 4_102_444_800.0  # 2100-01-01T00:00:00Z


class Section(BaseModel):
    """A mapping of the file: unknown keys are refused, nothing is converted silently, nothing changes later."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )


def refusal(message: str, remedy: str = "") -> PydanticCustomError:
    """Make the error that a field raises when it refuses a value."""
    return PydanticCustomError("refused", "{message}", {"message": message, "remedy": remedy})


def one_of(words: Iterable[str]) -> str:
    """Write `a, b or c`."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def choice(*allowed: str, later: tuple[str, ...] = ()) -> BeforeValidator:
    """Allow a closed set of words; those of `later` belong to features that are not built yet."""

    def check(value: Any) -> Any:
        if isinstance(value, str) and value in later:
            raise refusal("not built yet in this version", f"write {one_of(allowed)}, or remove it")
        if value not in allowed:
            raise refusal(f"must be {one_of(allowed)}", did_you_mean(value, allowed) if isinstance(value, str) else "")
        return str(value)

    return BeforeValidator(check, json_schema_input_type=Literal.__getitem__(allowed))


def unique(items: list[_Item]) -> list[_Item]:
    """Pass a list in which nothing is repeated."""
    if any(item in items[:index] for index, item in enumerate(items)):
        raise refusal("holds something twice", "remove the repetition")
    return items


def _number(value: Any) -> Any:
    """Let a number field take the number that `${NAME}` stands for."""
    if isinstance(value, EnvText):
        number = plain(value)
        return value if number is None else number
    return value


@dataclass(frozen=True, slots=True)
class CountIn:
    """A whole number within bounds."""

    least: int
    most: int

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        bounds = Field(ge=self.least, le=self.most)
        taken = Annotated[int, bounds]
        return handler.generate_schema(
            Annotated[int, bounds, BeforeValidator(_number, json_schema_input_type=taken)],
        )


@dataclass(frozen=True, slots=True)
class DurationIn:
    """A duration within bounds; its value is seconds."""

    least: str
    most: str

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        form = Annotated[str, Field(pattern=PATTERN)]
        return handler.generate_schema(
            Annotated[
                float,
                BeforeValidator(self._read, json_schema_input_type=form),
                PlainSerializer(prometheus_duration, return_type=str),
            ],
        )

    def _read(self, value: Any) -> float:
        try:
            seconds = parse_duration(value) if isinstance(value, str) else None
        except ValueError:
            seconds = None
        if seconds is None:
            raise refusal("is no duration", "write a number with a unit: 30s, 5m, 1h30m, 7d")
        if not parse_duration(self.least) <= seconds <= parse_duration(self.most):
            raise refusal(f"must be {self.least} to {self.most}")
        return seconds


@dataclass(frozen=True, slots=True)
class SizeIn:
    """A size within bounds; its value is bytes. KB and KiB are both 1024 bytes, as in Prometheus."""

    least: int
    most: int

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        form = Annotated[str, Field(pattern=f"^{_SIZE.pattern}$")]
        return handler.generate_schema(
            Annotated[
                int,
                BeforeValidator(self._read, json_schema_input_type=form),
                PlainSerializer(_size_text, return_type=str),
            ],
        )

    def _read(self, value: Any) -> int:
        match = _SIZE.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise refusal("is no size", "write a number with a unit: 512KB, 256MB, 1GB")
        size = int(match.group(1)) * _SIZE_UNITS[match.group(2)[0]]
        if not self.least <= size <= self.most:
            raise refusal(f"must be {_size_text(self.least)} to {_size_text(self.most)}")
        return size


def _size_text(size: int) -> str:
    unit = next((unit for unit in "TGMK" if size and size % _SIZE_UNITS[unit] == 0), "")
    return f"{size // _SIZE_UNITS[unit or 'B']}{unit}B"


def _moment(value: Any) -> float:
    remedy = 'write "2026-11-23T09:00:00Z", in quotes and with Z or an offset'
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise refusal("is no RFC 3339 time", remedy)
    try:
        moment = datetime.fromisoformat(value).timestamp()
    except ValueError:
        raise refusal("is no time that exists", remedy) from None
    if not 0 <= moment < _LAST_MOMENT:
        raise refusal("lies outside the years 1970 to 2099", remedy)
    return moment


def _moment_text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


def _hidden(_secret: object) -> str:
    return HIDDEN


Flag = Annotated[bool, BeforeValidator(_number, json_schema_input_type=bool)]
Real = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_number, json_schema_input_type=float)]
Share = Annotated[
    float,
    Field(ge=0, allow_inf_nan=False),
    BeforeValidator(_number, json_schema_input_type=Annotated[float, Field(ge=0)]),
]
Moment = Annotated[
    float,
    BeforeValidator(_moment, json_schema_input_type=str),
    PlainSerializer(_moment_text, return_type=str),
]
SecretText = Annotated[SecretStr, PlainSerializer(_hidden, return_type=str)]
