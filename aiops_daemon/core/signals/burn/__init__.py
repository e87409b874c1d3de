"""How fast an SLO spends its error budget, and when that is gone."""
