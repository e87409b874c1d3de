"""How templates of pages and sheets are read and escaped.

Enters: the package whose folder `templates` holds them. Leaves: an environment that escapes whatever it is given, and
fails on a name that nobody gave rather than write nothing.
"""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def markup(package: str) -> Environment:
    """Return the environment of a package's templates."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
