"""A small exporter with injected faults, in a thread: fifty healthy control series and one shop."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

CONTROLS = 50
_TABLE = np.random.default_rng(11).standard_normal(100_003)


def noise(series: int, at: float) -> float:
    """Gaussian noise that depends on series and second only."""
    return float(_TABLE[(int(at) * 31 + series * 1_009) % len(_TABLE)])


def control(series: int, at: float) -> float:
    """A healthy series: a level of its own, a day's wave and noise."""
    return 100 + 7 * series + 20 * float(np.sin(2 * np.pi * at / 86_400)) + 2 * noise(series, at)


def latency(at: float, *, broken: bool) -> float:
    """The shop's p99 latency in seconds."""
    return (2.5 if broken else 0.2) + 0.01 * noise(CONTROLS, at)


def page(at: float, *, broken: bool) -> str:
    """Render the exposition of one moment."""
    lines = ["# TYPE control_value gauge"]
    lines += [f'control_value{{series="c{n}"}} {control(n, at):.6f}' for n in range(CONTROLS)]
    lines += ["# TYPE shop_latency_seconds gauge"]
    lines += [f'shop_latency_seconds{{service="checkout",path="/a\\"b\\\\c"}} {latency(at, broken=broken):.6f}']
    return "\n".join(lines) + "\n"


def history(start: float, end: float, labels: str) -> str:
    """Return the healthy past as OpenMetrics text, one sample each five minutes, with the target's labels."""
    times = np.arange(start, end, 300.0).tolist()
    lines = ["# TYPE control_value gauge"]
    for n in range(CONTROLS):
        lines += [f'control_value{{series="c{n}",{labels}}} {control(n, at):.6f} {at:.3f}' for at in times]
    lines += ["# TYPE shop_latency_seconds gauge"]
    own = f'service="checkout",path="/a\\"b\\\\c",{labels}'
    lines += [f"shop_latency_seconds{{{own}}} {latency(at, broken=False):.6f} {at:.3f}" for at in times]
    return "\n".join([*lines, "# EOF\n"])


class ShopExporter:
    """Serves the page on loopback; `broken` injects the fault."""

    def __init__(self, now: object, port: int) -> None:
        self.broken = False
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = page(now(), broken=exporter.broken).encode()  # type: ignore[operator]
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
