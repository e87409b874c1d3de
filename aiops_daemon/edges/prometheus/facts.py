"""What a server says of itself: the types of its metrics, and how long it keeps samples.

Enters: bodies of /api/v1/metadata and /api/v1/status/runtimeinfo. Leaves: plain values.
"""

from __future__ import annotations

import msgspec

from aiops_daemon.core.model.durations import parse_duration
from aiops_daemon.edges.prometheus.envelope import data_of, malformed


class _Metadata(msgspec.Struct):
    type: str = ""


class _Runtime(msgspec.Struct):
    storageRetention: str = ""  # noqa: N815 - the API's own name


async def metric_types(body: bytearray) -> dict[str, str]:
    """Decode types by metric family; of a family that targets disagree about nothing is said. Raises SourceError."""
    data, _, _ = data_of(body)
    try:
        found = msgspec.json.decode(data, type=dict[str, list[_Metadata]])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(body) from None
    types = {name: {one.type for one in each} for name, each in found.items()}
    return {name: each.pop() for name, each in types.items() if len(each) == 1}


async def retention_seconds(body: bytearray) -> float | None:
    """Decode how long samples are kept: `15d`, or `15d or 10GiB`; None where that is not said. Raises SourceError."""
    data, _, _ = data_of(body)
    try:
        told = msgspec.json.decode(data, type=_Runtime).storageRetention
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(body) from None
    for part in told.split(" or "):
        try:
            return parse_duration(part.strip()) or None
        except ValueError:
            continue
    return None
