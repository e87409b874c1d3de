"""`python -m aiops_daemon` and the console script."""

from __future__ import annotations

import sys

from aiops_daemon.cli.main import dispatch


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(dispatch(sys.argv[1:]))


if __name__ == "__main__":
    main()
