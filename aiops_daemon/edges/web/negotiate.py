"""Content negotiation of the two metrics pages (RFC 9110, 12.5).

Enters: Accept and Accept-Encoding headers. Leaves: which of our two formats, and whether gzip. Never refuses:
who accepts neither format gets text 0.0.4, as Prometheus' own libraries do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Offer:
    media: str
    version: str


_TEXT = _Offer("text/plain", "0.0.4")
_OPENMETRICS = _Offer("application/openmetrics-text", "1.0.0")
_Match = tuple[float, int]  # quality, specificity


def wants_openmetrics(accept: str) -> bool:
    """Tell whether OpenMetrics 1.0.0 is preferred: the higher quality wins, then the more exact range, then text."""
    ranges = list(_ranges(accept))
    return _best(ranges, _OPENMETRICS) > _best(ranges, _TEXT)


def wants_gzip(accept_encoding: str) -> bool:
    """Tell whether gzip is acceptable and not less welcome than no coding at all."""
    qualities = {name: quality for name, _, quality in _ranges(accept_encoding)}
    gzip = max((qualities[name] for name in ("gzip", "x-gzip") if name in qualities), default=qualities.get("*", 0.0))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _ranges(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield name, parameters and quality of each element; elements with a malformed quality are left out."""
    for element in header.lower().split(","):
        name, *rest = (part.strip() for part in element.split(";"))
        parameters = {key.strip(): value.strip().strip('"') for key, _, value in (part.partition("=") for part in rest)}
        quality = _quality(parameters.pop("q", "1"))
        if name and quality is not None:
            yield name, parameters, quality


def _quality(text: str) -> float | None:
    try:
        quality = float(text)
    except ValueError:
        return None
    return min(1.0, max(0.0, quality)) if math.isfinite(quality) else None


def _best(ranges: list[tuple[str, dict[str, str], float]], offer: _Offer) -> _Match:
    """Return quality and specificity of the most exact range that covers the offer."""
    found = [
        (specificity, quality)
        for name, parameters, quality in ranges
        if (specificity := _specificity(name, parameters.get("version"), offer))
    ]
    specificity, quality = max(found, default=(0, 0.0))
    return (quality, specificity) if quality > 0 else (0.0, 0)


def _specificity(name: str, version: str | None, offer: _Offer) -> int:
    if name == offer.media:
        return 4 if version == offer.version else 3 if version is None else 0
    if name == f"{offer.media.partition('/')[0]}/*":
        return 2
    return int(name == "*/*")
