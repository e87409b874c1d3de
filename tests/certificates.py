"""Certificates for tests of TLS."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from real_servers import lacking


def self_signed(folder: Path, host: str) -> tuple[str, str]:
    """Make a certificate for `host` that is its own CA and serves as client certificate too: certificate, key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        lacking("openssl")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    argv = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    argv += ["-days", "3650", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    subprocess.run([*argv, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key
