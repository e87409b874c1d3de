"""When a deviation becomes a finding, when it is over, and what it says."""
