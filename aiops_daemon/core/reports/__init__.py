"""Reports on the past: what was promised, what was kept, and why not."""
