"""Regular expressions of matchers: Python takes exactly the texts that Go takes."""

from __future__ import annotations

import re
import subprocess
import warnings
from pathlib import Path

import pytest
import yaml

from aiops_daemon.core.model import regexp
from aiops_daemon.core.model.matcher import MatchOp, make, parse

PATTERNS = (
    *(r"[[:alpha:]]+", r"[^[:upper:]]", r"[[:^digit:]_]", r"[[:word:]]+x?", r"[\d]", r"[\W]", r"[\w.]+", r"[\w-.]+"),
    *(r"\d+", r"\w", r"\W", r"\s", r"a\sb", r"a\Sb", r"x\b", r"\bé", r"a\b.*", r"\pL+", r"\p{Lu}", r"\PL", r"[\p{^L}]"),
    *(r"a.b", r"(?s)a.b", r"(?s:a.)b", r"x$", r"(?m)a$\nb", r"\Ax\z", r"\Qa.b\E", r"\x41", r"\x{58}|\130"),
    *(r"(?i)x", r"x(?i)y", r"x(?i)y|X", r"(x(?i)|Y)y", r"(?i:x)y", r"(?iU)x+?", r"(?i)k", r"(?i-i)x", r"(?P<n>x)y"),
    *(r"a{,3}", r"a{2,3}", r"{x}", r"x{", r"[]a]", r"[^]a]", r"[[a]b?", r"[a&&b]+", r"[a||b~~]", r"[--a]", r"[+--]"),
)
VALUES = (
    *("x", "y", "xy", "xY", "X", "XY", "Xy", "5", "٣", "é", "É", "k", "K", "s", "_", "-", ".", "+", "A", "a", "b"),
    *("a b", "a.b", "a\nb", "a\vb", "a\u00a0b", "aaa", "a{,3}", "{x}", "x{", "[b", "]", "&", "ab", "x\n", "a-b", "axb"),
)


def test_matchers_take_what_alertmanagers_take(amtool: Path, tmp_path: Path) -> None:
    """Each pattern is a route that goes on, so that amtool names all that take a value."""
    routes = [{"receiver": str(n), "match_re": {"a": one}, "continue": True} for n, one in enumerate(PATTERNS)]
    names = [{"name": name} for name in ("none", *(str(number) for number in range(len(PATTERNS))))]
    path = tmp_path / "alertmanager.yml"
    path.write_text(yaml.safe_dump({"route": {"receiver": "none", "routes": routes}, "receivers": names}))
    ours = [make("a", MatchOp.REGEX, one) for one in PATTERNS]
    for value in VALUES:
        label = str(make("a", MatchOp.EQUAL, value))
        argv = [str(amtool), "config", "routes", "test", f"--config.file={path}", label]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        theirs = [PATTERNS[int(name)] for name in done.stdout.strip().split(",") if name != "none"]

        assert theirs == [one.value for one in ours if one.matches({"a": value})], repr(value)


def test_names_of_groups_and_large_sets() -> None:
    """What amtool of old does not know yet, and what Python would warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        assert make("a", MatchOp.REGEX, "(?<name>x)(?:y)").matches({"a": "xy"})
        assert make("a", MatchOp.REGEX, "[[a||b&&~~]").matches({"a": "["})


@pytest.mark.parametrize("pattern", [r"\p{Greek}", r"\p{Lul}", "[[:alfa:]]", r"\x{110000}", "(", "x)(?i)", "[b-a]"])
def test_what_is_not_known_is_refused(pattern: str) -> None:
    """As no regular expression, and never taken for something else."""
    with pytest.raises(ValueError, match="is no regular expression"):
        make("a", MatchOp.REGEX, pattern)


def test_python_reads_on_what_go_refuses() -> None:
    """A configuration of ours may look ahead."""
    assert "(?!x).*" == regexp.for_python("(?!x).*")
    assert re.fullmatch(regexp.for_python(r"(?<!a)x"), "x")


@pytest.mark.parametrize("name", ["service.name", "kube-app", "föö", "a/b", "0"])
def test_names_in_utf8_need_no_quotes(name: str) -> None:
    """As in Alertmanager since 0.27."""
    assert parse(f'"{name}"="x"') == parse(f"{name}=x") == parse(f' {name} = "x" ')


@pytest.mark.parametrize("text", ["a b=c", "a'=c", "`a`=c", "a!b=c", "a\\=c", "a~=c", '="c"'])
def test_what_is_no_name_is_refused(text: str) -> None:
    """Blanks, quotes, and what matchers are made of."""
    with pytest.raises(ValueError, match="is no matcher"):
        parse(text)
