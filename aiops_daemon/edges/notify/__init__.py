"""Channels that messages leave by: one file or folder a kind, each home of its client library."""
