"""Alertmanager as a sender: its routing tree, its traps, and what its answers prove."""
