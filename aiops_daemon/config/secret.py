"""Secrets that are read at the moment of use and never show themselves.

A secret of the file itself is held as it is; one of an `x_file` is read again on every use, so that a rotated
file needs no reload. Neither has its text in its repr.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from aiops_daemon.core.model.source import Secret


class HeldSecret:
    """A secret that stands in the configuration or in the environment.

    No dataclass: what turns dataclasses into documents must not find its text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "HeldSecret()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HeldSecret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __call__(self) -> str:
        """Return the secret."""
        return self._text


@dataclass(frozen=True, slots=True)
class FileSecret:
    """A secret in a file of its own."""

    file: Path

    def __call__(self) -> str:
        """Read the secret without blanks around it; raises OSError when the file cannot be read as UTF-8."""
        try:
            return self.file.read_text(encoding="utf-8").strip()
        except UnicodeDecodeError:
            raise OSError(f"{self.file} is not UTF-8") from None


def secret(text: SecretStr | None, file: str | None, folder: Path) -> Secret | None:
    """Make the secret of a pair `x`, `x_file`, of which one at most is given."""
    if text is not None:
        return HeldSecret(text.get_secret_value())
    return FileSecret(folder / file) if file is not None else None
