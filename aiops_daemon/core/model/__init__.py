"""The nouns of the domain, shared by every layer above."""
