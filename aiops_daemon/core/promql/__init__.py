"""PromQL as Prometheus reads it: text to tree, types, labels that a result can carry, and back to text.

`parser.parse` is the way in. What Prometheus 2.42 and 3.x accept by default is accepted; what only one of them takes
is told by `features`. Nothing here evaluates an expression or asks a server.
"""
