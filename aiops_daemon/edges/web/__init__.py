"""The HTTP listener: metrics, findings, health, pages."""
