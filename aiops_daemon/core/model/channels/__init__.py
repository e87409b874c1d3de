"""What each kind of channel needs to know: one specification a file. Secrets are read at the moment of use."""
