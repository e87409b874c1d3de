"""Grouping: which incident an alert belongs to, and why. `Grouper` in grouper.py is the way in."""
