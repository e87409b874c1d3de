"""From the outbox to people: deliver, confirm, wake what is due, and look for what must never be."""
