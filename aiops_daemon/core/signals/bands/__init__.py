"""What is usual for a series, learned as it goes: a band around an expected value."""
