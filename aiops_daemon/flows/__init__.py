"""One file per arrow of the picture: owns mutable state, hands out frozen snapshots, knows ports."""
