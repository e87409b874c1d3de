"""Files of other SLO programs, a file a format: Sloth, Pyrra, OpenSLO v1 and v1alpha, and our own."""
