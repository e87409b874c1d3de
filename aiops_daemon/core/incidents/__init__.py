"""Incidents: which alerts belong together, and how an incident lives."""
