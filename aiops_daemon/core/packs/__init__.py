"""Built-in sets of queries that fit well-known exporters."""
