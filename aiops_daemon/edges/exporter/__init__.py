"""The findings page as finished bytes."""
