"""Traps of Alertmanager configurations, each a rule with a function that finds it.

`checks.lint` is the way in. Rules are data (name, severity, what, why, remedy); a function yields places and
sentences. Nothing here reads a file or asks a server.
"""
