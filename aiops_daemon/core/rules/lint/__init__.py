"""Traps of alert and recording rules that promtool accepts, each a check with a function that finds it.

`checks.lint` is the way in for what the text alone tells; `live` asks a server. Checks are data (name, severity, what,
why, remedy); a function yields places and sentences. Nothing here reads a file.
"""
