"""What becomes of an error budget: when it ends and comes back, what to do meanwhile, how well a service is."""
