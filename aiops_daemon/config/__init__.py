"""YAML to frozen specifications, every fault at once."""
