"""AIOps daemon for Prometheus: learns what is normal, says what is not, and why."""

__version__ = "0.1.0"
