"""Metric sources: the live HTTP API, and recordings."""
