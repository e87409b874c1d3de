"""A fast exporter: N gauges with labels of common size, other values at each scrape.

Enters: a port and a count. Leaves: the text format, written beforehand in a few phases that take turns, so that a
scrape costs this process next to nothing and the figures of the others stand out.
Run by the benchmarks as a process of its own: python benchmarks/exporter.py PORT SERIES
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import numpy as np
from numpy.typing import NDArray

PHASES = 6
METRIC = "bench_load"


def labels(number: int) -> str:
    """Return the label text of one series: about 230 bytes a series in an instant answer."""
    return (
        f'container="checkout",instance="10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:9100",'
        f'job="kubernetes-pods",namespace="shop-{number % 40:02d}",pod="checkout-{number % 977:03d}-{number:06x}"'
    )


def levels(series: int) -> NDArray[np.float64]:
    """Return the level about which each series moves."""
    return 100.0 + np.arange(series) % 977


def values(series: int, phase: int) -> NDArray[np.float64]:
    """Return the values of one phase: level and noise, three decimals."""
    noise = np.random.default_rng(phase).standard_normal(series)
    return np.asarray((levels(series) + 2.0 * noise).round(3))


def page(series: int, phase: int) -> bytes:
    """Write the exposition of one phase."""
    lines = [f"# TYPE {METRIC} gauge"]
    lines += [f"{METRIC}{{{labels(n)}}} {value}" for n, value in enumerate(values(series, phase).tolist())]
    return ("\n".join(lines) + "\n").encode()


def main() -> None:
    """Serve until killed."""
    port, series = int(sys.argv[1]), int(sys.argv[2])
    pages = [page(series, phase) for phase in range(PHASES)]
    turn = count()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages[next(turn) % PHASES]
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
