"""Signal mathematics over columns of series: bands, scores, forecasts, breaches, burn rates."""
