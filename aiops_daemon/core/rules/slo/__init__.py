"""SLOs as native rules: recording rules, alerts and the unit tests that prove them."""
