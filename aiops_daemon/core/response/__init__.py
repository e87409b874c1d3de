"""How people are told: which routes match, who is on call, when a step is due, what a message says."""
