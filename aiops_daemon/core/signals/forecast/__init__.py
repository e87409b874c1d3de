"""What is to come for all series of a query at once, and when a threshold will be crossed."""
