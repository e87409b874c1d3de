"""The API of a running daemon, as the command line asks it."""
