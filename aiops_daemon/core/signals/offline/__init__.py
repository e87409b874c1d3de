"""A forecast of one series of a file at its own resolution, by what did best on it before."""
