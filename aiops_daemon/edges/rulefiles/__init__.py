"""Rule files on disk and promtool."""
