"""The HTTP API of Alertmanagers."""
