"""What the noise in alerts is and what is done about it: episodes, flapping, transients, suppression, scores."""
