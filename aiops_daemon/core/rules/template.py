"""Annotations: text that stays text, and Go templates that we wrote ourselves.

Enters: words of ours or of a user, and template fragments with what they show in the unit test. Leaves: the
annotation for Prometheus, and the same annotation as Prometheus renders it in the unit test. A brace in words can
never open a template.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiops_daemon.core.model.metrics import MetricSpec
from aiops_daemon.core.model.selector import quote

# $match: all labels of the alert as matchers, to ask for other metrics of the same series
MATCH = (
    '{{ $match := "" }}{{ range $name, $label := $labels }}{{ if ne $name "__name__" }}'
    '{{ $match = printf "%s%s=%q," $match $name $label }}{{ end }}{{ end }}'
)
_LIST = '{{ range $name, $label := $labels }}{{ if ne $name "__name__" }} {{ $name }}={{ $label }}{{ end }}{{ end }}'
PLAIN = "plain"  # a unit: six digits and no prefix, which Go and Python write alike
_FORMATS = {
    "seconds": "humanizeDuration",
    "bytes": "humanize1024",
    "ratio": "humanizePercentage",
    "time": "humanizeTimestamp",
    PLAIN: 'printf "%.6g"',
}


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of an annotation: `go` for Prometheus, `shows` what the unit test must see."""

    go: str = ""
    shows: str = ""

    def __add__(self, other: Text) -> Text:
        """Join two pieces."""
        return Text(self.go + other.go, self.shows + other.shows)


def words(text: str) -> Text:
    """Take words literally: every opening brace is written so that Go templates print it."""
    return Text(text.replace("{", '{{"{"}}'), text)


def prepare() -> Text:
    """Set $match, which `reading` needs; shows nothing."""
    return Text(MATCH)


def value(unit: str, shows: str) -> Text:
    """Show the value of the alert's expression."""
    return Text(f"{{{{ $value | {_format(unit)} }}}}{_suffix(unit)}", shows)


def reading(
    metric: MetricSpec, unit: str, shows: str, *, more: Mapping[str, str] | None = None, minus_now: bool = False
) -> Text:
    """Show another metric of the same series, "unknown" where it is not exported.

    `more` are further labels to match; `minus_now` shows the time until a timestamp.
    """
    return _asked(metric, unit, more or {}, minus_now=minus_now, otherwise="unknown", before="", shows=shows)


def if_known(
    before: str,
    metric: MetricSpec,
    unit: str,
    shows: str,
    *,
    more: Mapping[str, str] | None = None,
    minus_now: bool = False,
) -> Text:
    """Show another metric of the same series after plain words of ours, nothing where it is not exported."""
    return _asked(metric, unit, more or {}, minus_now=minus_now, otherwise="", before=before, shows=before + shows)


def _asked(
    metric: MetricSpec, unit: str, more: Mapping[str, str], *, minus_now: bool, otherwise: str, before: str, shows: str
) -> Text:
    matchers = ",".join(f"{name}=%q" for name in more)
    since = " - time()" if minus_now else ""
    ask = " ".join([quote(f"{metric.name}{{%s{matchers}}}{since}"), "$match", *(quote(text) for text in more.values())])
    shown = f"{before}{{{{ . | first | value | {_format(unit)} }}}}{_suffix(unit)}"
    fallback = f"{{{{ else }}}}{otherwise}" if otherwise else ""
    return Text(f"{{{{ with query (printf {ask}) }}}}{shown}{fallback}{{{{ end }}}}", shows)


def where(shows: str) -> Text:
    """List the labels of the alert, each after a blank."""
    return Text(_LIST, shows)


def label(name: str, shows: str) -> Text:
    """Show one label of the alert."""
    return Text(f"{{{{ $labels.{name} }}}}", shows)


def _format(unit: str) -> str:
    return _FORMATS.get(unit, "humanize")


def _suffix(unit: str) -> str:
    return "B" if unit == "bytes" else ""
