"""When rules would have fired: what Prometheus' rule manager does, done over a recorded past.

`episodes` turns presence on a grid into alerts, `substitute` puts recording rules in place of what the server lacks,
`report` counts. Nothing here asks a server.
"""
