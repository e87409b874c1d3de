"""PagerDuty: events out, the REST API for what events do not tell. The only home of `pagerduty` and `httpx2`."""
