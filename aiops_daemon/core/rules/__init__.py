"""Alert rules and their unit tests as plain documents."""
