"""The pure core: values in, values out. No I/O, loop, clock, randomness, logging or environment."""
