"""Everything that touches the world. Edges know neither each other nor the flows."""
