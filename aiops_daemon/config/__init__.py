"""The configuration file: YAML in, frozen settings or every fault at once out.

`load.load` is the way in, `show` the way out for people. Order of the work: parse (form), model (values),
check (between keys), warn, build. Secrets are hidden from the first step on.
"""
